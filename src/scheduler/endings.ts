import type { Job } from '../model/job.ts';
import { type Outcome, remembered, type Task, type Tried } from '../model/task.ts';
import { missed } from './absences.ts';
import { type FarmState, hostNamed } from './farm.ts';
import { tidy } from './leaving.ts';
import type { Order } from './messages.ts';
import { moveJob, moveTask } from './moves.ts';
import { rest } from './resting.ts';

/**
 * A task whose attempts are lost this often, one after another and none further than those before, takes its procwrap,
 * the spawner or its host down, and would do so for ever. A lost attempt says nothing of the task itself, so one alone
 * is no failure.
 */
export const mostLost = 5;

/** Less is no progress. */
const PROGRESS = 0.001;

type Failed = Extract<Outcome, { is: 'failed' }>;

/** The end of the current attempt of a task, and what follows for its job. */
export function endAttempt(farm: FarmState, job: Job, task: Task, outcome: Outcome, now: number): Order[] {
  switch (outcome.is) {
    case 'done': {
      const { results, skipped } = outcome;
      const warnings = [...outcome.warnings, ...damageOf(task)];
      const since = begun(task, now);
      remember(task, now, 'done', { exit: skipped ? null : 0, signal: null, usage: outcome.usage });
      const state = { is: 'done', since, until: now, results, skipped, warnings } as const;
      const orders = moveTask(job, task, { ...state }, skipped ? 'was current' : 'done');
      return [...orders, ...endJob(farm, job, now)];
    }
    case 'failed':
      return failAttempt(farm, job, task, outcome, now);
    case 'stopped':
      return loseAttempt(farm, job, task, now);
    case 'withdrawn':
      return withdrawAttempt(job, task);
    case 'postponed':
      if (outcome.awaits === 'project') return missProject(farm, job, task, outcome.reason, now);
      if (outcome.awaits === 'others') return giveWay(farm, job, task, outcome.reason);
      return postponeAttempt(farm, job, task, outcome.reason, now);
  }
}

/** The whole job waits: what else of it writes there would find no room, either. */
function postponeAttempt(farm: FarmState, job: Job, task: Task, reason: string, now: number): Order[] {
  remember(task, now, 'postponed');
  const why = `${reason} It goes on when there is room.`;
  const orders = moveTask(job, task, { is: 'waiting' }, why, !farm.resting.has(job.id));
  return [...orders, ...rest(farm, job, why)];
}

/** Others make what it would: it has not begun, and counts for nothing. */
function giveWay(farm: FarmState, job: Job, task: Task, why: string): Order[] {
  const orders = moveTask(job, task, { is: 'waiting' }, why, !farm.resting.has(job.id));
  return [...orders, ...rest(farm, job, why)];
}

/** The host has nothing to work in. An attempt that had not begun counts for nothing. */
function missProject(farm: FarmState, job: Job, task: Task, why: string, now: number): Order[] {
  const host = hostNamed(farm, hostOf(task));
  if ('pid' in task.state && task.state.pid !== null) remember(task, now, 'postponed');
  const orders = moveTask(job, task, { is: 'waiting' }, `its project is away from ${host.name}`);
  return [...orders, ...missed(farm, host, job.project, why)];
}

function failAttempt(farm: FarmState, job: Job, task: Task, outcome: Failed, now: number): Order[] {
  const { exit, signal, usage, reason } = outcome;
  const since = begun(task, now);
  const wasDamaged = damageOf(task).length > 0;
  const wentOn = progressed(task);
  const host = hostOf(task);
  task.lost = 0;
  remember(task, now, outcome.damaged ? 'damaged' : 'failed', { exit, signal, usage });
  if (outcome.damaged && !wasDamaged) return doAfresh(job, task, reason);
  task.failures = wentOn && task.plan.step !== 'frame' ? 1 : task.failures + 1;
  // The same command fails again, says Radiance's language; unless somebody killed it.
  const mayBeTried = !outcome.damaged && (task.plan.step === 'frame' || signal !== null);
  if (mayBeTried && task.failures <= job.limits.retries) {
    const left = `${reason} Tried again (${task.failures} of ${job.limits.retries}).`;
    return moveTask(job, task, { is: 'waiting' }, left, true);
  }
  const says = outcome.damaged ? `${reason} It was done again once already.` : reason;
  const state = { is: 'failed', since, until: now, reason: says, lastLines: outcome.lastLines } as const;
  const orders = moveTask(job, task, { ...state }, says);
  return [...orders, ...cancelDependents(job, task, host, now), ...endJob(farm, job, now)];
}

/** Its ambient file was of no use: once, whatever the retries, it has another try, and so has what fills that file. */
function doAfresh(job: Job, task: Task, reason: string): Order[] {
  const orders = moveTask(job, task, { is: 'waiting' }, `${reason} Done again.`, true);
  for (const number of task.plan.after) {
    const filling = job.tasks.get(number);
    if (filling?.plan.step !== 'overture' || filling.state.is !== 'done') continue;
    orders.push(...moveTask(job, filling, { is: 'waiting' }, `the ambient file of ${task.plan.name} was damaged`));
  }
  return orders;
}

/** Told with its results, and kept from happening twice. */
function damageOf({ tried }: Task): string[] {
  const damaged = tried.find(({ ended }) => ended === 'damaged');
  if (damaged === undefined) return [];
  return [
    `In attempt ${damaged.attempt} the ambient file was damaged, or its octree was replaced; this was done again.`,
  ];
}

/** The current attempt of a task came to nothing, through no fault of its own: another one, or the end. */
export function loseAttempt(farm: FarmState, job: Job, task: Task, now: number): Order[] {
  const host = hostOf(task);
  task.lost = progressed(task) ? 1 : task.lost + 1;
  if (task.lost >= mostLost) {
    // An end that tells of a lost spawner looks like that of an attempt that was stopped.
    const times = `${mostLost} times while ${task.plan.name} ran`;
    const reason = `The control process of ${host} (procwrap or its spawner) ended ${times}; it is not tried again.`;
    const since = begun(task, now);
    remember(task, now, 'lost');
    const orders = moveTask(job, task, { is: 'failed', since, until: now, reason, lastLines: [] }, reason);
    const left = [...tidy(host, job, [task]), ...cancelDependents(job, task, host, now)];
    return [...orders, ...left, ...endJob(farm, job, now)];
  }
  remember(task, now, 'lost');
  return moveTask(job, task, { is: 'waiting' }, `${host} lost attempt ${task.attempts}`, true);
}

/** An attempt that had not begun is taken back: it counts for nothing. */
export function withdrawAttempt(job: Job, task: Task): Order[] {
  return moveTask(job, task, { is: 'waiting' }, `attempt ${task.attempts} was withdrawn`);
}

/** Adds the attempt that is over to those remembered, and how far it came. */
export function remember(
  task: Task,
  now: number,
  ended: Tried['ended'],
  how: Pick<Tried, 'exit' | 'signal' | 'usage'> = { exit: null, signal: null, usage: null },
): void {
  const { state } = task;
  if (state.is !== 'running' && state.is !== 'paused') return;
  const { host, since, fraction } = state;
  task.best = Math.max(task.best, fraction);
  const tried = { attempt: task.attempts, host, since, until: now, ended, ...how };
  task.tried = remembered([...task.tried, tried]);
}

function hostOf({ state }: Task): string {
  return 'host' in state ? state.host : 'its host';
}

function begun({ state }: Task, now: number): number {
  return 'since' in state ? state.since : now;
}

/** True if the attempt came further than all before it. */
function progressed({ state, best }: Task): boolean {
  return (state.is === 'running' || state.is === 'paused') && state.fraction > best + PROGRESS;
}

/** Tasks that can never start, because what they build on has failed. Others of the job go on. */
function cancelDependents(job: Job, failed: Task, host: string, now: number): Order[] {
  if (failed.plan.step === 'frame') return [];
  const orders: Order[] = [];
  const dead = new Set([failed.plan.number]);
  for (const task of job.tasks.known()) {
    if (task.state.is !== 'waiting' || !task.plan.after.some((number) => dead.has(number))) continue;
    dead.add(task.plan.number);
    orders.push(...moveTask(job, task, { is: 'cancelled', until: now }, `${failed.plan.name} failed`));
    orders.push(...tidy(host, job, [task]));
  }
  return orders;
}

/** The job ends when nothing of it waits, runs or is paused. */
function endJob(farm: FarmState, job: Job, now: number): Order[] {
  const { counts, failure } = job.tasks;
  if (counts.waiting + counts.running + counts.paused > 0) return [];
  const startedAt = 'startedAt' in job.state ? job.state.startedAt : null;
  if (failure === null) {
    return moveJob(farm, job, { is: 'done', startedAt, finishedAt: now, reason: null }, 'all tasks done');
  }
  const reason = failedReason(job, failure.reason);
  return moveJob(farm, job, { is: 'failed', startedAt, finishedAt: now, reason, lastLines: failure.lastLines }, reason);
}

function failedReason({ tasks, request }: Job, first: string): string {
  if (request.kind !== 'command' || request.frames === null) return first;
  const { failed, total } = tasks.counts;
  return `${failed} of ${total} frames failed: ${tasks.failedText()}. The first: ${first}`;
}
