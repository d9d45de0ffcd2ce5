import { posix } from 'node:path';
import { Refusal } from '../../model/refusal.ts';

/**
 * Words and file names as they may stand in a project's simulation description and in the commands that rad prints.
 * They never reach a shell of ours, but rad hands some of them to one, so whatever a shell would understand is refused.
 */

const oddities: readonly (readonly [RegExp, string])[] = [
  [/["']/, 'a quotation mark'],
  [/[\u0000-\u001f\u007f-\u009f]/, 'a control character'],
  [/\ufffd/, 'a character that is not UTF-8'],
  [/\s/, 'a blank'],
  [/[\p{C}\p{Z}]/u, 'an invisible character'],
];

/** Characters that mean something to a shell. */
export const shellCharacters = '|&;<>()$`\\"\'*?[]#~!{}';

/** What a word must not contain, such as `a blank`; null if it is plain. */
export function oddity(word: string): string | null {
  for (const [pattern, says] of oddities) if (pattern.test(word)) return says;
  for (const character of word) if (shellCharacters.includes(character)) return `"${character}"`;
  return null;
}

/** Text for a sentence: control characters written out, cut at 80 characters. */
export function shown(text: string): string {
  const visible = text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, (character) =>
    character === '\n' ? '\\n' : character === '\t' ? '\\t' : `\\u{${character.codePointAt(0)?.toString(16)}}`,
  );
  return `"${visible.length > 80 ? `${visible.slice(0, 79)}…` : visible}"`;
}

/** @throws Refusal if the word is not plain; `what` begins the sentence, such as `room.rif: scene`. */
export function requirePlain(what: string, word: string): string {
  const odd = oddity(word);
  if (odd !== null) throw new Refusal('plan-refused', `${what} contains ${odd}: ${shown(word)}.`);
  return word;
}

function requireName(what: string, name: string): string {
  if (name === '') throw new Refusal('plan-refused', `${what} is empty.`);
  const first = name[0] ?? '';
  if ('-~|!@'.includes(first)) {
    throw new Refusal('plan-refused', `${what} is ${shown(name)}: a file name must not begin with "${first}".`);
  }
  return requirePlain(what, name);
}

/** The way from the project directory to an absolute path below it, or null if it is not below it. */
function below(directory: string, path: string): string | null {
  const rest = posix.relative(directory, posix.normalize(path));
  return rest === '' || rest === '..' || rest.startsWith('../') || posix.isAbsolute(rest) ? null : rest;
}

/**
 * A file that is written: relative to the project, without `.` and `..`. Absolute names below `directory` become relative.
 * @throws Refusal if it would lie outside the project
 */
export function outputName(what: string, name: string, directory: string): string {
  requireName(what, name);
  const parts = name.split('/');
  if (parts.includes('..')) throw new Refusal('plan-refused', `${what} is ${shown(name)}: ".." is not allowed there.`);
  if (name.endsWith('/')) throw new Refusal('plan-refused', `${what} is ${shown(name)}: that is a directory.`);
  if (!name.startsWith('/')) {
    const path = parts.filter((part) => part !== '' && part !== '.').join('/');
    if (path === '') throw new Refusal('plan-refused', `${what} is ${shown(name)}: that is a directory.`);
    return path;
  }
  const rest = below(directory, name);
  if (rest === null) throw new Refusal('plan-refused', `${what} is ${shown(name)}: that lies outside the project.`);
  return rest;
}

/**
 * An ambient file, which is written, too: Radiance takes its name as the value of an option, and there no letter beyond
 * ASCII.
 * @throws Refusal
 */
export function ambientName(what: string, name: string, directory: string): string {
  const path = outputName(what, name, directory);
  const [letter] = /[^\x21-\x7e]/u.exec(path) ?? [];
  if (letter === undefined) return path;
  throw new Refusal(
    'plan-refused',
    `${what} is ${shown(name)}: Radiance takes no "${letter}" in the name of an ambient file.`,
  );
}

/** A file that is only read: it may lie anywhere (libraries do). Names below `directory` become relative to it. */
export function inputName(what: string, name: string, directory: string): string {
  requireName(what, name);
  if (name.split('/').includes('..')) return name;
  if (name.startsWith('/')) return below(directory, name) ?? posix.normalize(name);
  return posix.normalize(name);
}

/** Whether an input lies in the project as far as its name tells. */
export function isInside(name: string): boolean {
  return !name.startsWith('/') && !name.split('/').includes('..');
}
