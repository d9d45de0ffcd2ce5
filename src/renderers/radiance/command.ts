import { Refusal } from '../../model/refusal.ts';
import {
  expandsFiles,
  isSuchValue,
  optionRule,
  type ProgramName,
  programs,
  refusalOf,
  type ValueKind,
} from './options.ts';
import { wordsOf } from './variables.ts';
import { oddity, shown } from './words.ts';

/** The commands that rad prints, taken apart into words by ourselves and never given to a shell. */

export interface CommandWords {
  readonly words: readonly string[];
  /** After `>`, or null. */
  readonly output: string | null;
}

/** @throws Refusal for anything but plain words, one `>` before the last word, and mkillum's `"<"` */
export function lexCommand(line: string): CommandWords {
  const words = wordsOf(line);
  if (words.length === 0) throw refused('it is empty', line);
  let output: string | null = null;
  if (words.at(-2) === '>') {
    output = plainWord(words.at(-1) ?? '', line);
    words.splice(-2);
  }
  if (words.length === 0) throw refused('there is no program in it', line);
  const isMkillum = words[0] === 'mkillum';
  return { words: words.map((word) => (isMkillum && word === '"<"' ? '<' : plainWord(word, line))), output };
}

function plainWord(word: string, line: string): string {
  const odd = oddity(word);
  if (odd !== null) throw refused(`the word ${shown(word)} contains ${odd}`, line);
  return word;
}

export function refused(reason: string, line: string): Refusal {
  return new Refusal('plan-refused', `rad's command ${shown(line.trim())} is refused: ${reason}.`);
}

export interface Option {
  readonly flag: string;
  readonly values: readonly { readonly kind: ValueKind; readonly text: string }[];
}

/** A command of a program that we know. */
export interface ProgramCommand {
  readonly program: ProgramName;
  readonly options: readonly Option[];
  /** Words after the options, such as the octree. */
  readonly operands: readonly string[];
  readonly output: string | null;
  readonly line: string;
}

export type Command =
  | ({ readonly is: 'program' } & ProgramCommand)
  | { readonly is: 'move'; readonly from: string; readonly to: string; readonly line: string }
  | { readonly is: 'remove'; readonly path: string; readonly line: string };

/** Contents of option files by the name that stands after `@`; only rad's own, `outer`, may name further ones. */
export interface OptionFiles {
  readonly contents: ReadonlyMap<string, string>;
  readonly outer: string | null;
}

/**
 * @param files the contents of all option files that are named
 * @throws Refusal for another program, and for an option or value that is not let through
 */
export function readCommand(line: string, files: OptionFiles): Command {
  const { words, output } = lexCommand(line);
  const [name = '', ...rest] = words;
  const program = programs.find((known) => known === name);
  if (program !== undefined) return { is: 'program', ...readProgram(program, rest, output, line, files) };
  const [first, second] = rest;
  if (name === 'mv' && rest.length === 2 && first && second && output === null) {
    return { is: 'move', from: first, to: second, line };
  }
  if (name === 'rm' && rest.length === 2 && first === '-f' && second && output === null) {
    return { is: 'remove', path: second, line };
  }
  throw refused(`${shown(name)} is not one of oconv, mkillum, mkpmap, rpict, pfilt, mv, rm`, line);
}

function readProgram(
  program: ProgramName,
  given: readonly string[],
  output: string | null,
  line: string,
  files: OptionFiles,
): ProgramCommand {
  const words = [...given];
  const options: Option[] = [];
  // The octree is mkpmap's last word, whatever it looks like.
  const last = program === 'mkpmap' ? 1 : 0;
  while (words.length > last) {
    const word = words[0] ?? '';
    if (word.startsWith('@') && expandsFiles(program)) {
      words.splice(0, 1, ...wordsOfFile(word.slice(1), files, line));
      continue;
    }
    if (!word.startsWith('-')) break;
    const { option, length } = readOption(program, words, line);
    words.splice(0, length);
    if (option !== null) options.push(option);
  }
  return { program, options, operands: words, output, line };
}

/** The option at the front of `words` and how many words it takes; null if it is one that ours replaces. */
function readOption(
  program: ProgramName,
  words: readonly string[],
  line: string,
): { option: Option | null; length: number } {
  const [flag = ''] = words;
  const rule = optionRule(program, flag);
  if (rule === null) throw refused(`${program}'s option ${shown(flag)} is not allowed, ${refusalOf(flag)}`, line);
  const values: { kind: ValueKind; text: string }[] = [];
  for (const kind of rule.takes) {
    const text = words[values.length + 1];
    if (text !== undefined && isSuchValue(kind, text)) values.push({ kind, text });
    else if (kind === 'whole?') break;
    else throw refused(`${program}'s option ${shown(flag)} cannot have the value ${shown(text ?? '')}`, line);
  }
  return { option: 'dropped' in rule ? null : { flag, values }, length: values.length + 1 };
}

function wordsOfFile(name: string, files: OptionFiles, line: string): string[] {
  const text = files.contents.get(name);
  if (text === undefined) throw refused(`the option file ${shown(name)} cannot be read`, line);
  return wordsOf(text).map((word) => {
    const odd = oddity(word);
    if (odd !== null) throw refused(`the option file ${shown(name)} contains ${odd}`, line);
    if (word.startsWith('@') && name !== files.outer)
      throw refused(`the option file ${shown(name)} names another one`, line);
    return word;
  });
}

/** The option files that a command names at its front words, where Radiance's programs look for them. */
export function optionFilesOf(line: string): string[] {
  const { words } = lexCommand(line);
  const program = programs.find((known) => known === words[0]);
  if (program === undefined || !expandsFiles(program)) return [];
  return words.filter((word) => word.startsWith('@')).map((word) => word.slice(1));
}

/** The words of an option. */
export function wordsOfOption(option: Option): string[] {
  return [option.flag, ...option.values.map(({ text }) => text)];
}
