import type { Job } from '../model/job.ts';
import type { Task, TaskStateName } from '../model/task.ts';

/**
 * Tasks that are in a state now, in the order of their numbers; `after` and `limit` as for a page.
 * @param kept looks a task up that only the store knows
 */
export async function tasksIn(
  { tasks }: Pick<Job, 'tasks'>,
  state: TaskStateName,
  kept: (number: number) => Promise<readonly Task[]>,
  { after, limit }: { after: number; limit: number },
): Promise<Task[]> {
  const numbers: number[] = [];
  for (let number = after + 1; number <= tasks.total && numbers.length < limit; number += 1) {
    if (tasks.stateOf(number) === state) numbers.push(number);
  }
  const found = await Promise.all(numbers.map(async (number) => tasks.get(number) ?? (await kept(number))[0]));
  return found.filter((task) => task !== undefined);
}
