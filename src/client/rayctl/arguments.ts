import { InvalidArgumentError } from 'commander';
import { jobStates } from '../../model/job.ts';
import { limits } from '../../protocol/api.ts';

/** Reads the words of the command line; what is wrong with one is told in a sentence. */

export function jobNumber(word: string): number {
  const number = /^[1-9][0-9]{0,15}$/.test(word) ? Number(word) : Number.NaN;
  if (!Number.isSafeInteger(number)) throw new InvalidArgumentError('The number of a job is wanted, such as 12.');
  return number;
}

export function jobNumbers(word: string, previous: number[] | undefined): number[] {
  const number = jobNumber(word);
  return previous?.includes(number) ? previous : [...(previous ?? []), number];
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
