import type { Job } from '../model/job.ts';
import { type AttemptKey, attemptText } from '../model/task.ts';

/** An attempt that takes a slot of a host, until its end is known. */
export interface Occupied {
  readonly key: AttemptKey;
  readonly holds: readonly string[];
  stopping: boolean;
}

export interface Host {
  readonly name: string;
  slots: number;
  connected: boolean;
  /** By attempt text. */
  readonly attempts: Map<string, Occupied>;
}

/** The state of the farm. Only the reactor changes it. Jobs leave it when they have ended and hold no slot. */
export interface FarmState {
  readonly jobs: Map<number, Job>;
  readonly hosts: Map<string, Host>;
}

export function emptyFarm(): FarmState {
  return { jobs: new Map(), hosts: new Map() };
}

/** A farm as a store has it: tasks that were running take their slots until their host says what became of them. */
export function farmOf(jobs: readonly Job[]): FarmState {
  const farm = emptyFarm();
  for (const job of jobs) {
    farm.jobs.set(job.id, job);
    for (const task of job.tasks) {
      if (task.state.is !== 'running') continue;
      const key = { job: job.id, task: task.plan.number, attempt: task.attempts };
      hostNamed(farm, task.state.host).attempts.set(attemptText(key), {
        key,
        holds: task.plan.holds,
        stopping: false,
      });
    }
  }
  return farm;
}

/** The host of this name, made without slots if it is not known yet. */
export function hostNamed(farm: FarmState, name: string): Host {
  const known = farm.hosts.get(name);
  if (known) return known;
  const host: Host = { name, slots: 0, connected: false, attempts: new Map() };
  farm.hosts.set(name, host);
  return host;
}

/** Everything that running attempts hold, on all hosts. */
export function heldNow(farm: FarmState): Set<string> {
  const held = new Set<string>();
  for (const host of farm.hosts.values()) {
    for (const attempt of host.attempts.values()) for (const hold of attempt.holds) held.add(hold);
  }
  return held;
}
