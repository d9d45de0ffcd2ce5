import type { JobLimits } from '../model/job.ts';
import type { Clock } from './clock.ts';

/** The longest that one timer runs, ms: Node's own end at 2^31. */
const LONGEST_WAIT = 86_400_000;

type Given = Pick<JobLimits, 'seconds' | 'progressSeconds'>;

/** Watches the limits of one simulation. While it is held, time stands still. */
export class Limits {
  readonly #clock: Clock;
  readonly #watches: Watch[] = [];
  readonly #quiet: Watch | null = null;

  /**
   * @param hasGrown whether a file that it writes has grown since this was asked last
   * @param exceeded hears once, in one sentence, what it was that lasted too long
   */
  constructor(given: Given, clock: Clock, hasGrown: () => boolean, exceeded: (sentence: string) => void) {
    this.#clock = clock;
    const over = (sentence: string) => {
      this.end();
      exceeded(sentence);
    };
    const { seconds, progressSeconds } = given;
    if (seconds !== null) {
      this.#watches.push(new Watch(clock, seconds * 1000, () => over(tooLong(seconds))));
    }
    if (progressSeconds !== null) {
      const ring = () => {
        if (hasGrown()) this.#quiet?.again();
        else over(tooQuiet(progressSeconds));
      };
      this.#quiet = new Watch(clock, progressSeconds * 1000, ring);
      this.#watches.push(this.#quiet);
    }
  }

  /** It said or wrote something. */
  heard(): void {
    if (this.#quiet) this.#quiet.since = this.#clock.passed();
  }

  hold(): void {
    for (const watch of this.#watches) watch.hold();
  }

  letGo(): void {
    for (const watch of this.#watches) watch.letGo();
  }

  end(): void {
    for (const watch of this.#watches) watch.end();
  }
}

function tooLong(seconds: number): string {
  return `It was ended because it ran longer than ${inWords(seconds)} (limit of the job, or setting "limits.seconds").`;
}

function tooQuiet(seconds: number): string {
  const why = `it said nothing and made no progress for ${inWords(seconds)}`;
  return `It was ended because ${why} (limit of the job, or setting "limits.progress").`;
}

function inWords(seconds: number): string {
  return seconds === 1 ? '1 second' : `${seconds} seconds`;
}

/** Rings when `length` has passed since `since`, which may move while it waits. */
class Watch {
  since: number;
  readonly #clock: Clock;
  readonly #length: number;
  readonly #ring: () => void;
  #takeBack: () => void = () => {};
  /** How much had passed when it was held. */
  #held: number | null = null;
  #ended = false;

  constructor(clock: Clock, length: number, ring: () => void) {
    this.#clock = clock;
    this.#length = length;
    this.#ring = ring;
    this.since = clock.passed();
    this.#wait();
  }

  /** Waits for the whole length once more. */
  again(): void {
    this.since = this.#clock.passed();
    this.#wait();
  }

  hold(): void {
    if (this.#held !== null || this.#ended) return;
    this.#held = this.#clock.passed() - this.since;
    this.#takeBack();
  }

  letGo(): void {
    if (this.#held === null || this.#ended) return;
    this.since = this.#clock.passed() - this.#held;
    this.#held = null;
    this.#wait();
  }

  end(): void {
    this.#ended = true;
    this.#takeBack();
  }

  #wait(): void {
    if (this.#ended) return;
    const left = this.#length - (this.#clock.passed() - this.since);
    if (left <= 0) this.#ring();
    else this.#takeBack = this.#clock.after(Math.min(left, LONGEST_WAIT), () => this.#wait());
  }
}
