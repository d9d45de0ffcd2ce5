import { changedTasks, keyTaken, unknownJob, unknownTask } from './check.ts';
import { StoreError } from './error.ts';
import { type JobRow, jobOf, jobRow, type TaskRow, taskRow } from './rows.ts';
import type { Change, JobQuery, Store } from './store.ts';

interface Kept {
  job: JobRow;
  /** By number, in that order. */
  tasks: Map<number, TaskRow>;
}

/** A store that lasts as long as the process: for tests. It keeps the same rows as SQLite. */
export function memoryStore(): Store {
  const kept = new Map<number, Kept>();
  let last = 0;
  let closed = false;
  const jobOfKept = ({ job, tasks }: Kept) => jobOf(job, [...tasks.values()]);
  const newestFirst = () => [...kept.values()].sort((one, other) => other.job.id - one.job.id);
  const open = () => {
    if (closed) throw new StoreError('The store is closed.');
  };

  return {
    async nextJob() {
      open();
      last += 1;
      return last;
    },
    async commit(changes) {
      open();
      // All changes are made on copies first: all or none.
      const next = new Map<number, Kept>();
      for (const change of changes) next.set(change.job.id, changed(kept, next, change));
      for (const [id, entry] of next) {
        kept.set(id, entry);
        last = Math.max(last, id);
      }
    },
    async loadActive() {
      open();
      const active = newestFirst().filter(({ job }) => ['waiting', 'running', 'paused'].includes(job.state));
      return active.reverse().map(jobOfKept);
    },
    async job(id) {
      open();
      const entry = kept.get(id);
      return entry ? jobOfKept(entry) : null;
    },
    async jobs(query) {
      open();
      return newestFirst()
        .filter(({ job }) => matches(job, query))
        .slice(0, query.limit)
        .map(jobOfKept);
    },
    async jobByIdempotencyKey(user, key) {
      open();
      const entry = newestFirst().find(({ job }) => job.user === user && job.idempotencyKey === key);
      return entry ? jobOfKept(entry) : null;
    },
    async close() {
      closed = true;
    },
  };
}

function matches(job: JobRow, { before, states }: JobQuery): boolean {
  return (before === null || job.id < before) && (states === null || states.some((state) => state === job.state));
}

function changed(kept: ReadonlyMap<number, Kept>, next: ReadonlyMap<number, Kept>, change: Change): Kept {
  const rows = changedTasks(change).map((task) => taskRow(change.job.id, task));
  const job = jobRow(change.job);
  refuseTakenKey(new Map([...kept, ...next]), job);
  if (change.tasks === 'all') return { job, tasks: inOrder(rows) };
  const before = next.get(job.id) ?? kept.get(job.id);
  if (!before) throw unknownJob(job.id);
  const tasks = new Map(before.tasks);
  for (const row of rows) {
    const old = tasks.get(row.number);
    if (!old) throw unknownTask(job.id, row.number);
    tasks.set(row.number, { ...row, plan: old.plan });
  }
  return { job, tasks };
}

function inOrder(rows: readonly TaskRow[]): Map<number, TaskRow> {
  const sorted = rows.toSorted((one, other) => one.number - other.number);
  return new Map(sorted.map((row) => [row.number, row]));
}

function refuseTakenKey(all: ReadonlyMap<number, Kept>, { id, user, idempotencyKey }: JobRow): void {
  if (idempotencyKey === null) return;
  for (const { job } of all.values()) {
    if (job.id !== id && job.user === user && job.idempotencyKey === idempotencyKey)
      throw keyTaken(user, idempotencyKey);
  }
}
