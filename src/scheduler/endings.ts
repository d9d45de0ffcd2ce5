import type { Job } from '../model/job.ts';
import type { Outcome, Task } from '../model/task.ts';
import type { Order } from './messages.ts';
import { moveJob, moveTask } from './moves.ts';

/** The end of the current attempt of a running task, and what follows for its job. */
export function endAttempt(job: Job, task: Task, outcome: Outcome, now: number): Order[] {
  const since = task.state.is === 'running' ? task.state.since : now;
  const orders: Order[] = [];
  switch (outcome.is) {
    case 'done': {
      const { results, skipped, warnings } = outcome;
      const state = { is: 'done', since, until: now, results, skipped, warnings } as const;
      orders.push(...moveTask(job, task, { ...state }, skipped ? 'was current' : 'done'));
      break;
    }
    case 'failed': {
      const { reason, lastLines } = outcome;
      orders.push(...moveTask(job, task, { is: 'failed', since, until: now, reason, lastLines }, reason));
      orders.push(...cancelDependents(job, task, now));
      break;
    }
    case 'stopped':
      orders.push(...moveTask(job, task, { is: 'waiting' }, 'stopped on its host, waits for another attempt'));
      break;
  }
  orders.push(...endJob(job, now));
  return orders;
}

/** Tasks that can never start, because what they build on has failed. Others of the job go on. */
function cancelDependents(job: Job, failed: Task, now: number): Order[] {
  const orders: Order[] = [];
  const dead = new Set([failed.plan.number]);
  for (const task of job.tasks) {
    if (task.state.is !== 'waiting' || !task.plan.after.some((number) => dead.has(number))) continue;
    dead.add(task.plan.number);
    orders.push(...moveTask(job, task, { is: 'cancelled', until: now }, `${failed.plan.name} failed`));
  }
  return orders;
}

/** The job ends when nothing of it waits or runs. */
function endJob(job: Job, now: number): Order[] {
  if (job.tasks.some((task) => task.state.is === 'waiting' || task.state.is === 'running')) return [];
  const startedAt = job.state.is === 'running' || job.state.is === 'paused' ? job.state.startedAt : null;
  for (const task of job.tasks) {
    if (task.state.is !== 'failed') continue;
    const { reason, lastLines } = task.state;
    return moveJob(job, { is: 'failed', startedAt, finishedAt: now, reason, lastLines }, reason);
  }
  return moveJob(job, { is: 'done', startedAt, finishedAt: now, reason: null }, 'all tasks done');
}
