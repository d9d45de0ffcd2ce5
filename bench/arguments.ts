import { parseArgs } from 'node:util';

export interface Wanted {
  /** Names of rows; empty: all. */
  readonly rows: readonly string[];
  readonly rounds: number;
  /** Tasks of a measurement of tasks a second. */
  readonly tasks: number;
  /** A file for the figures as JSON. */
  readonly json: string | null;
}

/** @throws Error with a sentence for whoever called */
export function readArguments(words: readonly string[], known: readonly string[]): Wanted {
  const { values, positionals } = parseArgs({
    args: [...words],
    allowPositionals: true,
    options: {
      rounds: { type: 'string', default: '3' },
      tasks: { type: 'string', default: '3000' },
      json: { type: 'string' },
    },
  });
  const unknown = positionals.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new Error(`There is no row "${unknown}". Rows: ${known.join(' ')}.`);
  return {
    rows: positionals,
    rounds: wholeNumber('rounds', values.rounds),
    tasks: wholeNumber('tasks', values.tasks),
    json: values.json ?? null,
  };
}

function wholeNumber(name: string, text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1)
    throw new Error(`--${name} takes a whole number from 1 on, not "${text}".`);
  return number;
}
