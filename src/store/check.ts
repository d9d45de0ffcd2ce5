import type { Task } from '../model/task.ts';
import { StoreError } from './error.ts';
import type { Change } from './store.ts';

/** The tasks whose rows a change writes. @throws StoreError if the change contradicts itself */
export function changedTasks({ job, tasks }: Change): readonly Task[] {
  const all = new Map(job.tasks.map((task) => [task.plan.number, task]));
  if (all.size !== job.tasks.length) throw new StoreError(`Job ${job.id} has two tasks with the same number.`);
  if (tasks === 'all') return job.tasks;
  return [...new Set(tasks)].map((number) => {
    const task = all.get(number);
    if (!task) throw new StoreError(`Job ${job.id} has no task ${number}.`);
    return task;
  });
}

export const unknownJob = (id: number) =>
  new StoreError(`Job ${id} is not in the store: its first commit must hold all its tasks.`);

export const unknownTask = (job: number, number: number) =>
  new StoreError(`Task ${number} of job ${job} is not in the store: a job's tasks are made by its first commit.`);

export const keyTaken = (user: string, key: string) =>
  new StoreError(`User "${user}" has a job with the idempotency key "${key}" already.`);
