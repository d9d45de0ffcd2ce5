import type { Job, Project } from '../model/job.ts';
import type { AttemptKey, Outcome, Task, TaskPlan } from '../model/task.ts';

/** An attempt that a host says it has, with what its task holds. */
export interface Present {
  readonly key: AttemptKey;
  readonly holds: readonly string[];
}

/** What can happen to a farm. */
export type Happening =
  | { what: 'submitted'; job: Job }
  | { what: 'cancel asked'; job: number; by: string }
  | { what: 'pause asked'; job: number; by: string }
  | { what: 'resume asked'; job: number; by: string }
  /** The job may have left the farm: it is handed in as the store has it. */
  | { what: 'retry asked'; job: Job; by: string }
  /** `attempts`: there, also waiting or paused, or ended and not yet acknowledged. */
  | { what: 'host joined'; host: string; slots: number; attempts: readonly Present[] }
  | { what: 'host left'; host: string }
  | { what: 'attempt started'; attempt: AttemptKey; pid: number }
  | { what: 'attempt progressed'; attempt: AttemptKey; fraction: number }
  /** As ordered by the `wake` of that number. */
  | { what: 'time passed'; wake: number }
  /** As ordered by `look`. `away`: why the project cannot be worked in, for people; null: it can. */
  | { what: 'project looked at'; host: string; project: Project; away: string | null }
  | { what: 'attempt ended'; host: string; attempt: AttemptKey; outcome: Outcome; milliseconds: number };

/** What the reactor wants done. Whatever is to be kept is on disk before any other order is carried out. */
export type Order =
  | { order: 'keep'; job: Job; tasks: 'retried' | readonly Task[] }
  | { order: 'start'; host: string; attempt: AttemptKey; task: TaskPlan; job: Job }
  | { order: 'stop' | 'pause' | 'resume' | 'acknowledge'; host: string; attempt: AttemptKey }
  /** Ends it if it has not begun; one that has goes on, and its host tells of it again. */
  | { order: 'withdraw'; host: string; attempt: AttemptKey }
  /** Nothing more will be started of this job. */
  | { order: 'forget'; job: number }
  /** Say that time passed, so many milliseconds from now, whatever becomes of the clock. */
  | { order: 'wake'; wake: number; milliseconds: number }
  /** Say whether the project can be worked in there. */
  | { order: 'look'; host: string; project: Project }
  /** Files that nobody needs any more. */
  | { order: 'tidy'; host: string; project: Project; paths: readonly string[]; holds: readonly string[] }
  /** The job looks different now to those who watch it. */
  | { order: 'tell'; job: Job }
  | { order: 'log'; level: 'info' | 'warn' | 'error'; text: string };
