import { isEnded, type Job } from '../model/job.ts';
import { type AttemptKey, attemptText, type Outcome, type Task } from '../model/task.ts';
import { assign } from './assign.ts';
import { endAttempt, loseAttempt } from './endings.ts';
import { type FarmState, hostNamed } from './farm.ts';
import type { Happening, Order } from './messages.ts';
import { moveJob, moveTask } from './moves.ts';

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
    case 'host joined':
      return hostJoined(farm, happening, now);
    case 'host left':
      hostNamed(farm, happening.host).connected = false;
      return [{ order: 'log', level: 'warn', text: `host ${happening.host}: connection lost` }];
    case 'attempt started':
      return attemptStarted(farm, happening.attempt, happening.pid);
    case 'attempt progressed':
      return attemptProgressed(farm, happening.attempt, happening.fraction);
    case 'attempt ended':
      return attemptEnded(farm, happening.host, happening.attempt, happening.outcome, now);
  }
}

function submitted(farm: FarmState, job: Job): Order[] {
  farm.jobs.set(job.id, job);
  forgetIfOver(farm, job.id);
  const { kind, rif, views } = job.request;
  const what = `${kind} ${job.project.path}/${rif}${views.length > 0 ? ` (${views.join(', ')})` : ''}`;
  const text = `job ${job.id}: submitted by ${job.user}, ${what}, ${job.tasks.length} tasks`;
  return [{ order: 'log', level: 'info', text }];
}

/** Jobs, other than this one, that still have to render a picture that `job` is to make. */
export function busyWith(farm: FarmState, job: Pick<Job, 'tasks'>): Job[] {
  const wanted = new Set(job.tasks.flatMap((task) => task.plan.holds.filter(isView)));
  const isWanted = (task: Task) =>
    (task.state.is === 'waiting' || task.state.is === 'running') && task.plan.holds.some((hold) => wanted.has(hold));
  return [...farm.jobs.values()].filter((other) => !isEnded(other.state) && other.tasks.some(isWanted));
}

function isView(hold: string): boolean {
  return hold.startsWith('view:');
}

function cancelAsked(farm: FarmState, id: number, by: string, now: number): Order[] {
  const job = farm.jobs.get(id);
  if (!job || isEnded(job.state)) return [];
  const orders: Order[] = [];
  for (const task of job.tasks) {
    if (task.state.is === 'waiting' || task.state.is === 'running') {
      orders.push(...moveTask(job, task, { is: 'cancelled', until: now }, `job cancelled by ${by}`));
    }
  }
  const startedAt = job.state.is === 'waiting' ? null : job.state.startedAt;
  const reason = `Cancelled by ${by}.`;
  orders.push(...moveJob(job, { is: 'cancelled', startedAt, finishedAt: now, reason }, `by ${by}`));
  orders.push(...stopAttempts(farm, id));
  const over = forgetIfOver(farm, id);
  for (const host of over ? farm.hosts.keys() : []) orders.push(...tidy(host, job, job.tasks));
  return orders;
}

/** Asks for the end of every attempt of the job that still takes a slot. */
function stopAttempts(farm: FarmState, id: number): Order[] {
  const orders: Order[] = [];
  for (const host of farm.hosts.values()) {
    for (const occupied of host.attempts.values()) {
      if (occupied.key.job !== id || occupied.stopping) continue;
      occupied.stopping = true;
      orders.push({ order: 'stop', host: host.name, attempt: occupied.key });
    }
  }
  return orders;
}

/**
 * The host says what it has. What it does not have is lost and waits for another attempt, if it has not been lost
 * too often; what we no longer want is stopped there.
 */
function hostJoined(farm: FarmState, joined: Extract<Happening, { what: 'host joined' }>, now: number): Order[] {
  const { host: name, slots, attempts } = joined;
  const host = hostNamed(farm, name);
  host.slots = slots;
  host.connected = true;
  const orders: Order[] = [{ order: 'log', level: 'info', text: `host ${name}: joined with ${slots} slots` }];
  const there = new Set(attempts.map(attemptText));
  for (const [text, occupied] of host.attempts) {
    if (there.has(text)) continue;
    host.attempts.delete(text);
    const current = currentTask(farm, occupied.key);
    if (current) orders.push(...loseAttempt(current.job, current.task, now));
    const over = forgetIfOver(farm, occupied.key.job);
    if (over) orders.push(...tidy(name, over, over.tasks));
  }
  for (const key of attempts) {
    const wanted = currentTask(farm, key) !== null;
    const occupied = { key, holds: holdsOf(farm, key), stopping: !wanted };
    host.attempts.set(attemptText(key), occupied);
    if (!wanted) orders.push({ order: 'stop', host: name, attempt: key });
  }
  return orders;
}

function attemptStarted(farm: FarmState, key: AttemptKey, pid: number): Order[] {
  const current = currentTask(farm, key);
  if (current?.task.state.is !== 'running') return [];
  current.task.state = { ...current.task.state, pid };
  return [
    { order: 'keep', job: current.job, tasks: [key.task] },
    { order: 'tell', job: current.job },
  ];
}

function attemptProgressed(farm: FarmState, key: AttemptKey, fraction: number): Order[] {
  const current = currentTask(farm, key);
  if (current?.task.state.is !== 'running' || fraction <= current.task.state.fraction) return [];
  current.task.state = { ...current.task.state, fraction: Math.min(fraction, 1) };
  return [{ order: 'tell', job: current.job }];
}

function attemptEnded(farm: FarmState, host: string, key: AttemptKey, outcome: Outcome, now: number): Order[] {
  const current = currentTask(farm, key);
  hostNamed(farm, host).attempts.delete(attemptText(key));
  const orders: Order[] = current
    ? endAttempt(current.job, current.task, outcome, now)
    : [{ order: 'log', level: 'info', text: `attempt ${attemptText(key)}: late end (${outcome.is})` }];
  orders.push({ order: 'acknowledge', host, attempt: key });
  if (current?.task.state.is === 'done') orders.push(...tidy(host, current.job, [current.task]));
  const over = forgetIfOver(farm, key.job);
  if (over && over.state.is !== 'done') orders.push(...tidy(host, over, over.tasks));
  return orders;
}

/** The task whose current attempt this is; null for late and unknown ones. */
function currentTask(farm: FarmState, key: AttemptKey): { job: Job; task: Task } | null {
  const job = farm.jobs.get(key.job);
  const task = job?.tasks[key.task - 1];
  return job && task && task.state.is === 'running' && task.attempts === key.attempt ? { job, task } : null;
}

function holdsOf(farm: FarmState, key: AttemptKey): readonly string[] {
  return farm.jobs.get(key.job)?.tasks[key.task - 1]?.plan.holds ?? [];
}

/** What the tasks left for this moment, when their end is on disk. */
function tidy(host: string, { project }: Job, tasks: readonly Task[]): Order[] {
  const paths = tasks.flatMap((task) => task.plan.afterwards);
  return paths.length === 0 ? [] : [{ order: 'tidy', host, project, paths }];
}

/** An ended job stays in the farm only while one of its attempts takes a slot. Gives the job that leaves. */
function forgetIfOver(farm: FarmState, id: number): Job | null {
  const job = farm.jobs.get(id);
  const takesSlot = [...farm.hosts.values()].some((host) => [...host.attempts.values()].some((a) => a.key.job === id));
  if (!job || !isEnded(job.state) || takesSlot) return null;
  farm.jobs.delete(id);
  return job;
}
