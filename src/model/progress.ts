import { isEnded, type Job, type JobSummary } from './job.ts';
import type { Task } from './task.ts';

/** How far a job is, 0 to 1, weighted by its tasks' share of the work. */
export function jobProgress({ state, tasks }: Job): number {
  return state.is === 'done' ? 1 : tasks.progress();
}

/**
 * Seconds until the job is done if it goes on as it has so far, by our own clock (Radiance's hours are too coarse);
 * null while there is too little to judge by.
 */
export function secondsLeft({ state, progress }: Pick<JobSummary, 'state' | 'progress'>, now: number): number | null {
  if (isEnded(state)) return 0;
  if (state.is !== 'running') return null;
  const elapsed = (now - state.startedAt) / 1000;
  return progress < 0.02 || elapsed < 1 ? null : Math.round((elapsed * (1 - progress)) / progress);
}

/** What a job's tasks come to. */
export function summaryOf(job: Job): JobSummary {
  const { tasks, ...head } = job;
  const known = [...tasks.known()];
  return {
    ...head,
    counts: { ...tasks.counts },
    progress: jobProgress(job),
    results: known.flatMap(({ state }) => (state.is === 'done' ? state.results : [])),
    warnings: known.flatMap(warningsOf),
  };
}

function warningsOf({ plan, state }: Task): string[] {
  return state.is === 'done' ? state.warnings.map((warning) => `${plan.name}: ${warning}`) : [];
}
