import type { JobView, TaskView } from '../../../src/protocol/api.ts';
import { marksOf, startsOf } from './marks.ts';

/** What was seen of a task: the most attempts, and how often it had started when it was first told to be done. */
interface Seen {
  attempts: number;
  startsWhenDone: number | null;
}

/** What the server has promised, held against what it says and what the tasks' own marks say. */
export class Ledger {
  /** Jobs that were acknowledged, by their Idempotency-Key. */
  readonly acknowledged = new Map<string, number>();
  /** Jobs whose end was asked for. */
  readonly cancelled = new Set<number>();
  readonly violations: string[] = [];
  readonly #marks: string;
  readonly #ended = new Map<number, { job: JobView; tasks: TaskView[] }>();
  readonly #seen = new Map<string, Seen>();

  constructor(marks: string) {
    this.#marks = marks;
  }

  /** @param id - the job's number, as the server gave it for this key, for the first time or again */
  acknowledge(key: string, id: number): void {
    const before = this.acknowledged.get(key);
    if (before !== undefined && before !== id) this.violations.push(`key ${key} was job ${before} and is job ${id}`);
    const other = [...this.acknowledged].find(([name, number]) => number === id && name !== key);
    if (other) this.violations.push(`job ${id} was acknowledged for ${other[0]} and for ${key}`);
    this.acknowledged.set(key, id);
  }

  /** Jobs that have not ended yet, as far as is known. */
  open(): number[] {
    return [...this.acknowledged.values()].filter((id) => !this.#ended.has(id));
  }

  ended(): { job: JobView; tasks: TaskView[] }[] {
    return [...this.#ended.values()];
  }

  /** Takes down what the server says of a job now. */
  note(job: JobView, tasks: TaskView[]): void {
    for (const task of tasks) this.#noteTask(job, task);
    if (!['done', 'failed', 'cancelled'].includes(job.state)) return;
    const wanted = job.state === 'cancelled' && this.cancelled.has(job.id);
    if (job.state !== 'done' && !wanted) this.violations.push(`job ${job.id} is ${job.state}: ${job.reason}`);
    this.#ended.set(job.id, { job, tasks });
  }

  #noteTask(job: JobView, task: TaskView): void {
    const key = `${job.id}.${task.number}`;
    const seen = this.#seen.get(key) ?? { attempts: 0, startsWhenDone: null };
    if (task.attempts < seen.attempts) {
      this.violations.push(`task ${key}: attempt ${task.attempts} after attempt ${seen.attempts}`);
    }
    if (seen.startsWhenDone !== null && task.state !== 'done') {
      this.violations.push(`task ${key} was done and is ${task.state}`);
    }
    seen.attempts = Math.max(seen.attempts, task.attempts);
    if (task.state === 'done') seen.startsWhenDone ??= startsOf(this.#marks, { job, task }).length;
    this.#seen.set(key, seen);
  }

  /** A task that was told to be done must not have started since. */
  checkNothingRanAgain(): void {
    for (const { job, tasks } of this.#ended.values()) {
      for (const task of tasks) {
        const key = `${job.id}.${task.number}`;
        const told = this.#seen.get(key)?.startsWhenDone ?? 0;
        const starts = startsOf(this.#marks, { job, task }).length;
        if (task.state === 'done' && starts > told)
          this.violations.push(`task ${key} (${task.name}) ran again after it was done`);
        if (marksOf(this.#marks, { job, task }).some(({ what }) => what === 'twice')) {
          this.violations.push(`task ${key} (${task.name}) ran twice at the same time`);
        }
      }
    }
  }
}
