import type { Run } from './run.ts';

/** How a simulation is ended. */
export type Manner = 'gently' | 'at once';

/**
 * What may be done to a simulation from outside, at any point of its life: it is held, let go, ended. What runs is
 * told; where nothing runs, the next step waits.
 */
export class Reins {
  readonly #manner: Manner;
  #run: Run | null = null;
  #held = false;
  #ending = false;
  #waiting: (() => void)[] = [];

  constructor(manner: Manner) {
    this.#manner = manner;
  }

  get held(): boolean {
    return this.#held;
  }

  /** It was told to end. */
  get ending(): boolean {
    return this.#ending;
  }

  /** What is being ended is not held: it would not come to its end. */
  hold(): void {
    if (this.#held || this.#ending) return;
    this.#held = true;
    this.#run?.pause();
  }

  letGo(): void {
    if (!this.#held) return;
    this.#held = false;
    this.#run?.resume();
    this.#wake();
  }

  /** Again and again is fine. */
  end(): void {
    if (this.#ending) return;
    this.#ending = true;
    this.#run?.stop(this.#manner);
    if (this.#held) this.letGo();
    this.#wake();
  }

  /** Settles when the next step may come; at once if it is to end. */
  async free(): Promise<void> {
    while (this.#held) await new Promise<void>((settle) => this.#waiting.push(settle));
  }

  /** Waits for a program that was just started, whatever is done meanwhile. */
  async follow(run: Run): Promise<Awaited<Run['ended']>> {
    this.#run = run;
    if (this.#ending) run.stop(this.#manner);
    else if (this.#held) run.pause();
    try {
      return await run.ended;
    } finally {
      this.#run = null;
    }
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const settle of waiting) settle();
  }
}
