import { isEnded, type Job } from './job.ts';
import type { Task } from './task.ts';

/** How far a job is, 0 to 1, weighted by its tasks' share of the work. */
export function jobProgress(job: Job): number {
  if (job.state.is === 'done') return 1;
  let all = 0;
  let done = 0;
  for (const task of job.tasks) {
    all += task.plan.weight;
    done += task.plan.weight * taskProgress(task);
  }
  return all === 0 ? 0 : done / all;
}

/** How far a task is, 0 to 1. */
export function taskProgress(task: Task): number {
  if (task.state.is === 'done') return 1;
  return task.state.is === 'running' ? task.state.fraction : 0;
}

/**
 * Seconds until the job is done if it goes on as it has so far, by our own clock (Radiance's hours are too coarse);
 * null while there is too little to judge by.
 */
export function secondsLeft(job: Job, now: number): number | null {
  if (isEnded(job.state)) return 0;
  if (job.state.is !== 'running') return null;
  const progress = jobProgress(job);
  const elapsed = (now - job.state.startedAt) / 1000;
  return progress < 0.02 || elapsed < 1 ? null : Math.round((elapsed * (1 - progress)) / progress);
}

export interface TaskCounts {
  total: number;
  waiting: number;
  running: number;
  done: number;
  failed: number;
  cancelled: number;
}

export function countTasks(job: Job): TaskCounts {
  const counts: TaskCounts = { total: job.tasks.length, waiting: 0, running: 0, done: 0, failed: 0, cancelled: 0 };
  for (const task of job.tasks) counts[task.state.is] += 1;
  return counts;
}
