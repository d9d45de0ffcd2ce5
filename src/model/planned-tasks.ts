import type { Task, TaskPlan, TaskState, TaskStateName } from './task.ts';
import { type Failure, noCounts, type TaskCounts, type Tasks } from './tasks.ts';

/** A task that was never tried. */
export function freshTask(plan: TaskPlan, attempts = 0): Task {
  return { plan, attempts, failures: 0, lost: 0, best: 0, tried: [], state: { is: 'waiting' } };
}

/** How far a task is, 0 to 1. */
export function taskProgress({ state }: Task): number {
  if (state.is === 'done') return 1;
  return state.is === 'running' || state.is === 'paused' ? state.fraction : 0;
}

/** Tasks with a plan of their own, kept whole. */
export class PlannedTasks implements Tasks {
  readonly total: number;
  readonly counts: TaskCounts;
  readonly pace = null;
  readonly #tasks: readonly Task[];

  /** In the order of their numbers, which count from 1. */
  constructor(tasks: readonly Task[]) {
    this.#tasks = tasks;
    this.total = tasks.length;
    this.counts = noCounts(tasks.length);
    for (const { state } of tasks) this.counts[state.is] += 1;
  }

  get failure(): Failure | null {
    for (const { plan, state } of this.#tasks) {
      if (state.is === 'failed') {
        const { reason, lastLines } = state;
        return { number: plan.number, task: plan.name, reason, lastLines };
      }
    }
    return null;
  }

  stateOf(number: number): TaskStateName | null {
    return this.get(number)?.state.is ?? null;
  }

  get(number: number): Task | null {
    return this.#tasks[number - 1] ?? null;
  }

  frameOf(): null {
    return null;
  }

  known(): Iterable<Task> {
    return this.#tasks;
  }

  *startable(isFree: (holds: readonly string[]) => boolean): Iterable<Task> {
    if (this.counts.waiting === 0) return;
    for (const task of this.#tasks)
      if (task.state.is === 'waiting' && this.#isReady(task) && isFree(task.plan.holds)) yield task;
  }

  #isReady({ plan }: Task): boolean {
    return plan.after.every((number) => this.stateOf(number) === 'done');
  }

  move(task: Task, to: TaskState): void {
    this.counts[task.state.is] -= 1;
    this.counts[to.is] += 1;
    task.state = to;
  }

  cancelWaiting(until: number): readonly Task[] {
    const waiting = this.#tasks.filter((task) => task.state.is === 'waiting');
    for (const task of waiting) this.move(task, { is: 'cancelled', until });
    return waiting;
  }

  retry(): void {
    for (const task of this.#tasks) {
      if (task.state.is !== 'failed' && task.state.is !== 'cancelled') continue;
      this.#again(task);
      // What it was to tidy away was tidied when it failed or was cancelled: whoever made that makes it again.
      if (task.plan.afterwards.length === 0) continue;
      for (const number of task.plan.after) this.#again(this.#tasks[number - 1] as Task);
    }
  }

  #again(task: Task): void {
    task.failures = 0;
    task.lost = 0;
    this.move(task, { is: 'waiting' });
  }

  failedText(): string | null {
    return this.failure?.task ?? null;
  }

  progress(): number {
    let all = 0;
    let done = 0;
    for (const task of this.#tasks) {
      all += task.plan.weight;
      done += task.plan.weight * taskProgress(task);
    }
    return all === 0 ? 0 : done / all;
  }

  took(): void {}
}
