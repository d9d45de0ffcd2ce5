import { framePlan } from './frame-plan.ts';
import { frameText, readFrames } from './frames.ts';
import type { CommandRequest } from './job.ts';
import { freshTask, taskProgress } from './planned-tasks.ts';
import { type Task, type TaskState, type TaskStateName, taskStates } from './task.ts';
import { type Failure, noCounts, type TaskCounts, type Tasks } from './tasks.ts';

const codes = Object.fromEntries(taskStates.map((name, code) => [name, code])) as Record<TaskStateName, number>;
/** The weight of the newest in the pace. */
const SMOOTHING = 0.1;

/**
 * The tasks of a command job: seven bytes for each, besides those that are under way. Task 1 is the frame named first;
 * without frames there is one task.
 */
export class FrameTasks implements Tasks {
  readonly total: number;
  readonly counts: TaskCounts;
  failure: Failure | null = null;
  pace: number | null = null;
  readonly #job: number;
  readonly #request: CommandRequest;
  readonly #frames: Int32Array | null;
  readonly #states: Uint8Array;
  readonly #attempts: Uint16Array;
  /** Those that run, are paused, or wait for another attempt. */
  readonly #underWay = new Map<number, Task>();
  /** Numbers that wait for another attempt; some of them may have gone on since. */
  #again: number[] = [];
  /** No task before this index waits for its first attempt. */
  #cursor = 0;

  /** @throws FramesError */
  constructor(job: number, request: CommandRequest) {
    this.#job = job;
    this.#request = request;
    this.#frames = request.frames === null ? null : readFrames(request.frames);
    this.total = this.#frames?.length ?? 1;
    this.counts = { ...noCounts(this.total), waiting: this.total };
    this.#states = new Uint8Array(this.total);
    this.#attempts = new Uint16Array(this.total);
  }

  /** Takes up a task that has ended, as it was kept. */
  restore(number: number, state: TaskStateName, attempts: number): void {
    this.#note(number, state);
    this.#attempts[number - 1] = attempts;
  }

  /** Takes up a task that is under way. */
  restoreTask(task: Task): void {
    const { number } = task.plan;
    this.restore(number, task.state.is, task.attempts);
    this.#underWay.set(number, task);
    if (task.state.is === 'waiting') this.#again.push(number);
  }

  /** The frame of a task; null: the job has none. */
  frameOf(number: number): number | null {
    return this.#frames?.[number - 1] ?? null;
  }

  /** What the task of this number is to do. */
  planOf(number: number): Task['plan'] {
    return framePlan(this.#job, this.#request, number, this.frameOf(number));
  }

  stateOf(number: number): TaskStateName | null {
    const code = this.#states[number - 1];
    return code === undefined ? null : (taskStates[code] as TaskStateName);
  }

  get(number: number): Task | null {
    const known = this.#underWay.get(number);
    if (known || this.stateOf(number) !== 'waiting') return known ?? null;
    return freshTask(this.planOf(number), this.#attempts[number - 1]);
  }

  known(): Iterable<Task> {
    return this.#underWay.values();
  }

  /** Each one given is moved, or no more are asked for. */
  *startable(): Iterable<Task> {
    while (this.counts.waiting > 0) {
      const task = this.#nextAgain() ?? this.#nextFresh();
      if (!task) return;
      yield task;
      if (task.state.is === 'waiting') return;
    }
  }

  #nextAgain(): Task | null {
    for (let [number] = this.#again; number !== undefined; [number] = this.#again) {
      const task = this.#underWay.get(number);
      if (task?.state.is === 'waiting') return task;
      this.#again.shift();
    }
    return null;
  }

  #nextFresh(): Task | null {
    for (; this.#cursor < this.total; this.#cursor++) {
      const number = this.#cursor + 1;
      if (this.#states[this.#cursor] === codes.waiting && !this.#underWay.has(number)) return this.get(number);
    }
    return null;
  }

  move(task: Task, to: TaskState): void {
    const { number, name } = task.plan;
    this.#note(number, to.is);
    this.#attempts[number - 1] = task.attempts;
    task.state = to;
    if (to.is === 'failed') this.failure ??= { number, task: name, reason: to.reason, lastLines: to.lastLines };
    if (to.is === 'waiting') this.#again.push(number);
    if (to.is === 'waiting' || to.is === 'running' || to.is === 'paused') this.#underWay.set(number, task);
    else this.#underWay.delete(number);
  }

  cancelWaiting(until: number): readonly Task[] {
    const tried = [...this.#underWay.values()].filter((task) => task.state.is === 'waiting');
    for (const task of tried) this.move(task, { is: 'cancelled', until });
    for (let number = 1; number <= this.total; number++) {
      if (this.#states[number - 1] === codes.waiting) this.#note(number, 'cancelled');
    }
    this.#again = [];
    return tried;
  }

  retry(): void {
    for (let number = 1; number <= this.total; number++) {
      const code = this.#states[number - 1];
      if (code === codes.failed || code === codes.cancelled) this.#note(number, 'waiting');
    }
    this.failure = null;
    this.#cursor = 0;
  }

  failedText(): string | null {
    if (this.counts.failed === 0) return null;
    const frames = this.#frames;
    if (frames === null) return this.planOf(1).name;
    const failed = frames.filter((_frame, index) => this.#states[index] === codes.failed);
    return `${failed.length === 1 ? 'frame' : 'frames'} ${frameText(failed)}`;
  }

  progress(): number {
    let done = this.counts.done;
    for (const task of this.#underWay.values()) done += taskProgress(task);
    return done / this.total;
  }

  took(milliseconds: number): void {
    this.pace = this.pace === null ? milliseconds : this.pace + SMOOTHING * (milliseconds - this.pace);
  }

  #note(number: number, to: TaskStateName): void {
    this.counts[taskStates[this.#states[number - 1] as number] as TaskStateName] -= 1;
    this.counts[to] += 1;
    this.#states[number - 1] = codes[to];
  }
}
