import type { Job, JobState, JobSummary } from '../model/job.ts';
import type { Task } from '../model/task.ts';

/** What changes at once: the job's own row, and the rows of some of its tasks. */
export interface Change {
  readonly job: Job;
  /**
   * `all` for a new job, whose frames get no rows until they are moved; `retried`: failed and cancelled tasks, and of a
   * planned job all that wait, wait again.
   */
  readonly tasks: 'all' | 'retried' | readonly Task[];
}

export interface JobQuery {
  /** Jobs with a smaller number only: the next page. */
  readonly before: number | null;
  readonly limit: number;
  readonly states: readonly JobState['is'][] | null;
}

/** Which ended jobs are not needed any more. A null keeps any. */
export interface Forgetting {
  /** Ended before this, milliseconds since 1970. */
  readonly endedBefore: number | null;
  /** All but the newest so many ended jobs. */
  readonly keep: number | null;
  /** At most so many at a time: service must not pause. */
  readonly limit: number;
}

/**
 * Where jobs are kept. When a promise of a change resolves, the change is on disk, all or none of it.
 * Calls may overlap; they take effect in the order made.
 */
export interface Store {
  /** The next job's number: greater than all given before, and across restarts than all that were committed. */
  nextJob(): Promise<number>;
  commit(changes: readonly Change[]): Promise<void>;
  /** Jobs that have not ended, oldest first. */
  loadActive(): Promise<Job[]>;
  job(id: number): Promise<Job | null>;
  /** Newest first. It reads no task. */
  jobs(query: JobQuery): Promise<JobSummary[]>;
  /** Tasks of a job in order of their numbers, from the one after `after` on; also frames that were never tried. */
  tasks(job: number, after: number, limit: number): Promise<Task[]>;
  jobByIdempotencyKey(user: string, key: string): Promise<Job | null>;
  /** Removes a job for good, and its idempotency key with it. */
  remove(job: number): Promise<void>;
  /** Removes ended jobs, those first that ended first, and their idempotency keys. @returns their numbers */
  forget(which: Forgetting): Promise<number[]>;
  close(): Promise<void>;
}
