import { framePlan } from '../model/frame-plan.ts';
import { isEnded, type Job } from '../model/job.ts';
import { type AttemptKey, ownAmbients, type Task, type TaskPlan } from '../model/task.ts';
import type { FarmState } from './farm.ts';
import type { Order } from './messages.ts';

/**
 * Removes what tasks leave that are over and of which no host has anything. A task that failed or was cancelled leaves
 * what an attempt left that was lost with its procwrap. Never later: the next job may be making the same files.
 */
export function tidy(host: string, { id, project }: Job, tasks: Iterable<Task>): Order[] {
  const free: string[] = [];
  const orders: Order[] = [];
  for (const task of tasks) {
    const paths = task.state.is === 'done' ? task.plan.afterwards : leftBehind(id, task);
    const { holds } = task.plan;
    if (holds.length === 0) free.push(...paths);
    else if (paths.length > 0) orders.push({ order: 'tidy', host, project, paths, holds });
  }
  return free.length === 0 ? orders : [...orders, { order: 'tidy', host, project, paths: free, holds: [] }];
}

/**
 * Of a frame that was cancelled before its attempt ended: the pid file of an attempt that was lost, this one or one
 * before it. Other tasks are still known and tidied as such; where another attempt is under way, that does it.
 */
export function tidyFrame(host: string, job: Job, { task }: AttemptKey): Order[] {
  const { id, request, project, tasks } = job;
  if (request.kind !== 'command' || tasks.get(task) !== null) return [];
  return [
    { order: 'tidy', host, project, paths: [pidFile(framePlan(id, request, task, tasks.frameOf(task)))], holds: [] },
  ];
}

/** An ended job stays in the farm only while a host has one of its attempts. Gives the job that leaves. */
export function forgetIfOver(farm: FarmState, id: number): Job | null {
  const job = farm.jobs.get(id);
  if (!job || !isEnded(job.state) || farm.occupied.has(id)) return null;
  farm.jobs.delete(id);
  farm.resting.delete(id);
  return job;
}

/** What follows when a host has nothing more of an attempt. */
export function left(farm: FarmState, host: string, key: AttemptKey): Order[] {
  const job = farm.jobs.get(key.job);
  const task = job?.tasks.get(key.task);
  const isOver = task?.attempts === key.attempt && (task.state.is === 'cancelled' || task.state.is === 'failed');
  const orders = job && task && isOver ? tidy(host, job, [task]) : [];
  return forgetIfOver(farm, key.job) ? [...orders, { order: 'forget', job: key.job }] : orders;
}

/** Also what an attempt left that was lost with its procwrap, and that nobody goes on with. */
function leftBehind(job: number, { plan, attempts }: Task): string[] {
  if (attempts === 0) return plan.afterwards;
  const halves = plan.deeds.flatMap((deed) =>
    deed.do === 'run' && deed.stdout.to === 'picture' ? [deed.stdout.aside, deed.stdout.record] : [],
  );
  const light = keepsLight(plan) ? ownAmbients({ job, task: plan.number, attempt: attempts }) : [];
  return [...plan.afterwards, ...plan.litter, ...halves, ...light, pidFile(plan)];
}

/** To itself, in a file of its own. */
function keepsLight({ deeds }: TaskPlan): boolean {
  return deeds.some((deed) => deed.do === 'run' && deed.ambient?.use === 'private');
}

function pidFile({ name }: TaskPlan): string {
  return `proc/${name}.pid`;
}
