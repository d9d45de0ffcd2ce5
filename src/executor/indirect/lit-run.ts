import type { Passage } from '../../ambient/passage.ts';
import { standsStill } from '../../ambient/reading.ts';
import type { Clock } from '../clock.ts';
import type { Run } from '../run.ts';

/** Between two looks whether a process stands still, ms. */
const between = 2;

/**
 * A program that uses an ambient file. It is paused and ended only while it cannot be in the middle of a write: it would
 * leave half of its values, or keep its lock from all others.
 */
export class LitRun implements Run {
  readonly pid: number;
  readonly ended: Run['ended'];
  readonly #run: Run;
  readonly #passage: Pick<Passage, 'alone'>;
  readonly #clock: Clock;
  readonly #standsStill: (pid: number) => boolean;
  #held = false;
  #over = false;
  /** One after another: each waits for its lock. */
  #last: Promise<void> = Promise.resolve();

  constructor(run: Run, passage: Pick<Passage, 'alone'>, clock: Clock, still = standsStill) {
    this.#run = run;
    this.#passage = passage;
    this.#clock = clock;
    this.#standsStill = still;
    this.pid = run.pid;
    this.ended = run.ended.finally(() => {
      this.#over = true;
    });
  }

  /** At once, however it was asked for: told to end, Radiance would write what it has over the values of others. */
  stop(): void {
    // A pause that still waits for its moment does not keep the end from coming.
    this.#held = false;
    this.#do('end', async () => {
      this.#run.stop('at once');
      await this.ended;
    });
  }

  pause(): void {
    this.#held = true;
    this.#do('pause', async () => {
      // It may have been let go while this waited for the lock.
      if (!this.#held) return;
      this.#run.pause();
      while (this.#held && !this.#over && !this.#standsStill(this.pid))
        await new Promise<void>((settle) => this.#clock.after(between, settle));
    });
  }

  resume(): void {
    this.#held = false;
    this.#run.resume();
  }

  #do(manner: 'end' | 'pause', deed: () => Promise<void>): void {
    const isWanted = () => !this.#over && (manner === 'end' || this.#held);
    this.#last = this.#last.then(async () => {
      if (!isWanted()) return;
      let isDone = false;
      const once = async () => {
        isDone = true;
        await deed();
      };
      // Where the file's disk is away, a simulation can be ended all the same.
      await this.#passage.alone(once, manner, isWanted).catch(() => {});
      if (!isDone && isWanted()) await deed();
    });
  }
}
