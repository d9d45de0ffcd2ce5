import type { FromProcwrap } from '../protocol/inner.ts';
import type { Clock } from './clock.ts';

/** Between two reports of ends, ms: what happens meanwhile goes into one message. */
const BETWEEN = 5;

type End = Extract<FromProcwrap, { say: 'ended' }>['ends'][number];

/**
 * What is told of attempts. Starts and ends are collected for a turn of the event loop, and for some milliseconds
 * where they come one after another: a message for each would cost more than many a task.
 */
export class Reports {
  readonly #send: (message: FromProcwrap) => void;
  readonly #clock: Clock;
  #started = new Map<string, number>();
  #ends: End[] = [];
  #planned = false;
  #sentAt = Number.NEGATIVE_INFINITY;

  constructor(send: (message: FromProcwrap) => void, clock: Clock) {
    this.#send = send;
    this.#clock = clock;
  }

  started(attempt: string, pid: number): void {
    this.#started.set(attempt, pid);
    this.#plan();
  }

  /** After what was collected: nobody is told of the progress of something that he does not know. */
  progressed(attempt: string, fraction: number): void {
    this.#flush();
    this.#send({ say: 'progressed', attempt, fraction });
  }

  /** Whoever hears of an end need not hear of the start any more. */
  ended(end: End): void {
    this.#started.delete(end.attempt);
    this.#ends.push(end);
    this.#plan();
  }

  /** Another server: it is told everything from the beginning. */
  clear(): void {
    this.#started.clear();
    this.#ends = [];
  }

  #plan(): void {
    if (this.#planned) return;
    this.#planned = true;
    const since = this.#clock.passed() - this.#sentAt;
    if (since < BETWEEN) this.#clock.after(BETWEEN - since, () => this.#report());
    else setImmediate(() => this.#report());
  }

  #report(): void {
    this.#planned = false;
    this.#flush();
  }

  #flush(): void {
    const [started, ends] = [this.#started, this.#ends];
    if (started.size === 0 && ends.length === 0) return;
    this.#sentAt = this.#clock.passed();
    [this.#started, this.#ends] = [new Map(), []];
    if (started.size > 0) {
      this.#send({ say: 'started', started: [...started].map(([attempt, pid]) => ({ attempt, pid })) });
    }
    if (ends.length > 0) this.#send({ say: 'ended', ends });
  }
}
