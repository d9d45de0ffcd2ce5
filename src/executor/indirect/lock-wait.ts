import type { Clock } from '../clock.ts';

/** Between two looks, and how long a program may wait for the lock of its ambient file, ms. */
const between = 10_000;
const patience = 300_000;

/**
 * Ends a program that hangs: one that waits for a lock which nobody gives back, such as that of a host that was switched
 * off. It would have its slot for ever.
 */
export class LockWait {
  /** Why it was ended, a sentence; null if it was not. */
  why: string | null = null;
  readonly #keeper: () => string | null;
  readonly #end: () => void;
  readonly #clock: Clock;
  /** Since when it has been seen to wait each time. */
  #since: number | null = null;
  #takeBack: () => void = () => {};

  /**
   * @param keeper who keeps it from the lock that it waits for, in words; null while it waits for none
   * @param end ends it
   */
  constructor(clock: Clock, keeper: () => string | null, end: () => void) {
    this.#clock = clock;
    this.#keeper = keeper;
    this.#end = end;
    this.#again();
  }

  /** It is over. */
  close(): void {
    this.#takeBack();
  }

  /** A disk that fails says nothing of it, and must not end more than what runs there. */
  #whoKeeps(): string | null {
    try {
      return this.#keeper();
    } catch {
      return null;
    }
  }

  #again(): void {
    this.#takeBack = this.#clock.after(between, () => this.#look());
  }

  #look(): void {
    const keeper = this.#whoKeeps();
    const now = this.#clock.passed();
    if (keeper === null) this.#since = null;
    else this.#since ??= now;
    if (keeper === null || this.#since === null || now - this.#since < patience) {
      this.#again();
      return;
    }
    this.why = `It was ended because it waited ${patience / 60_000} minutes for the lock of its ambient file, which ${keeper} holds.`;
    this.#end();
  }
}
