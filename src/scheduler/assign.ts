import { isEnded, type Job } from '../model/job.ts';
import { attemptText, type Task } from '../model/task.ts';
import { type FarmState, type Host, heldNow } from './farm.ts';
import type { Order } from './messages.ts';
import { moveJob, moveTask } from './moves.ts';

/** Gives free slots to waiting tasks: higher priority first, then first come, first served, then by number. */
export function assign(farm: FarmState, now: number): Order[] {
  const hosts = [...farm.hosts.values()].filter(hasFreeSlot);
  if (hosts.length === 0) return [];
  const orders: Order[] = [];
  const held = heldNow(farm);
  const jobs = queue(farm);
  for (const host of hosts) {
    for (const job of jobs) {
      if (!hasFreeSlot(host)) break;
      orders.push(...startTasks(host, job, held, now));
    }
  }
  return orders;
}

function hasFreeSlot(host: Host): boolean {
  return host.connected && host.attempts.size < host.slots;
}

function queue(farm: FarmState): Job[] {
  return [...farm.jobs.values()]
    .filter((job) => !isEnded(job.state) && job.state.is !== 'paused')
    .sort((a, b) => b.priority - a.priority || a.id - b.id);
}

function startTasks(host: Host, job: Job, held: Set<string>, now: number): Order[] {
  const orders: Order[] = [];
  for (const task of job.tasks) {
    if (!hasFreeSlot(host)) break;
    if (task.state.is === 'waiting' && isReady(job, task, held)) orders.push(...startTask(host, job, task, held, now));
  }
  return orders;
}

function isReady(job: Job, task: Task, held: Set<string>): boolean {
  return (
    task.plan.holds.every((hold) => !held.has(hold)) &&
    task.plan.after.every((number) => job.tasks[number - 1]?.state.is === 'done')
  );
}

function startTask(host: Host, job: Job, task: Task, held: Set<string>, now: number): Order[] {
  task.attempts += 1;
  const key = { job: job.id, task: task.plan.number, attempt: task.attempts };
  host.attempts.set(attemptText(key), { key, holds: task.plan.holds, stopping: false });
  for (const hold of task.plan.holds) held.add(hold);
  const reason = `attempt ${task.attempts} on ${host.name}`;
  const state = { is: 'running', host: host.name, since: now, pid: null, fraction: 0 } as const;
  const orders = moveTask(job, task, { ...state }, reason);
  if (job.state.is === 'waiting') orders.push(...moveJob(job, { is: 'running', startedAt: now }, 'first task starts'));
  orders.push({ order: 'start', host: host.name, attempt: key, project: job.project, task: task.plan, job });
  return orders;
}
