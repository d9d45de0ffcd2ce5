import { isEnded, type Job } from '../model/job.ts';
import type { Task } from '../model/task.ts';
import type { FarmState } from './farm.ts';
import type { Order } from './messages.ts';

/**
 * Removes what tasks leave that are over and of which no host has anything. A task that failed or was cancelled leaves
 * what an attempt left that was lost with its procwrap. Never later: the next job may be making the same files.
 */
export function tidy(host: string, { project }: Job, tasks: Iterable<Task>): Order[] {
  const paths = [...tasks].flatMap((task) => (task.state.is === 'done' ? task.plan.afterwards : leftBehind(task)));
  return paths.length === 0 ? [] : [{ order: 'tidy', host, project, paths }];
}

/** An ended job stays in the farm only while a host has one of its attempts. Gives the job that leaves. */
export function forgetIfOver(farm: FarmState, id: number): Job | null {
  const job = farm.jobs.get(id);
  if (!job || !isEnded(job.state) || farm.occupied.has(id)) return null;
  farm.jobs.delete(id);
  farm.resting.delete(id);
  return job;
}

/** Also what an attempt left that was lost with its procwrap, and that nobody goes on with. */
function leftBehind({ plan, attempts }: Task): string[] {
  if (attempts === 0) return plan.afterwards;
  const halves = plan.deeds.flatMap((deed) =>
    deed.do === 'run' && deed.stdout.to === 'picture' ? [deed.stdout.aside, deed.stdout.record] : [],
  );
  return [...plan.afterwards, ...plan.litter, ...halves, `proc/${plan.name}.pid`];
}
