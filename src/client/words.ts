import { CalledWrongly } from './errors.ts';

/**
 * Parts a command such as `ssh -i "my key" -v` into words at blanks, without a shell: quotes keep blanks together,
 * a backslash outside single quotes takes the next character as it is, and nothing else is special.
 * @param name where the command stands, for messages
 * @throws CalledWrongly for an empty command or an open quote
 */
export function splitWords(command: string, name: string): [string, ...string[]] {
  const words: string[] = [];
  let isOpen = false;
  let read = 0;
  for (const piece of command.matchAll(pieces)) {
    if (piece.index !== read) break;
    read += piece[0].length;
    const [, escaped, single, double, plain] = piece;
    const text = escaped ?? single ?? double?.replace(/\\(.)/gs, '$1') ?? plain;
    if (text !== undefined) words.push((isOpen ? words.pop() : '') + text);
    isOpen = text !== undefined;
  }
  if (read !== command.length)
    throw new CalledWrongly(`${name} has a quote that is not closed: ${command.slice(read)}`);
  const [first, ...rest] = words;
  if (!first) throw new CalledWrongly(`${name} names no command.`);
  return [first, ...rest];
}

/** An escaped character, a quoted part, plain characters, or the blanks between two words. */
const pieces = /\\(.)|'([^']*)'|"((?:[^"\\]|\\.)*)"|([^\s'"\\]+)|\s+/gs;

/** Writes a word so that a POSIX shell reads it as it is. */
export function quoteWord(word: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
