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
  #lockWait: LockWait | null = null;
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

  #rein(run: Run): Run {
    const lit = new LitRun(run, this.#share, this.#clock);
    this.#lockWait = new LockWait(
      this.#clock,
      () => this.#share.keeperFrom(run.pid),
      () => lit.stop(),
    );
    return lit;
  }

  /** The program is gone. */
  close(): void {
    this.#end();
    this.#lockWait?.close();
  }

  #end(): void {
    this.#isOver = true;
    this.#takeBack();
  }

  #opened(): void {
    if (this.#isOver) return;
    this.#end();
    quietly(() => this.#share.opened());
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
