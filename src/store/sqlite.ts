import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { type Job, jobStates } from '../model/job.ts';
import { changedTasks, keyTaken, unknownJob, unknownTask } from './check.ts';
import { StoreError } from './error.ts';
import { type JobRow, jobOf, jobRow, type TaskRow, taskRow } from './rows.ts';
import { explain, openDatabase } from './sqlite-file.ts';
import type { Change, JobQuery, Store } from './store.ts';

export interface SqliteOptions {
  /** How long another process that holds the file may take to let go of it. Default 2000. */
  readonly waitMilliseconds?: number;
}

/**
 * Opens the farm's state file, or makes it. One process at a time.
 * @throws StoreError if it is in use, damaged, not ours, from a newer rayserver, or cannot be written
 */
export async function openSqliteStore(file: string, { waitMilliseconds = 2000 }: SqliteOptions = {}): Promise<Store> {
  return new SqliteStore(openDatabase(file, waitMilliseconds), file);
}

/** node:sqlite works while we wait, so that calls take effect in the order made, and promises settle after the fsync. */
class SqliteStore implements Store {
  readonly #file: string;
  readonly #database: DatabaseSync;
  readonly #statements: ReturnType<typeof prepare>;
  #closed = false;

  constructor(database: DatabaseSync, file: string) {
    this.#file = file;
    this.#database = database;
    this.#statements = prepare(database);
  }

  async nextJob(): Promise<number> {
    return this.#write(() => (this.#statements.nextJob.get() as { last: number }).last);
  }

  async commit(changes: readonly Change[]): Promise<void> {
    this.#write(() => {
      for (const change of changes) this.#save(change);
    });
  }

  async loadActive(): Promise<Job[]> {
    return this.#read(() => this.#newest(Number.MAX_SAFE_INTEGER, -1, ['waiting', 'running', 'paused']).reverse());
  }

  async job(id: number): Promise<Job | null> {
    return this.#read(() => this.#whole(this.#statements.job.get(id)));
  }

  async jobs({ before, limit, states }: JobQuery): Promise<Job[]> {
    return this.#read(() => this.#newest(before ?? Number.MAX_SAFE_INTEGER, limit, states ?? jobStates));
  }

  async jobByIdempotencyKey(user: string, key: string): Promise<Job | null> {
    return this.#read(() => this.#whole(this.#statements.jobByKey.get(user, key)));
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#database.close();
  }

  #save(change: Change): void {
    const { job, tasks } = change;
    const { jobByKey, job: jobById, saveJob, dropTasks } = this.#statements;
    const rows = changedTasks(change).map((task) => taskRow(job.id, task));
    const row = jobRow(job);
    if (row.idempotencyKey !== null) {
      const holder = jobByKey.get(row.user, row.idempotencyKey) as { id: number } | undefined;
      if (holder && holder.id !== job.id) throw keyTaken(row.user, row.idempotencyKey);
    }
    if (tasks !== 'all' && !jobById.get(job.id)) throw unknownJob(job.id);
    saveJob.run(row.id, row.user, row.idempotencyKey, row.state, row.data);
    this.#statements.raiseNumber.run(row.id);
    if (tasks === 'all') dropTasks.run(job.id);
    for (const task of rows) this.#saveTask(task, tasks === 'all');
  }

  #saveTask({ job, number, state, attempts, plan, data }: TaskRow, fresh: boolean): void {
    const { addTask, moveTask } = this.#statements;
    if (fresh) addTask.run(job, number, state, attempts, plan, data);
    else if (moveTask.run(state, attempts, data, job, number).changes === 0) throw unknownTask(job, number);
  }

  /** State by state, so that the index gives each in order and stops at the limit; -1: no limit. */
  #newest(before: number, limit: number, states: readonly string[]): Job[] {
    const { jobsInState } = this.#statements;
    const rows = [...new Set(states)].flatMap((state) => jobsInState.all(state, before, limit) as unknown as JobRow[]);
    rows.sort((one, other) => other.id - one.id);
    return (limit < 0 ? rows : rows.slice(0, limit)).map((row) => this.#withTasks(row));
  }

  #whole(row: unknown): Job | null {
    return row === undefined ? null : this.#withTasks(row as JobRow);
  }

  #withTasks(row: JobRow): Job {
    return jobOf(row, this.#statements.tasks.all(row.id) as unknown as TaskRow[]);
  }

  #read<T>(look: () => T): T {
    this.#refuseIfClosed();
    try {
      return look();
    } catch (error) {
      throw explain(error, this.#file, 'read');
    }
  }

  #write<T>(change: () => T): T {
    this.#refuseIfClosed();
    try {
      this.#database.exec('BEGIN IMMEDIATE');
      const result = change();
      this.#database.exec('COMMIT');
      return result;
    } catch (error) {
      // After some errors (disk full) SQLite has rolled back by itself.
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw explain(error, this.#file, 'save to');
    }
  }

  #refuseIfClosed(): void {
    if (this.#closed) throw new StoreError('The store is closed.');
  }
}

const jobColumns = 'id, user, idempotency_key AS idempotencyKey, state, data';

function prepare(database: DatabaseSync) {
  const statement = (sql: string): StatementSync => database.prepare(sql);
  return {
    nextJob: statement('UPDATE job_number SET last = last + 1 RETURNING last'),
    raiseNumber: statement('UPDATE job_number SET last = ?1 WHERE last < ?1'),
    saveJob: statement(
      `INSERT INTO jobs (id, user, idempotency_key, state, data) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET user = excluded.user, idempotency_key = excluded.idempotency_key,
         state = excluded.state, data = excluded.data`,
    ),
    dropTasks: statement('DELETE FROM tasks WHERE job = ?'),
    addTask: statement('INSERT INTO tasks (job, number, state, attempts, plan, data) VALUES (?, ?, ?, ?, ?, ?)'),
    moveTask: statement('UPDATE tasks SET state = ?, attempts = ?, data = ? WHERE job = ? AND number = ?'),
    job: statement(`SELECT ${jobColumns} FROM jobs WHERE id = ?`),
    jobByKey: statement(`SELECT ${jobColumns} FROM jobs WHERE user = ? AND idempotency_key = ?`),
    jobsInState: statement(`SELECT ${jobColumns} FROM jobs WHERE state = ? AND id < ? ORDER BY id DESC LIMIT ?`),
    tasks: statement('SELECT job, number, state, attempts, plan, data FROM tasks WHERE job = ? ORDER BY number'),
  };
}
