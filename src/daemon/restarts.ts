/** Restarts after internal errors: so many in so long, then the daemon gives up. */
const mostRestarts = 5;
const windowMilliseconds = 5 * 60_000;
/** Errors further apart than this do not belong together: the next one begins with a short wait again. */
const rowMilliseconds = 10 * 60_000;
const longestWaitSeconds = 60;

/**
 * May the daemon restart after this error?
 * @param errors - times of the errors until now, this one last, milliseconds since 1970
 */
export function mayRestart(errors: readonly number[]): boolean {
  const now = errors.at(-1) ?? 0;
  return errors.filter((time) => now - time < windowMilliseconds).length <= mostRestarts;
}

/** Milliseconds to wait before serving again: until 1, 2, 4 ... 60 seconds after the last in a row of errors; 0 without any. */
export function waitBeforeServing(errors: readonly number[], now: number): number {
  const last = errors.at(-1);
  if (last === undefined) return 0;
  const wait = Math.min(2 ** (rowOf(errors).length - 1), longestWaitSeconds) * 1000;
  // A clock that was set back is no reason to wait longer.
  return Math.min(wait, Math.max(0, last + wait - now));
}

/** The last errors that belong together, as far as they matter for what comes. */
export function rowOf(errors: readonly number[]): number[] {
  const row: number[] = [];
  for (const time of [...errors].reverse()) {
    const later = row[0];
    if (later !== undefined && later - time >= rowMilliseconds) break;
    row.unshift(time);
  }
  return row.slice(-32);
}
