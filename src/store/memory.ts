import { changedTasks, keyTaken, unknownJob, unknownTask } from './check.ts';
import { StoreError } from './error.ts';
import { jobOf, pageOf, summaryOfRow, type TaskRows } from './read.ts';
import { afresh, type JobRow, jobRow, type TaskRow, taskRow } from './rows.ts';
import type { Change, Forgetting, JobQuery, Store } from './store.ts';

interface Kept {
  job: JobRow;
  /** By number. */
  tasks: ReadonlyMap<number, TaskRow>;
}

/** A store that lasts as long as the process: for tests. It keeps the same rows as SQLite. */
export function memoryStore(): Store {
  const kept = new Map<number, Kept>();
  let last = 0;
  let closed = false;
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
      const active = newestFirst().filter(({ job }) => job.endedAt === null);
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
        .map(({ job }) => summaryOfRow(job));
    },
    async tasks(id, after, limit) {
      open();
      const entry = kept.get(id);
      return entry ? pageOf(entry.job, rowsOf(entry), after, limit) : [];
    },
    async jobByIdempotencyKey(user, key) {
      open();
      const entry = newestFirst().find(({ job }) => job.user === user && job.idempotencyKey === key);
      return entry ? jobOfKept(entry) : null;
    },
    async remove(id) {
      open();
      kept.delete(id);
    },
    async forget(which) {
      open();
      const gone = forgettable([...kept.values()], which);
      for (const id of gone) kept.delete(id);
      return gone;
    },
    async close() {
      closed = true;
    },
  };
}

function jobOfKept(entry: Kept) {
  return jobOf(entry.job, rowsOf(entry));
}

function rowsOf({ tasks }: Kept): TaskRows {
  const rows = [...tasks.values()].sort((one, other) => one.number - other.number);
  return {
    between: (after, last) => rows.filter(({ number }) => number > after && number <= last),
    frames: () => rows.map((row) => ({ ...row, row })),
  };
}

function matches(job: JobRow, { before, states }: JobQuery): boolean {
  return (before === null || job.id < before) && (states === null || states.some((state) => state === job.state));
}

function forgettable(all: readonly Kept[], { endedBefore, keep, limit }: Forgetting): number[] {
  const ended = all.flatMap(({ job: { id, endedAt } }) => (endedAt === null ? [] : [{ id, endedAt }]));
  ended.sort((one, other) => one.endedAt - other.endedAt || one.id - other.id);
  const tooMany = ended.length - (keep ?? ended.length);
  return ended
    .filter(({ endedAt }, index) => index < tooMany || (endedBefore !== null && endedAt < endedBefore))
    .slice(0, limit)
    .map(({ id }) => id);
}

function changed(kept: ReadonlyMap<number, Kept>, next: ReadonlyMap<number, Kept>, change: Change): Kept {
  const tasks = Array.from(changedTasks(change), (task) => taskRow(change.job, task));
  const job = jobRow(change.job);
  refuseTakenKey(new Map([...kept, ...next]), job);
  if (change.tasks === 'all') return { job, tasks: new Map(tasks.map((row) => [row.number, row])) };
  const before = next.get(job.id) ?? kept.get(job.id);
  if (!before) throw unknownJob(job.id);
  const rows = change.tasks === 'retried' ? retried(before) : new Map(before.tasks);
  for (const row of tasks) {
    const old = rows.get(row.number);
    if (!old && row.plan !== null) throw unknownTask(job.id, row.number);
    rows.set(row.number, { ...row, plan: old?.plan ?? null, triedBefore: old?.triedBefore ?? null });
  }
  return { job, tasks: rows };
}

/** Frames that failed or were cancelled wait to be tried from the beginning; planned tasks are written by the caller. */
function retried({ tasks }: Kept): Map<number, TaskRow> {
  const again = ({ triedBefore, ...row }: TaskRow): TaskRow => {
    const { tried } = JSON.parse(row.data);
    return { ...row, state: 'waiting', data: afresh, triedBefore: tried ? JSON.stringify(tried) : triedBefore };
  };
  const isAgain = ({ state, plan }: TaskRow) => plan === null && (state === 'failed' || state === 'cancelled');
  return new Map(Array.from(tasks, ([number, row]) => [number, isAgain(row) ? again(row) : row]));
}

function refuseTakenKey(all: ReadonlyMap<number, Kept>, { id, user, idempotencyKey }: JobRow): void {
  if (idempotencyKey === null) return;
  for (const { job } of all.values()) {
    if (job.id !== id && job.user === user && job.idempotencyKey === idempotencyKey)
      throw keyTaken(user, idempotencyKey);
  }
}
