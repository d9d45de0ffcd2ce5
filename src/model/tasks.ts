import type { Task, TaskState, TaskStateName } from './task.ts';

export interface TaskCounts {
  total: number;
  waiting: number;
  running: number;
  paused: number;
  done: number;
  failed: number;
  cancelled: number;
}

export function noCounts(total: number): TaskCounts {
  return { total, waiting: 0, running: 0, paused: 0, done: 0, failed: 0, cancelled: 0 };
}

/** Why the first task that failed did. */
export interface Failure {
  readonly number: number;
  readonly task: string;
  readonly reason: string;
  readonly lastLines: string[];
}

/**
 * The tasks of one job, numbered from 1. Two kinds: planned ones, each with a plan of its own and kept whole, and
 * frames, of which only those that are under way are more than a few bytes.
 */
export interface Tasks {
  readonly total: number;
  readonly counts: Readonly<TaskCounts>;
  readonly failure: Failure | null;
  /** Milliseconds that one of them takes, by those that ended lately; null where one says nothing of the next. */
  readonly pace: number | null;
  /** Null: there is no task of that number. */
  stateOf(number: number): TaskStateName | null;
  /**
   * The task as it is now; null if there is none of that number, or if it is a frame that has ended: what became of
   * that one only the store knows.
   */
  get(number: number): Task | null;
  /** The frame that a task is for; null: it is for none. */
  frameOf(number: number): number | null;
  /** All planned tasks; frames that run, are paused, or wait for another attempt. */
  known(): Iterable<Task>;
  /** Waiting tasks that may start now, first those that should. `isFree`: nobody else holds that. */
  startable(isFree: (holds: readonly string[]) => boolean): Iterable<Task>;
  /** Puts a task into its new state; the caller has checked that the move is legal. */
  move(task: Task, to: TaskState): void;
  /**
   * All waiting tasks are cancelled at once. Gives those that must be kept one by one; the others are as the job is:
   * of a cancelled job nothing waits.
   */
  cancelWaiting(until: number): readonly Task[];
  /** Failed and cancelled tasks wait again, and what they need that is no longer there. */
  retry(): void;
  /** In words what failed, such as `frames 3, 7-9`; null if nothing did. */
  failedText(): string | null;
  /** 0 to 1. */
  progress(): number;
  /** An attempt took so long. */
  took(milliseconds: number): void;
}
