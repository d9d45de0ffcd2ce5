/** Time, handed in. */
export interface GateClock {
  /** Milliseconds since some moment; it does not jump. */
  passed(): number;
  /** Calls `deed` once, later; the returned function takes that back. */
  after(milliseconds: number, deed: () => void): () => void;
}

/** Why nobody is let in. Its message is a sentence. */
export class GateError extends Error {
  override readonly name = 'GateError';
  /**
   * `locked`: others kept their lock too long. `in use`: simulations with other parameters share the file. `unusable`: what
   * has the name is none that can be shared. `given up`: whoever waited does not want to any more.
   */
  readonly why: 'locked' | 'in use' | 'unusable' | 'given up';

  constructor(why: GateError['why'], says: string) {
    super(says);
    this.why = why;
  }
}

const longestPause = 40;

/** How long somebody waits, in all. */
export class Patience {
  readonly #clock: GateClock;
  readonly #end: number;
  readonly #giveUp: () => boolean;

  constructor(clock: GateClock, milliseconds: number, giveUp: () => boolean = () => false) {
    this.#clock = clock;
    this.#end = clock.passed() + milliseconds;
    this.#giveUp = giveUp;
  }

  /**
   * Tries at once and then again and again, at first after a millisecond. Nobody says when a lock is given up.
   * @returns whether it came true before the time was over
   * @throws GateError `given up`
   */
  async until(attempt: () => boolean): Promise<boolean> {
    for (let pause = 1; ; pause = Math.min(2 * pause, longestPause)) {
      if (this.#giveUp()) throw new GateError('given up', 'Nobody waits for the ambient file any more.');
      if (attempt()) return true;
      if (this.#clock.passed() >= this.#end) return false;
      await new Promise<void>((settle) => this.#clock.after(pause, settle));
    }
  }
}

/** Lets those who name the same thing do their deed one after another, in the order in which they came. */
export class Queue {
  readonly #last = new Map<string, Promise<unknown>>();

  async in<T>(name: string, deed: () => Promise<T>): Promise<T> {
    const before = this.#last.get(name) ?? Promise.resolve();
    const mine = before.then(deed);
    const settled = mine.catch(() => undefined);
    this.#last.set(name, settled);
    try {
      return await mine;
    } finally {
      if (this.#last.get(name) === settled) this.#last.delete(name);
    }
  }
}
