import { isEnded, type Job } from '../model/job.ts';
import { type AttemptKey, attemptText, type Task, type TaskPlan } from '../model/task.ts';
import { lookedAt, lookNow, lookOnTime } from './absences.ts';
import { cancelAsked, pauseAsked, resumeAsked, retryAsked } from './asked.ts';
import { assign } from './assign.ts';
import { endAttempt } from './endings.ts';
import { currentTask, type FarmState, hostNamed, release } from './farm.ts';
import { hostJoined } from './joining.ts';
import { forgetIfOver, left, tidyFrame } from './leaving.ts';
import type { Happening, Order } from './messages.ts';
import { restedOnTime } from './resting.ts';
import { goesOn, withdrawFor } from './withdrawals.ts';

/**
 * The brain: what happened, and now (milliseconds since 1970) -> what is to be done.
 * It changes the farm and nothing else, asks no clock and knows no I/O.
 */
export function react(farm: FarmState, happening: Happening, now: number): Order[] {
  const orders = respond(farm, happening, now);
  if (happening.what !== 'attempt progressed' && happening.what !== 'attempt started')
    orders.push(...assign(farm, now));
  return orders;
}

function respond(farm: FarmState, happening: Happening, now: number): Order[] {
  switch (happening.what) {
    case 'submitted':
      return submitted(farm, happening.job);
    case 'cancel asked':
      return cancelAsked(farm, happening.job, happening.by, now);
    case 'pause asked':
      return pauseAsked(farm, happening.job, happening.by);
    case 'resume asked':
      return resumeAsked(farm, happening.job, happening.by);
    case 'retry asked':
      return retryAsked(farm, happening.job, happening.by);
    case 'host joined':
      return hostJoined(farm, happening, now);
    case 'time passed':
      restedOnTime(farm, happening.wake);
      return lookOnTime(farm, happening.wake);
    case 'project looked at':
      return lookedAt(farm, hostNamed(farm, happening.host), happening.project, happening.away);
    case 'host left':
      hostNamed(farm, happening.host).connected = false;
      return [{ order: 'log', level: 'warn', text: `host ${happening.host}: connection lost` }];
    case 'attempt started':
      return attemptStarted(farm, happening.attempt, happening.pid, now);
    case 'attempt progressed':
      return attemptProgressed(farm, happening.attempt, happening.fraction);
    case 'attempt ended':
      return attemptEnded(farm, happening, now);
  }
}

function submitted(farm: FarmState, job: Job): Order[] {
  farm.jobs.set(job.id, job);
  if (!isEnded(job.state)) farm.queue.add(job);
  const text = `job ${job.id}: submitted by ${job.user}, ${asked(job)}, ${job.tasks.total} tasks`;
  const orders: Order[] = [
    { order: 'log', level: 'info', text },
    { order: 'tell', job },
  ];
  const over = forgetIfOver(farm, job.id);
  return over ? orders : [...orders, ...lookNow(farm, job), ...withdrawFor(farm, job)];
}

function asked({ request, project }: Job): string {
  if (request.kind === 'command') return `${request.command[0]} in ${project.path}`;
  const views = request.views.length > 0 ? ` (${request.views.join(', ')})` : '';
  return `radiance ${project.path}/${request.rif}${views}`;
}

/** Jobs, other than the one numbered `except`, that still have to render a picture that these tasks are to make. */
export function busyWith(farm: FarmState, except: number | null, plans: readonly TaskPlan[]): Job[] {
  const wanted = new Set(plans.flatMap((plan) => plan.holds.filter(isView)));
  if (wanted.size === 0) return [];
  const isWanted = ({ state, plan }: Task) =>
    (state.is === 'waiting' || state.is === 'running' || state.is === 'paused') &&
    plan.holds.some((hold) => wanted.has(hold));
  return [...farm.jobs.values()].filter(
    (other) => other.id !== except && !isEnded(other.state) && [...other.tasks.known()].some(isWanted),
  );
}

function isView(hold: string): boolean {
  return hold.startsWith('view:');
}

function attemptStarted(farm: FarmState, key: AttemptKey, pid: number, now: number): Order[] {
  const current = currentTask(farm, key);
  if (!current) return [];
  const { task, job } = current;
  if (task.state.is !== 'running' && task.state.is !== 'paused') return [];
  task.state = { ...task.state, pid };
  const orders = goesOn(farm, job, task, key);
  // Its slot is free if it was paused.
  return [...orders, { order: 'tell', job }, ...(orders.length > 0 ? assign(farm, now) : [])];
}

function attemptProgressed(farm: FarmState, key: AttemptKey, fraction: number): Order[] {
  const current = currentTask(farm, key);
  if (current?.task.state.is !== 'running' || fraction <= current.task.state.fraction) return [];
  current.task.state = { ...current.task.state, fraction: Math.min(fraction, 1) };
  return [{ order: 'tell', job: current.job }];
}

function attemptEnded(farm: FarmState, ended: Extract<Happening, { what: 'attempt ended' }>, now: number): Order[] {
  const { host, attempt: key, outcome, milliseconds } = ended;
  const current = currentTask(farm, key);
  release(farm, hostNamed(farm, host), attemptText(key));
  const orders: Order[] = [];
  if (!current) {
    orders.push({ order: 'log', level: 'info', text: `attempt ${attemptText(key)}: late end (${outcome.is})` });
    const job = farm.jobs.get(key.job);
    // It may never have begun, and then it has not tidied after the one before it.
    if (job && key.attempt > 1 && outcome.is !== 'done') orders.push(...tidyFrame(host, job, key));
  } else {
    if (outcome.is === 'done' || outcome.is === 'failed') current.job.tasks.took(milliseconds);
    if (outcome.is !== 'postponed' && outcome.is !== 'withdrawn') farm.resting.delete(key.job);
    orders.push(...endAttempt(farm, current.job, current.task, outcome, now));
  }
  orders.push({ order: 'acknowledge', host, attempt: key });
  orders.push(...left(farm, host, key));
  return orders;
}
