import type { DatabaseSync } from 'node:sqlite';
import { setImmediate as breathe } from 'node:timers/promises';
import type { Job, JobSummary } from '../model/job.ts';
import type { Task } from '../model/task.ts';
import { StoreError } from './error.ts';
import { type FrameRow, jobOf, pageOf, summaryOfRow, type TaskRows } from './read.ts';
import { forgettable, sweep } from './removal.ts';
import type { JobRow, TaskRow } from './rows.ts';
import { save } from './save.ts';
import { explain, openDatabase, StateFile } from './sqlite-file.ts';
import { prepare, type Statements } from './statements.ts';
import type { Change, Forgetting, JobQuery, Store } from './store.ts';

export interface SqliteOptions {
  /** How long another process that holds the file may take to let go of it. Default 2000. */
  readonly waitMilliseconds?: number;
}

/**
 * Opens the farm's state file, or makes it. One process at a time.
 * @throws StoreError if it is in use, damaged, not ours, from a newer rayserver, or cannot be written
 */
export async function openSqliteStore(file: string, { waitMilliseconds = 2000 }: SqliteOptions = {}): Promise<Store> {
  const database = openDatabase(file, waitMilliseconds);
  try {
    return new SqliteStore(database, file);
  } catch (error) {
    database.close();
    throw explain(error, file, 'read');
  }
}

/** node:sqlite works while we wait, so that calls take effect in the order made, and promises settle after the fsync. */
class SqliteStore implements Store {
  readonly #file: StateFile;
  readonly #database: DatabaseSync;
  readonly #statements: Statements;
  /** The greatest number given to a job, on disk with the first commit of that job. */
  #last: number;
  #closed = false;

  constructor(database: DatabaseSync, file: string) {
    this.#file = new StateFile(file);
    this.#database = database;
    this.#statements = prepare(database);
    this.#last = (this.#statements.lastJob.get() as { last: number }).last;
  }

  async nextJob(): Promise<number> {
    this.#refuseIfClosed();
    this.#last += 1;
    return this.#last;
  }

  async commit(changes: readonly Change[]): Promise<void> {
    this.#write(() => {
      for (const change of changes) save(this.#statements, change);
    });
    for (const { job } of changes) this.#last = Math.max(this.#last, job.id);
  }

  async loadActive(): Promise<Job[]> {
    return this.#read(() => this.#statements.activeJobs.all().map((row) => this.#whole(row) as Job));
  }

  async job(id: number): Promise<Job | null> {
    return this.#read(() => this.#whole(this.#statements.job.get(id)));
  }

  async jobs({ before, limit, states }: JobQuery): Promise<JobSummary[]> {
    return this.#read(() => this.#newest(before ?? Number.MAX_SAFE_INTEGER, limit, states).map(summaryOfRow));
  }

  async tasks(job: number, after: number, limit: number): Promise<Task[]> {
    return this.#read(() => {
      const row = this.#statements.job.get(job) as JobRow | undefined;
      return row ? pageOf(row, this.#rows(job), after, limit) : [];
    });
  }

  async jobByIdempotencyKey(user: string, key: string): Promise<Job | null> {
    return this.#read(() => this.#whole(this.#statements.jobByKey.get(user, key)));
  }

  async remove(job: number): Promise<void> {
    await this.#removeAll(() => [job]);
  }

  async forget(which: Forgetting): Promise<number[]> {
    return this.#removeAll(() => forgettable(this.#statements, which));
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#database.close();
  }

  /** The jobs are gone at once; their tasks are removed in portions, between which others are served. */
  async #removeAll(choose: () => number[]): Promise<number[]> {
    const statements = this.#statements;
    let left = false;
    const gone = this.#write(() => {
      const jobs = choose();
      for (const id of jobs) {
        statements.removeJob.run(id);
        statements.markRemoved.run(id);
      }
      left = sweep(statements);
      return jobs;
    });
    while (left) {
      await breathe();
      // Whoever closes the store leaves the rest to the next who removes something.
      if (this.#closed) break;
      left = this.#write(() => sweep(statements));
    }
    return gone;
  }

  /** State by state, so that the index gives each in order and stops at the limit. */
  #newest(before: number, limit: number, states: JobQuery['states']): JobRow[] {
    const { jobs, jobsInState } = this.#statements;
    if (states === null) return jobs.all(before, limit) as unknown as JobRow[];
    const rows = [...new Set(states)].flatMap((state) => jobsInState.all(state, before, limit) as unknown as JobRow[]);
    return rows.sort((one, other) => other.id - one.id).slice(0, limit);
  }

  #whole(row: unknown): Job | null {
    return row === undefined ? null : jobOf(row as JobRow, this.#rows((row as JobRow).id));
  }

  #rows(job: number): TaskRows {
    const { tasksBetween, frames } = this.#statements;
    return {
      between: (after, last) => tasksBetween.iterate(job, after, last) as Iterable<unknown> as Iterable<TaskRow>,
      frames: () => frameRows(job, frames.iterate(job) as Iterable<unknown> as Iterable<FrameValues>),
    };
  }

  #read<T>(look: () => T): T {
    this.#refuseIfClosed();
    try {
      return look();
    } catch (error) {
      throw explain(error, this.#file.name, 'read');
    }
  }

  #write<T>(change: () => T): T {
    this.#refuseIfClosed();
    try {
      this.#rollBack();
      this.#database.exec('BEGIN IMMEDIATE');
      const result = change();
      this.#file.refuseIfGone();
      this.#database.exec('COMMIT');
      return result;
    } catch (error) {
      throw explain(this.#rolledBack(error), this.#file.name, 'save to');
    }
  }

  /** The error that counts is the first; what could not be rolled back now is before the next change. */
  #rolledBack(error: unknown): unknown {
    try {
      this.#rollBack();
    } catch {}
    return error;
  }

  /** After some errors (disk full) SQLite has done it by itself. */
  #rollBack(): void {
    if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
  }

  #refuseIfClosed(): void {
    if (this.#closed) throw new StoreError('The store is closed.');
  }
}

type FrameValues = [number: number, state: string, attempts: number, triedBefore: string | null, data: string | null];

function* frameRows(job: number, all: Iterable<FrameValues>): Iterable<FrameRow> {
  for (const [number, state, attempts, triedBefore, data] of all) {
    const row = data === null ? null : { job, number, state, attempts, data, triedBefore, plan: null };
    yield { number, state, attempts, row };
  }
}
