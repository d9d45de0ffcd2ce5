import type { Ending } from './radiance/verdict.ts';

/** What is known of a program that nothing is known of. */

/** The reason of a failure in one sentence, null if all went well. */
export function failureOf({ program, exit, signal }: Pick<Ending, 'program' | 'exit' | 'signal'>): string | null {
  const name = program.slice(program.lastIndexOf('/') + 1) || program;
  if (signal === 'SIGKILL') return `${name} was ended by signal KILL; the machine may have run out of memory.`;
  if (signal !== null) return `${name} was ended by signal ${signal.replace(/^SIG/, '')}.`;
  return exit === 0 ? null : `${name} ended with exit status ${exit ?? 'unknown'}.`;
}

/** A percentage at the end of a line, such as `Frame 3: 45 %` or `[=====>   ] (45.5%)`: all else may mean anything. */
export function progressOf(line: string): number | null {
  const percent = Number(/(?:^|[\s([])(\d{1,3}(?:\.\d{1,4})?) ?%[)\]]?\s*$/.exec(line)?.[1] ?? Number.NaN);
  return percent <= 100 ? percent / 100 : null;
}
