import type { Job, Project } from '../model/job.ts';
import { type AttemptKey, attemptText, type Task } from '../model/task.ts';
import type { Order } from './messages.ts';
import { JobQueue } from './queue.ts';

/** An attempt that a host has, until its end is known. */
export interface Occupied {
  readonly key: AttemptKey;
  readonly holds: readonly string[];
  /** Its processes are stopped: it takes no slot, but holds what it holds. */
  paused: boolean;
  /** We asked for its end: because nobody wants it any more, or, if it has not begun, because it is to wait here again. */
  stopping: 'no' | 'unwanted' | 'withdrawn';
}

/** A project that a host does not have at the moment. */
export interface Absence {
  readonly project: Project;
  /** For people. */
  why: string;
  /** In vain, since somebody asked for one. */
  looks: number;
  /** What ends that; null: it is being looked at. */
  wake: number | null;
}

export interface Host {
  readonly name: string;
  slots: number;
  connected: boolean;
  /** False until it joins this server. */
  known: boolean;
  /** By attempt text. */
  readonly attempts: Map<string, Occupied>;
  /** How many of them are paused. */
  paused: number;
  /** By the name of the project: nothing of its jobs is started here. */
  readonly absences: Map<string, Absence>;
}

/** The state of the farm. Only the reactor changes it. Jobs leave it when they have ended and no host has any of them. */
export interface FarmState {
  readonly jobs: Map<number, Job>;
  /** Those that may start tasks, in the order in which they are served. */
  readonly queue: JobQueue;
  readonly hosts: Map<string, Host>;
  /** Jobs that wait for room on a disk, or for another rayserver: what ends that (null: they may try again), and why, for people. */
  readonly resting: Map<number, { readonly wake: number | null; readonly why: string }>;
  /** The number of the last `wake` that was ordered. */
  lastWake: number;
  /** How many attempts of a job the hosts have; none: no entry. */
  readonly occupied: Map<number, number>;
}

export function emptyFarm(): FarmState {
  const farm = { jobs: new Map(), queue: new JobQueue(), hosts: new Map(), resting: new Map(), occupied: new Map() };
  return { ...farm, lastWake: 0 };
}

/** A farm as a store has it: tasks that were running take their slots until their host says what became of them. */
export function farmOf(jobs: readonly Job[]): FarmState {
  const farm = emptyFarm();
  for (const job of jobs) {
    farm.jobs.set(job.id, job);
    if (job.state.is !== 'paused') farm.queue.add(job);
    for (const task of job.tasks.known()) {
      const { state, plan, attempts } = task;
      if (state.is !== 'running' && state.is !== 'paused') continue;
      const key = { job: job.id, task: plan.number, attempt: attempts };
      const paused = state.is === 'paused';
      // What runs of a paused job was withdrawn when that was paused. Nobody knows whether its host was told.
      const stopping = job.state.is === 'paused' && !paused ? 'withdrawn' : 'no';
      occupy(farm, hostNamed(farm, state.host), { key, holds: plan.holds, paused, stopping });
    }
  }
  return farm;
}

/** The host of this name, made without slots if it is not known yet. */
export function hostNamed(farm: FarmState, name: string): Host {
  const known = farm.hosts.get(name);
  if (known) return known;
  const host = { name, slots: 0, connected: false, known: false, attempts: new Map(), paused: 0, absences: new Map() };
  farm.hosts.set(name, host);
  return host;
}

export function occupy(farm: FarmState, host: Host, occupied: Occupied): void {
  const { job } = occupied.key;
  release(farm, host, attemptText(occupied.key));
  host.attempts.set(attemptText(occupied.key), occupied);
  if (occupied.paused) host.paused += 1;
  farm.occupied.set(job, (farm.occupied.get(job) ?? 0) + 1);
}

/** @returns what was given up, if anything */
export function release(farm: FarmState, host: Host, attempt: string): Occupied | null {
  const occupied = host.attempts.get(attempt);
  if (!occupied) return null;
  const { job } = occupied.key;
  host.attempts.delete(attempt);
  if (occupied.paused) host.paused -= 1;
  const left = (farm.occupied.get(job) ?? 1) - 1;
  if (left > 0) farm.occupied.set(job, left);
  else farm.occupied.delete(job);
  return occupied;
}

export function setPaused(host: Host, occupied: Occupied, paused: boolean): void {
  if (occupied.paused === paused) return;
  occupied.paused = paused;
  host.paused += paused ? 1 : -1;
}

/** How many attempts take a slot of the host, or wait there for one. */
export function taken(host: Host): number {
  return host.attempts.size - host.paused;
}

/** The attempts of a job that hosts have. */
export function attemptsOf(farm: FarmState, job: number): { host: Host; occupied: Occupied }[] {
  if (!farm.occupied.has(job)) return [];
  return [...farm.hosts.values()].flatMap((host) =>
    [...host.attempts.values()].filter(({ key }) => key.job === job).map((occupied) => ({ host, occupied })),
  );
}

/** Numbers of the job's tasks of which a host still has an attempt that nobody wants: none runs twice at a time. */
export function stillEnding(farm: FarmState, { id, tasks }: Job): ReadonlySet<number> {
  const { running, paused } = tasks.counts;
  // Mostly there is none, and the job may have thousands under way.
  if ((farm.occupied.get(id) ?? 0) <= running + paused) return new Set();
  const unwanted = attemptsOf(farm, id).filter(({ occupied }) => occupied.stopping === 'unwanted');
  return new Set(unwanted.map(({ occupied }) => occupied.key.task));
}

/** Everything that attempts hold, on all hosts. */
export function heldNow(farm: FarmState): Set<string> {
  const held = new Set<string>();
  for (const host of farm.hosts.values()) {
    for (const attempt of host.attempts.values()) for (const hold of attempt.holds) held.add(hold);
  }
  return held;
}

/** The task whose current attempt this is; null for late and unknown ones. */
export function currentTask(farm: FarmState, key: AttemptKey): { job: Job; task: Task } | null {
  const job = farm.jobs.get(key.job);
  const task = job?.tasks.get(key.task);
  const isUnderWay = task?.state.is === 'running' || task?.state.is === 'paused';
  return job && task && isUnderWay && task.attempts === key.attempt ? { job, task } : null;
}

/** Time passes by orders, not by what a clock says then: that may have been set. */
export function wakeAfter(farm: FarmState, milliseconds: number): Extract<Order, { order: 'wake' }> {
  farm.lastWake += 1;
  return { order: 'wake', wake: farm.lastWake, milliseconds };
}
