import type { Task } from '../model/task.ts';
import { StoreError } from './error.ts';
import type { Change } from './store.ts';

/** The tasks whose rows a change writes one by one. @throws StoreError if the change contradicts itself */
export function changedTasks({ job, tasks }: Change): Iterable<Task> {
  if (tasks === 'all') return numbered(job);
  // Of frames nothing is known that failed: the store changes their rows by itself.
  if (tasks === 'retried') return job.request.kind === 'command' ? [] : job.tasks.known();
  for (const { plan } of tasks) {
    if (job.tasks.stateOf(plan.number) === null) throw new StoreError(`Job ${job.id} has no task ${plan.number}.`);
  }
  return tasks;
}

function numbered({ id, request, tasks }: Change['job']): Iterable<Task> {
  const known = [...tasks.known()];
  if (request.kind !== 'command' && known.some(({ plan }, index) => plan.number !== index + 1)) {
    throw new StoreError(`The tasks of job ${id} are not numbered from 1 on.`);
  }
  return known;
}

export const unknownJob = (id: number) =>
  new StoreError(`Job ${id} is not in the store: its first commit must hold all its tasks.`);

export const unknownTask = (job: number, number: number) =>
  new StoreError(`Task ${number} of job ${job} is not in the store: a job's tasks are made by its first commit.`);

export const keyTaken = (user: string, key: string) =>
  new StoreError(`User "${user}" has a job with the idempotency key "${key}" already.`);
