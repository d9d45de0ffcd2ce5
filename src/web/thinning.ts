import { isDeepStrictEqual } from 'node:util';
import type { JobView } from '../protocol/api.ts';

export interface Sent {
  readonly view: JobView;
  /** Milliseconds of any steady clock. */
  readonly at: number;
}

/** Milliseconds that `view` has to wait: news go at once, mere progress at most once in `progressMs`. */
export function waitBefore(view: JobView, last: Sent | null, now: number, progressMs: number): number {
  return last === null || !isMereProgress(last.view, view) ? 0 : Math.max(0, last.at + progressMs - now);
}

function isMereProgress(before: JobView, after: JobView): boolean {
  return isDeepStrictEqual({ ...before, progress: 0, secondsLeft: null }, { ...after, progress: 0, secondsLeft: null });
}

export function hasEnded(view: JobView): boolean {
  return view.state === 'done' || view.state === 'failed' || view.state === 'cancelled';
}
