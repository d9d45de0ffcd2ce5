import type { Job } from '../model/job.ts';
import type { Outcome, Task } from '../model/task.ts';
import type { Order } from './messages.ts';
import { moveJob, moveTask } from './moves.ts';

/**
 * A task whose attempts are lost this often takes its procwrap or its host down, and would do so for ever.
 * A lost attempt says nothing of the task itself, so that one alone is no failure.
 */
export const mostAttempts = 5;

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
      return loseAttempt(job, task, now);
  }
  orders.push(...endJob(job, now));
  return orders;
}

/** The current attempt of a running task came to nothing, through no fault of its own: another one, or the end. */
export function loseAttempt(job: Job, task: Task, now: number): Order[] {
  const host = task.state.is === 'running' ? task.state.host : 'its host';
  if (task.attempts < mostAttempts)
    return moveTask(job, task, { is: 'waiting' }, `${host} lost attempt ${task.attempts}`);
  const times = `${mostAttempts} times while ${task.plan.name} ran`;
  const reason = `The control process (procwrap) of ${host} ended ${times}; it is not tried again.`;
  return endAttempt(job, task, { is: 'failed', reason, exit: null, signal: null, lastLines: [] }, now);
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
