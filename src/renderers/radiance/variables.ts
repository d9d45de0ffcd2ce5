import { Refusal } from '../../model/refusal.ts';
import { shown } from './words.ts';

/**
 * rad's variables and how it reads them: a variable may be shortened, `#` begins a comment, a backslash makes the next
 * character an ordinary one and joins lines. Found by reading and by trying rad 6.0a.
 */

type Kind = 'one' | 'string' | 'words' | 'each';

/** In rad's order: a shortened name means the first that fits. `shortest`: the fewest letters that count. */
const table = [
  ['AMBFILE', 3, 'string'],
  ['DETAIL', 3, 'one'],
  ['EXPOSURE', 3, 'one'],
  ['EYESEP', 3, 'one'],
  ['illum', 3, 'words'],
  ['INDIRECT', 3, 'one'],
  ['materials', 3, 'words'],
  ['mkillum', 3, 'words'],
  ['mkpmap', 3, 'words'],
  ['objects', 3, 'words'],
  ['oconv', 3, 'words'],
  ['OCTREE', 3, 'string'],
  ['OPTFILE', 3, 'string'],
  ['PCMAP', 2, 'string'],
  ['PENUMBRAS', 3, 'one'],
  ['pfilt', 2, 'words'],
  ['PGMAP', 2, 'string'],
  ['PICTURE', 3, 'string'],
  ['QUALITY', 3, 'one'],
  ['RAWFILE', 3, 'string'],
  ['render', 3, 'words'],
  ['REPORT', 3, 'one'],
  ['RESOLUTION', 3, 'one'],
  ['rpict', 3, 'words'],
  ['rvu', 3, 'words'],
  ['scene', 3, 'words'],
  ['UP', 2, 'one'],
  ['VARIABILITY', 3, 'one'],
  ['view', 2, 'each'],
  ['ZFILE', 2, 'string'],
  ['ZONE', 2, 'one'],
] as const satisfies readonly (readonly [string, number, Kind])[];

export type VariableName = (typeof table)[number][0];

export interface Assignment {
  readonly variable: VariableName;
  readonly value: string;
}

/** Every value that each variable was given, in order. */
export type Assignments = ReadonlyMap<VariableName, readonly string[]>;

/** The variable that rad takes a name for, or null. */
export function variableNamed(name: string): VariableName | null {
  for (const [full, shortest] of table) if (name.length >= shortest && full.startsWith(name)) return full;
  return null;
}

const longestLine = 510;

/**
 * Reads the text of a .rif.
 * @throws Refusal naming file and line for a variable that rad does not know, and for a line that it would cut
 */
export function readAssignments(text: string, file: string): Assignment[] {
  const assignments: Assignment[] = [];
  for (const { line, number } of logicalLines(text)) {
    if (Buffer.byteLength(line) > longestLine) {
      throw new Refusal(
        'unreadable-rif',
        `${file}:${number}: the line is longer than ${longestLine} characters; rad would cut it.`,
      );
    }
    const assignment = readAssignment(withoutComment(line), `${file}:${number}`);
    if (assignment !== null) assignments.push(assignment);
  }
  return assignments;
}

/** Lines, with those joined that a backslash at the end joins; the backslash stays. Numbers count from 1. */
function logicalLines(text: string): { line: string; number: number }[] {
  const lines: { line: string; number: number }[] = [];
  let joined: { line: string; number: number } | null = null;
  for (const [index, part] of text.split(/\r?\n/).entries()) {
    if (joined === null) joined = { line: part, number: index + 1 };
    else joined.line += `\n${part}`;
    if (part.endsWith('\\')) continue;
    lines.push(joined);
    joined = null;
  }
  if (joined !== null) lines.push(joined);
  return lines;
}

function withoutComment(line: string): string {
  let kept = '';
  for (let index = 0; index < line.length; index += 1) {
    const character = line[index];
    if (character === '#') break;
    if (character === '\\') index += 1;
    kept += line[index] ?? '';
  }
  return kept;
}

const blanks = ' \t\n\v\f\r';

/**
 * `NAME= value`, null where rad sees no assignment (nothing there, or no value).
 * Runs of blanks become one, but not within quotation marks.
 * @throws Refusal for a variable that rad does not know
 */
function readAssignment(text: string, where: string): Assignment | null {
  const found = /^[ \t\n\v\f\r]*([^ \t\n\v\f\r=]+)[ \t\n\v\f\r=]*(.*)$/s.exec(text);
  if (found === null) return null;
  const [, name = '', rest = ''] = found;
  const value = squeezed(rest);
  if (value === '') return null;
  const variable = variableNamed(name);
  if (variable === null) throw new Refusal('unreadable-rif', `${where}: unknown variable ${shown(name)}.`);
  return { variable, value };
}

function squeezed(text: string): string {
  let value = '';
  let quote: string | null = null;
  for (const character of text) {
    if (quote !== null) quote = character === quote ? null : quote;
    else if (blanks.includes(character) && blanks.includes(value.at(-1) ?? ' ')) continue;
    else if (character === '"' || character === "'") quote = character;
    value += character;
  }
  return value.replace(/[ \t\n\v\f\r]+$/, '');
}

/**
 * A `--set VARIABLE=VALUE`, read as rad reads its command line.
 * @throws Refusal for an unknown variable and for an empty value, which rad would silently ignore
 */
export function readSetting(variable: string, value: string): Assignment {
  const known = variableNamed(variable);
  if (known === null) throw new Refusal('malformed', `rad has no variable ${shown(variable)}.`);
  const squeezedValue = squeezed(value.replace(/^[ \t\n\v\f\r=]+/, ''));
  if (squeezedValue === '') throw new Refusal('malformed', `No value for ${known}: rad would ignore it.`);
  return { variable: known, value: squeezedValue };
}

export function collect(assignments: readonly Assignment[]): Assignments {
  const values = new Map<VariableName, string[]>();
  for (const { variable, value } of assignments) values.set(variable, [...(values.get(variable) ?? []), value]);
  return values;
}

/** The value that counts of a variable with one value: the last, without the quotation marks around it; null if none. */
export function lastValue(values: Assignments, variable: VariableName): string | null {
  const value = values.get(variable)?.at(-1) ?? null;
  const quoted = value === null ? null : /^(["'])(.+)\1$/s.exec(value);
  return quoted?.[2] ?? value;
}

/** The words of a variable whose values are put together, such as `scene`. */
export function allWords(values: Assignments, variable: VariableName): string[] {
  return wordsOf((values.get(variable) ?? []).join(' '));
}

export function wordsOf(text: string): string[] {
  return text.split(/[ \t\n\v\f\r]+/).filter((word) => word !== '');
}
