import { ConfigError } from './error.ts';

/** One record of a hosts file: its words, each with the line it stands on (from 1). */
export interface Line {
  readonly line: number;
  readonly words: readonly Word[];
}

export interface Word {
  readonly text: string;
  readonly line: number;
}

/**
 * Cuts a hosts file into records of words. Blanks part words; quotes of either kind hold blanks and are taken off;
 * a backslash is an ordinary character (`"P:\proj"`); `#` where a word could begin starts a comment; a line that begins
 * with a blank continues the record before it.
 * @throws ConfigError
 */
export function readLines(text: string, file: string): Line[] {
  const lines: { line: number; words: Word[] }[] = [];
  for (const [index, line] of text
    .replace(/^\ufeff/, '')
    .split(/\r?\n/)
    .entries()) {
    const words = readWords(line, file, index + 1);
    if (words.length === 0) continue;
    const continued = line.startsWith(' ') || line.startsWith('\t');
    const last = lines.at(-1);
    if (!continued) lines.push({ line: index + 1, words });
    else if (last) last.words.push(...words);
    else throw new ConfigError(file, index + 1, 'expected a host name at the beginning of the line.');
  }
  return lines;
}

/** A quoted piece, an unquoted piece, blanks, or a quote without its partner. */
const piece = /"([^"]*)"|'([^']*)'|([^\s"']+)|(\s+)|(["'])/gy;

function readWords(line: string, file: string, number: number): Word[] {
  if (/[\u0000-\u0008\u000e-\u001f\u007f]/.test(line)) {
    throw new ConfigError(file, number, 'expected text, not control characters.');
  }
  const words: Word[] = [];
  let word: string | null = null;
  for (const [, double, single, bare, blank, lonely] of line.matchAll(piece)) {
    if (lonely) throw new ConfigError(file, number, `expected a closing ${lonely} on the same line.`);
    if (blank !== undefined) {
      if (word !== null) words.push({ text: word, line: number });
      word = null;
    } else if (word === null && bare?.startsWith('#')) {
      return words;
    } else {
      word = (word ?? '') + (double ?? single ?? bare ?? '');
    }
  }
  if (word !== null) words.push({ text: word, line: number });
  return words;
}
