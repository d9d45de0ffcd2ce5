import type { Job } from '../model/job.ts';

/** What changes at once: the job's own row, and the rows of the tasks named by number. */
export interface Change {
  readonly job: Job;
  /** `all` for a new job. */
  readonly tasks: 'all' | readonly number[];
}

export interface JobQuery {
  /** Jobs with a smaller number only: the next page. */
  readonly before: number | null;
  readonly limit: number;
  readonly states: readonly Job['state']['is'][] | null;
}

/**
 * Where jobs are kept. When `commit` resolves, its changes are on disk, all or none of them.
 * Calls may overlap; they take effect in the order made.
 */
export interface Store {
  /** The next job's number: greater than all before it, also across restarts. */
  nextJob(): Promise<number>;
  commit(changes: readonly Change[]): Promise<void>;
  /** Jobs that have not ended, with all their tasks, oldest first. */
  loadActive(): Promise<Job[]>;
  job(id: number): Promise<Job | null>;
  /** Newest first. */
  jobs(query: JobQuery): Promise<Job[]>;
  jobByIdempotencyKey(user: string, key: string): Promise<Job | null>;
  close(): Promise<void>;
}
