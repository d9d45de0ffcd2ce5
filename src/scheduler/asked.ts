import { isEnded, type Job } from '../model/job.ts';
import { lookNow } from './absences.ts';
import { remember } from './endings.ts';
import { attemptsOf, type FarmState } from './farm.ts';
import { forgetIfOver, tidy } from './leaving.ts';
import type { Order } from './messages.ts';
import { moveJob, moveTask } from './moves.ts';
import { restedNow } from './resting.ts';
import { holdAttempt, withdrawFor } from './withdrawals.ts';

/** What people ask of a job. One that is in no state for it is left alone: the server refuses that before. */

export function cancelAsked(farm: FarmState, id: number, by: string, now: number): Order[] {
  const job = farm.jobs.get(id);
  if (!job || isEnded(job.state)) return [];
  const why = `job cancelled by ${by}`;
  const orders: Order[] = [];
  for (const task of [...job.tasks.known()]) {
    if (task.state.is !== 'running' && task.state.is !== 'paused') continue;
    remember(task, now, 'cancelled');
    orders.push(...moveTask(job, task, { is: 'cancelled', until: now }, why));
  }
  const waited = job.tasks.cancelWaiting(now);
  orders.push({ order: 'keep', job, tasks: waited });
  const startedAt = job.state.is === 'waiting' ? null : job.state.startedAt;
  const reason = `Cancelled by ${by}.`;
  orders.push(...moveJob(farm, job, { is: 'cancelled', startedAt, finishedAt: now, reason }, `by ${by}`));
  for (const { host, occupied } of attemptsOf(farm, id)) {
    // A withdrawal may come too late, and then it goes on.
    if (occupied.stopping !== 'unwanted') orders.push({ order: 'stop', host: host.name, attempt: occupied.key });
    occupied.stopping = 'unwanted';
  }
  for (const host of farm.hosts.keys()) orders.push(...tidy(host, job, waited));
  return forgetIfOver(farm, id) ? [...orders, { order: 'forget', job: id }] : orders;
}

export function pauseAsked(farm: FarmState, id: number, by: string): Order[] {
  const job = farm.jobs.get(id);
  if (job?.state.is !== 'waiting' && job?.state.is !== 'running') return [];
  const startedAt = job.state.is === 'running' ? job.state.startedAt : null;
  const orders = moveJob(farm, job, { is: 'paused', startedAt }, `by ${by}`);
  for (const { host, occupied } of attemptsOf(farm, id)) {
    const task = job.tasks.get(occupied.key.task);
    if (task) orders.push(...holdAttempt(host, occupied, job, task, `job paused by ${by}`));
  }
  return orders;
}

/** Its tasks go on as slots become free. */
export function resumeAsked(farm: FarmState, id: number, by: string): Order[] {
  const job = farm.jobs.get(id);
  if (job?.state.is !== 'paused') return [];
  const { startedAt } = job.state;
  const state = startedAt === null ? ({ is: 'waiting' } as const) : ({ is: 'running', startedAt } as const);
  const orders = moveJob(farm, job, { ...state }, `resumed by ${by}`);
  return [...orders, ...lookNow(farm, job), ...withdrawFor(farm, job)];
}

/** What failed or was cancelled is done again; one that waits for something outside need not wait any longer. */
export function retryAsked(farm: FarmState, asked: Job, by: string): Order[] {
  const job = farm.jobs.get(asked.id) ?? asked;
  if (!isEnded(job.state)) {
    restedNow(farm, job);
    return lookNow(farm, job);
  }
  if (job.state.is !== 'failed' && job.state.is !== 'cancelled') return [];
  farm.jobs.set(job.id, job);
  job.tasks.retry();
  const orders = moveJob(farm, job, { is: 'waiting' }, `retried by ${by}`);
  return [{ order: 'keep', job, tasks: 'retried' }, ...orders, ...lookNow(farm, job), ...withdrawFor(farm, job)];
}
