import type { JobView } from '../../protocol/api.ts';
import { CalledWrongly, NotAllowed, Refused, ServerUnreachable } from '../errors.ts';

/** Exit statuses, as rayctl.1 lists them. */
export const exitStatus = { done: 0, failed: 1, wrongly: 2, cancelled: 3, unreachable: 69, notAllowed: 77 } as const;

const signalNumbers = { SIGHUP: 1, SIGINT: 2, SIGPIPE: 13, SIGTERM: 15 } as const;

/** Somebody ended rayctl: with Ctrl-C, by closing its terminal or the other end of its pipe. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
  readonly signal: keyof typeof signalNumbers;

  constructor(signal: keyof typeof signalNumbers) {
    super(`ended by ${signal}`);
    this.signal = signal;
  }
}

/** Nobody reads what is printed any more: that ends rayctl as a signal does, and is no fault. */
export function asInterruption(error: NodeJS.ErrnoException): Error {
  return error.code === 'EPIPE' ? new Interrupted('SIGPIPE') : error;
}

export function statusOfError(error: unknown): number {
  if (error instanceof Interrupted) return 128 + signalNumbers[error.signal];
  if (error instanceof CalledWrongly) return exitStatus.wrongly;
  if (error instanceof ServerUnreachable) return exitStatus.unreachable;
  if (error instanceof NotAllowed) return exitStatus.notAllowed;
  const closed = error instanceof Refused && (error.status === 401 || error.status === 403);
  return closed ? exitStatus.notAllowed : exitStatus.failed;
}

/** The outcome of several jobs: one that failed weighs most, then one that was cancelled. A job that goes on is no fault. */
export function statusOfJobs(jobs: readonly JobView[]): number {
  if (jobs.some(({ state }) => state === 'failed')) return exitStatus.failed;
  return jobs.some(({ state }) => state === 'cancelled') ? exitStatus.cancelled : exitStatus.done;
}
