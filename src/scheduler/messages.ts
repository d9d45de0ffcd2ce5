import type { Job, Project } from '../model/job.ts';
import type { AttemptKey, Outcome, TaskPlan } from '../model/task.ts';

/** What can happen to a farm. */
export type Happening =
  | { what: 'submitted'; job: Job }
  | { what: 'cancel asked'; job: number; by: string }
  /** `attempts`: running there, or ended and not yet acknowledged. */
  | { what: 'host joined'; host: string; slots: number; attempts: readonly AttemptKey[] }
  | { what: 'host left'; host: string }
  | { what: 'attempt started'; attempt: AttemptKey; pid: number }
  | { what: 'attempt progressed'; attempt: AttemptKey; fraction: number }
  | { what: 'attempt ended'; host: string; attempt: AttemptKey; outcome: Outcome };

/** What the reactor wants done. Whatever is to be kept is on disk before any other order is carried out. */
export type Order =
  | { order: 'keep'; job: Job; tasks: 'all' | readonly number[] }
  | { order: 'start'; host: string; attempt: AttemptKey; project: Project; task: TaskPlan; job: Job }
  | { order: 'stop'; host: string; attempt: AttemptKey }
  | { order: 'acknowledge'; host: string; attempt: AttemptKey }
  /** Files that nobody needs any more. */
  | { order: 'tidy'; host: string; project: Project; paths: readonly string[] }
  /** The job looks different now to those who watch it. */
  | { order: 'tell'; job: Job }
  | { order: 'log'; level: 'info' | 'warn' | 'error'; text: string };
