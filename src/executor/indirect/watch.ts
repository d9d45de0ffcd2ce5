import type { Scene } from '../perform.ts';
import { quietly } from '../quietly.ts';
import type { Run } from '../run.ts';
import { LitRun } from './lit-run.ts';
import { LockWait } from './lock-wait.ts';
import type { Share } from './shares.ts';

/** Between two looks whether a program that says nothing has read its ambient file, ms. */
const between = 10;

/**
 * Sees when a program has read its ambient file: others may write from then on. rpict says how far it is as soon as it
 * has; a user's rpict or rtrace may say nothing, so it is looked at.
 */
export class Watch {
  /** What the program is to be run in. */
  readonly scene: Scene;
  readonly #share: Share;
  readonly #clock: Scene['clock'];
  #isOver = false;
  #run: LitRun | null = null;
  #lockWait: LockWait | null = null;
  #stray: string | null = null;
  #judged: Promise<void> | null = null;
  #takeBack = () => {};

  constructor(share: Share, scene: Scene) {
    this.#share = share;
    this.#clock = scene.clock;
    this.scene = {
      ...scene,
      rein: (run) => this.#rein(run),
      started: (pid) => {
        scene.started(pid);
        // What we plan ourselves is told to speak.
        if (scene.task.step === 'frame') this.#look(pid);
      },
      progressed: (fraction) => {
        this.#opened();
        scene.progressed(fraction);
      },
    };
  }

  /** Why it was ended, if it hung; else null. */
  get hung(): string | null {
    return this.#lockWait?.why ?? null;
  }

  /** Why what it has loaded may not be what its ambient file belongs to, a sentence; null if it is. */
  get stray(): string | null {
    return this.#stray;
  }

  #rein(run: Run): Run {
    const lit = new LitRun(run, this.#share, this.#clock);
    this.#run = lit;
    if (this.#stray !== null) lit.stop();
    this.#lockWait = new LockWait(
      this.#clock,
      () => this.#share.keeperFrom(run.pid),
      () => lit.stop(),
    );
    return lit;
  }

  /** The program is gone. One that was quick may not have been seen to read. */
  async close(): Promise<void> {
    this.#end();
    this.#lockWait?.close();
    if (this.#judged) await this.#judged;
    else this.#stray = await this.#share.origin.trouble();
  }

  #end(): void {
    this.#isOver = true;
    this.#takeBack();
  }

  #opened(): void {
    if (this.#isOver) return;
    this.#end();
    this.#judged = this.#judge();
  }

  /** The light of what else it has loaded must not come to that of others: while they are kept from writing, so is it. */
  async #judge(): Promise<void> {
    this.#stray = await this.#share.origin.trouble();
    if (this.#stray !== null) this.#run?.stop();
    else quietly(() => this.#share.opened());
  }

  #look(pid: number): void {
    if (this.#isOver) return;
    if (this.#hasRead(pid)) this.#opened();
    else this.#takeBack = this.#clock.after(between, () => this.#look(pid));
  }

  /** Where its disk fails, whoever waits for it has a time limit. */
  #hasRead(pid: number): boolean {
    try {
      return this.#share.hasRead(pid);
    } catch {
      return false;
    }
  }
}
