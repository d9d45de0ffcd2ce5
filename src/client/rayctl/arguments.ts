import { InvalidArgumentError } from 'commander';
import { FramesError, readFrames } from '../../model/frames.ts';
import { type AmbientMode, ambientModes, jobStates } from '../../model/job.ts';
import { limits } from '../../protocol/api.ts';
import type { JobRange } from './ranges.ts';

/** Reads the words of the command line; what is wrong with one is told in a sentence. */

export function jobNumber(word: string): number {
  const number = /^[1-9][0-9]{0,15}$/.test(word) ? Number(word) : Number.NaN;
  if (!Number.isSafeInteger(number)) throw new InvalidArgumentError('The number of a job is wanted, such as 12.');
  return number;
}

/** `12`, `12-15`, `3,7-9` */
export function jobRanges(word: string, previous: JobRange[] | undefined): JobRange[] {
  return [...(previous ?? []), ...word.split(',').map(jobRange)];
}

function jobRange(part: string): JobRange {
  const [, first = '', last = first] = /^([1-9][0-9]{0,14})(?:-([1-9][0-9]{0,14}))?$/.exec(part) ?? [];
  const range = { from: Number(first), to: Number(last) };
  if (first !== '' && range.from <= range.to) return range;
  throw new InvalidArgumentError('Numbers of jobs are wanted, such as 12, 12-15 or 3,7-9.');
}

/** A list of frames, as it was written. */
export function frameList(word: string): string {
  try {
    readFrames(nonEmpty(limits.text)(word));
    return word;
  } catch (error) {
    throw error instanceof FramesError ? new InvalidArgumentError(error.message) : error;
  }
}

/** Seconds, or `none`: no limit. */
export function timeLimit(word: string): number | 'none' {
  if (word === 'none') return word;
  const number = readSeconds(word);
  if (number > 0) return number;
  throw new InvalidArgumentError('A number of seconds above 0 and up to 1000000000 is wanted, or none.');
}

export function seconds(word: string): number {
  const number = readSeconds(word);
  if (number >= 0) return number;
  throw new InvalidArgumentError('A number of seconds from 0 to 1000000000 is wanted.');
}

function readSeconds(word: string): number {
  const number = /^[0-9]{1,10}(\.[0-9]{1,9})?$/.test(word) ? Number(word) : Number.NaN;
  return number <= 1e9 ? number : Number.NaN;
}

export function wholeNumber(minimum: number, maximum: number): (word: string) => number {
  return (word) => {
    const number = /^[+-]?[0-9]{1,15}$/.test(word) ? Number(word) : Number.NaN;
    if (number >= minimum && number <= maximum) return number;
    throw new InvalidArgumentError(`A whole number from ${minimum} to ${maximum} is wanted.`);
  };
}

export function jobState(word: string): (typeof jobStates)[number] {
  const state = jobStates.find((name) => name === word);
  if (!state) throw new InvalidArgumentError(`It is one of ${jobStates.join(', ')}.`);
  return state;
}

export function ambientMode(word: string): AmbientMode {
  const mode = ambientModes.find((name) => name === word);
  if (!mode) throw new InvalidArgumentError(`It is one of ${ambientModes.join(', ')}.`);
  return mode;
}

export function nonEmpty(longest: number): (word: string) => string {
  return (word) => {
    if (word !== '' && word.length <= longest) return word;
    throw new InvalidArgumentError(`It has 1 to ${longest} characters.`);
  };
}

export function viewNames(word: string, previous: string[] | undefined): string[] {
  return [...(previous ?? []), nonEmpty(limits.name)(word)];
}

export interface Assignment {
  variable: string;
  value: string;
}

/** `VAR=VALUE`, a variable of rad. */
export function assignments(word: string, previous: Assignment[] | undefined): Assignment[] {
  const [, variable, value] = /^([A-Za-z]{1,32})=(.+)$/s.exec(word) ?? [];
  if (variable && value) return [...(previous ?? []), { variable, value }];
  throw new InvalidArgumentError('A variable of rad and its value are wanted, such as QUALITY=High.');
}
