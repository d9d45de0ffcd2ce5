import { closeSync, constants, openSync, statfsSync } from 'node:fs';
import type { Cell } from '../cell.ts';
import type { Clock } from '../clock.ts';
import { quietly } from '../quietly.ts';

/** How long a cell stays that nobody uses, ms, and how many of these there may be. */
const IDLE = 60_000;
const MOST_IDLE = 16;
/** A file system that hangs must not keep others waiting, ms. */
const PATIENCE = 30_000;
/** How often a cell that has ended meanwhile is made anew for one who waits. */
const MOST_TRIES = 3;
/** Between two looks at how full its /tmp is, ms. */
const LOOK = 5000;

/** A stay in a cell. */
export interface Stay {
  readonly cell: Pick<Cell, 'number'>;
  /** Descriptor of the cell's own /tmp, valid until we leave. */
  readonly tmp: number;
  leave(): void;
}

interface Kept {
  readonly key: string;
  readonly cell: Cell;
  readonly tmp: number;
  users: number;
  gone: boolean;
  lookedAt: number;
  /** Takes back that it is closed soon, if it is. */
  stay: () => void;
}

/** The cells of this host, each for one project and what is seen there: made when needed, kept a while. */
export class Cells {
  readonly #clock: Clock;
  readonly #isHalfFull: (tmp: number) => boolean;
  readonly #cells = new Map<string, Promise<Kept>>();
  /** Those that nobody uses, the one unused longest first. */
  readonly #idle = new Set<Kept>();

  constructor(clock: Clock, isFull = isHalfFull) {
    this.#clock = clock;
    this.#isHalfFull = isFull;
  }

  /**
   * @param key names what is seen in it
   * @throws whatever `open` throws; Error if that takes too long, or its cell ends at once again and again
   */
  async enter(key: string, open: () => Promise<Cell>): Promise<Stay> {
    for (let tries = 1; ; tries++) {
      const kept = await this.#find(key, open);
      if (this.#isFull(kept)) this.#retire(kept);
      // It may have ended, or been closed by another who came when we did.
      if (!kept.gone) return this.#stay(kept);
      if (tries === MOST_TRIES) throw new Error('it ends as soon as it is made');
    }
  }

  #find(key: string, open: () => Promise<Cell>): Promise<Kept> {
    const known = this.#cells.get(key);
    if (known) return known;
    const made = this.#make(key, open);
    this.#cells.set(key, made);
    made.catch(() => this.#cells.delete(key));
    return made;
  }

  async #make(key: string, open: () => Promise<Cell>): Promise<Kept> {
    const cell = await this.#inTime(open());
    let tmp: number;
    try {
      tmp = openSync(`/proc/${cell.pid}/root/tmp`, constants.O_RDONLY | constants.O_DIRECTORY);
    } catch (error) {
      cell.close();
      throw error;
    }
    const kept = { key, cell, tmp, users: 0, gone: false, lookedAt: this.#clock.passed(), stay: () => {} };
    void cell.ended.then(() => this.#retire(kept));
    return kept;
  }

  async #inTime(opening: Promise<Cell>): Promise<Cell> {
    let takeBack = () => {};
    const late = new Promise<never>((_, fail) => {
      takeBack = this.#clock.after(PATIENCE, () => {
        fail(new Error(`bubblewrap was not ready after ${PATIENCE / 1000} seconds; does a file system hang?`));
        opening.then(
          (cell) => cell.close(),
          () => {},
        );
      });
    });
    try {
      return await Promise.race([opening, late]);
    } finally {
      takeBack();
    }
  }

  #stay(kept: Kept): Stay {
    kept.stay();
    kept.users += 1;
    this.#idle.delete(kept);
    let isOver = false;
    const leave = () => {
      if (!isOver) this.#leave(kept);
      isOver = true;
    };
    return { cell: kept.cell, tmp: kept.tmp, leave };
  }

  #leave(kept: Kept): void {
    kept.users -= 1;
    if (kept.users > 0) return;
    if (kept.gone) {
      this.#close(kept);
      return;
    }
    this.#idle.add(kept);
    kept.stay = this.#clock.after(IDLE, () => this.#retire(kept));
    const [oldest] = this.#idle;
    if (this.#idle.size > MOST_IDLE && oldest) this.#retire(oldest);
  }

  /** Nobody enters it any more. What its simulations left in /tmp goes with it. */
  #retire(kept: Kept): void {
    if (kept.gone) return;
    kept.gone = true;
    this.#cells.delete(kept.key);
    this.#idle.delete(kept);
    kept.stay();
    if (kept.users === 0) this.#close(kept);
  }

  #close(kept: Kept): void {
    closeSync(kept.tmp);
    kept.cell.close();
  }

  /** Simulations leave files there, which would be in the way of later ones for as long as there are any. */
  #isFull(kept: Kept): boolean {
    const now = this.#clock.passed();
    if (kept.gone || now - kept.lookedAt < LOOK) return false;
    kept.lookedAt = now;
    return this.#isHalfFull(kept.tmp);
  }
}

function isHalfFull(tmp: number): boolean {
  let full = false;
  quietly(() => {
    const { bavail, blocks } = statfsSync(`/proc/self/fd/${tmp}`);
    full = bavail < blocks / 2;
  });
  return full;
}
