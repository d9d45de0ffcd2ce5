import { isEnded, type Job } from '../model/job.ts';
import type { Task } from '../model/task.ts';
import type { FarmState } from './farm.ts';
import type { Order } from './messages.ts';

/** What the tasks left for this moment, when their end is on disk. */
export function tidy(host: string, { project }: Job, tasks: Iterable<Task>): Order[] {
  const paths = [...tasks].flatMap((task) => task.plan.afterwards);
  return paths.length === 0 ? [] : [{ order: 'tidy', host, project, paths }];
}

/** An ended job stays in the farm only while a host has one of its attempts. Gives the job that leaves. */
export function forgetIfOver(farm: FarmState, id: number): Job | null {
  const job = farm.jobs.get(id);
  if (!job || !isEnded(job.state) || farm.occupied.has(id)) return null;
  farm.jobs.delete(id);
  return job;
}
