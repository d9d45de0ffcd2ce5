import type { Ending } from './radiance/verdict.ts';

/** What we make of a program's output. Each line is one without its end. */
export interface Understanding {
  /** How far it says that it is, 0 to 1; null if it does not say. */
  readonly progressOf: (line: string) => number | null;
  /** What it warns of, worth telling with the result; null if it does not. */
  readonly warningOf: (line: string) => string | null;
  /** The reason of a failure in one sentence, null if all went well. */
  readonly failureOf: (ending: Ending) => string | null;
}
