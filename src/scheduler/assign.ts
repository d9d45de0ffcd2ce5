import type { Job } from '../model/job.ts';
import type { Task } from '../model/task.ts';
import { isAbsent } from './absences.ts';
import { type FarmState, type Host, heldNow, occupy, setPaused, stillEnding, taken } from './farm.ts';
import type { Order } from './messages.ts';
import { moveJob, moveTask } from './moves.ts';
import { isResting } from './resting.ts';

/** Work that a host is given before its slots are free, so that short tasks need not wait for us, ms. */
const WORK_AHEAD = 100;
/** More is never given ahead, tasks. */
const MOST_AHEAD = 256;

/** Gives free slots to waiting tasks: higher priority first, then first come, first served, then by number. */
export function assign(farm: FarmState, now: number): Order[] {
  const hosts = [...farm.hosts.values()].filter((host) => host.connected);
  return hosts.flatMap((host) => new Giver(farm, host, now).give());
}

/** One host gets what it can do now. */
class Giver {
  readonly #farm: FarmState;
  readonly #host: Host;
  readonly #now: number;
  readonly #orders: Order[] = [];
  /** Looked up when the first free slot is seen. */
  #held: Set<string> | null = null;

  constructor(farm: FarmState, host: Host, now: number) {
    this.#farm = farm;
    this.#host = host;
    this.#now = now;
  }

  give(): Order[] {
    for (const job of this.#farm.queue) {
      if (job.tasks.counts.waiting === 0 && job.tasks.counts.paused === 0) continue;
      if (isResting(this.#farm, job) || isAbsent(this.#host, job)) continue;
      // Only the next in the queue is looked at once the slots are taken: some of its tasks may go ahead.
      const last = this.#free() <= 0;
      if (last && job.tasks.pace === null) break;
      this.#goOn(job);
      this.#start(job);
      if (last) break;
    }
    return this.#orders;
  }

  #free(): number {
    return this.#host.slots - taken(this.#host);
  }

  /** Paused tasks first: they have begun. */
  #goOn(job: Job): void {
    if (job.tasks.counts.paused === 0) return;
    for (const occupied of this.#host.attempts.values()) {
      if (this.#free() <= 0) return;
      const { key, paused } = occupied;
      const task = key.job === job.id ? job.tasks.get(key.task) : null;
      if (!paused || task?.state.is !== 'paused' || task.attempts !== key.attempt) continue;
      setPaused(this.#host, occupied, false);
      this.#orders.push(...moveTask(job, task, { ...task.state, is: 'running' }, `goes on on ${this.#host.name}`));
      this.#orders.push(...this.#running(job));
      this.#orders.push({ order: 'resume', host: this.#host.name, attempt: key });
    }
  }

  #start(job: Job): void {
    const most = mostAtATime(job);
    const isFree = (holds: readonly string[]) => holds.every((hold) => !this.#heldNow().has(hold));
    const ending = stillEnding(this.#farm, job);
    let room = this.#free() + ahead(this.#host, job);
    for (const task of room > 0 ? job.tasks.startable(isFree) : []) {
      if (room <= 0 || job.tasks.counts.running >= most) return;
      if (ending.has(task.plan.number)) continue;
      this.#startTask(job, task);
      room -= 1;
    }
  }

  #startTask(job: Job, task: Task): void {
    const { name } = this.#host;
    task.attempts += 1;
    const key = { job: job.id, task: task.plan.number, attempt: task.attempts };
    occupy(this.#farm, this.#host, { key, holds: task.plan.holds, paused: false, stopping: 'no' });
    if (task.plan.holds.length > 0) for (const hold of task.plan.holds) this.#heldNow().add(hold);
    const state = { is: 'running', host: name, since: this.#now, pid: null, fraction: 0 } as const;
    this.#orders.push(...moveTask(job, task, { ...state }, `attempt ${task.attempts} on ${name}`));
    this.#orders.push(...this.#running(job));
    this.#orders.push({ order: 'start', host: name, attempt: key, task: task.plan, job });
  }

  #running(job: Job): Order[] {
    if (job.state.is !== 'waiting') return [];
    return moveJob(this.#farm, job, { is: 'running', startedAt: this.#now }, 'first task starts');
  }

  #heldNow(): Set<string> {
    this.#held ??= heldNow(this.#farm);
    return this.#held;
  }
}

function mostAtATime({ request }: Job): number {
  return (request.kind === 'command' ? request.slots : null) ?? Number.POSITIVE_INFINITY;
}

/** How many tasks of the job the host may have beyond its slots: none where one takes long, or nobody knows yet. */
export function ahead({ slots }: Pick<Host, 'slots'>, { tasks }: Job): number {
  return tasks.pace === null ? 0 : Math.min(MOST_AHEAD, Math.floor((slots * WORK_AHEAD) / Math.max(tasks.pace, 0.1)));
}
