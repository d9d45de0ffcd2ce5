import type { Job } from '../model/job.ts';
import type { Task } from '../model/task.ts';
import { changedTasks, keyTaken, unknownJob, unknownTask } from './check.ts';
import { type JobRow, jobRow, taskJson } from './rows.ts';
import type { Statements } from './statements.ts';
import type { Change } from './store.ts';

/** Writes one change, within a transaction. @throws StoreError if it contradicts itself, or what is kept */
export function save(statements: Statements, change: Change): void {
  const { job, tasks } = change;
  const changed = changedTasks(change);
  const row = jobRow(job);
  refuseTakenKey(statements, row);
  if (tasks === 'all') {
    addJob(statements, job, row, changed);
    return;
  }
  if (statements.changeJob.run(...values(row)).changes === 0) throw unknownJob(job.id);
  if (tasks === 'retried' && job.request.kind === 'command') statements.retryFrames.run(job.id);
  const move = job.request.kind === 'command' ? statements.moveFrame : statements.moveTask;
  for (const task of changed) {
    const { number } = task.plan;
    const { changes } = move.run(job.id, number, task.state.is, task.attempts, taskJson(task));
    if (changes === 0) throw unknownTask(job.id, number);
  }
}

function addJob(statements: Statements, job: Job, row: JobRow, tasks: Iterable<Task>): void {
  statements.addJob.run(...values(row));
  statements.raiseNumber.run(job.id);
  statements.unmarkRemoved.run(job.id);
  statements.dropTasks.run(job.id);
  const isPlanned = job.request.kind !== 'command';
  for (const task of tasks) {
    const { plan, attempts, state } = task;
    const text = isPlanned ? JSON.stringify(plan) : null;
    statements.addTask.run(job.id, plan.number, state.is, attempts, taskJson(task), text);
  }
}

function values({ id, user, idempotencyKey, state, endedAt, data, summary }: JobRow) {
  return [id, user, idempotencyKey, state, endedAt, data, summary] as const;
}

function refuseTakenKey({ holderOfKey }: Statements, { id, user, idempotencyKey }: JobRow): void {
  if (idempotencyKey === null) return;
  const holder = holderOfKey.get(user, idempotencyKey) as { id: number } | undefined;
  if (holder && holder.id !== id) throw keyTaken(user, idempotencyKey);
}
