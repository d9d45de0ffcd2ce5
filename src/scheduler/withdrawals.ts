import type { Job } from '../model/job.ts';
import { type AttemptKey, attemptText, type Task } from '../model/task.ts';
import { type FarmState, type Host, hostNamed, type Occupied, setPaused } from './farm.ts';
import type { Order } from './messages.ts';
import { moveTask } from './moves.ts';

/**
 * What a host was given ahead is taken back. That it has not begun is only what we know: a server that was just started
 * has not heard yet what runs. So a host takes no notice of a withdrawal of what has begun, and tells of it again.
 */

/** Takes back what hosts were given ahead of jobs that come after this one. */
export function withdrawFor(farm: FarmState, { priority }: Job): Order[] {
  const orders: Order[] = [];
  for (const host of farm.hosts.values()) {
    if (host.attempts.size <= host.slots) continue;
    for (const occupied of host.attempts.values()) {
      const job = farm.jobs.get(occupied.key.job);
      const task = job?.tasks.get(occupied.key.task);
      if (!job || !task || job.priority >= priority || occupied.stopping !== 'no') continue;
      if (task.attempts === occupied.key.attempt && hasNotBegun(task)) orders.push(withdraw(host, occupied));
    }
  }
  return orders;
}

/** Its job is paused: one that has begun stays where it is, any other waits here again. */
export function holdAttempt(host: Host, occupied: Occupied, job: Job, task: Task, why: string): Order[] {
  if (occupied.stopping !== 'no' || task.state.is !== 'running') return [];
  if (hasNotBegun(task)) return [withdraw(host, occupied)];
  setPaused(host, occupied, true);
  const orders = moveTask(job, task, { ...task.state, is: 'paused' }, why);
  return [...orders, { order: 'pause', host: host.name, attempt: occupied.key }];
}

/** It has begun, withdrawn or not, and counts. Gives what is to be done with it if it was withdrawn. */
export function goesOn(farm: FarmState, job: Job, task: Task, key: AttemptKey): Order[] {
  const host = 'host' in task.state ? hostNamed(farm, task.state.host) : null;
  const occupied = host?.attempts.get(attemptText(key));
  if (!host || occupied?.stopping !== 'withdrawn') return [];
  occupied.stopping = 'no';
  return job.state.is === 'paused' ? holdAttempt(host, occupied, job, task, 'its job is paused') : [];
}

/** Given ahead, as far as we know: it waits for a slot of its host. */
function hasNotBegun({ plan, state }: Task): boolean {
  return plan.step === 'frame' && state.is === 'running' && state.pid === null;
}

function withdraw(host: Host, occupied: Occupied): Order {
  occupied.stopping = 'withdrawn';
  return { order: 'withdraw', host: host.name, attempt: occupied.key };
}
