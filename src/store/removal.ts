import type { Statements } from './statements.ts';
import type { Forgetting } from './store.ts';

/** Rows that are removed at a time: some 30 ms. */
const portionRows = 10_000;

/** The numbers of ended jobs that are not needed, oldest first. */
export function forgettable(statements: Statements, { endedBefore, keep, limit }: Forgetting): number[] {
  if (endedBefore === null && keep === null) return [];
  const { count } = statements.endedJobs.get() as { count: number };
  const tooMany = count - (keep ?? count);
  const oldest = statements.oldestEnded.all(limit) as { id: number; endedAt: number }[];
  return oldest
    .filter(({ endedAt }, index) => index < tooMany || (endedBefore !== null && endedAt < endedBefore))
    .map(({ id }) => id);
}

/** Removes a portion of the tasks of removed jobs, within a transaction. @returns true if some are left */
export function sweep({ removedJob, dropSomeTasks, unmarkRemoved }: Statements): boolean {
  let left = portionRows;
  for (;;) {
    const job = removedJob.get() as { id: number } | undefined;
    if (!job) return false;
    if (left <= 0) return true;
    const { changes } = dropSomeTasks.run(job.id, left);
    if (changes < left) unmarkRemoved.run(job.id);
    left -= Number(changes);
  }
}
