import { closeSync, constants, openSync, statfsSync } from 'node:fs';
import type { Cell } from '../cell.ts';
import type { Clock } from '../clock.ts';
import { quietly } from '../quietly.ts';
import { isMounted } from './mounted.ts';

/** How long a cell stays that nobody uses, ms, and how many of these there may be. */
const IDLE = 60_000;
const MOST_IDLE = 16;
/** A file system that hangs must not keep others waiting, ms. */
const PATIENCE = 30_000;
/** How often a cell that has ended meanwhile is made anew for one who waits. */
const MOST_TRIES = 3;
/** Between two looks at how full its /tmp is, or whether its project is still mounted, ms. */
const LOOK = 5000;

/** What is seen in a cell. */
export interface Shown {
  /** Names it. */
  readonly key: string;
  /** As its users name it. */
  readonly project: string;
  /** That the project lies on. */
  readonly device: bigint;
}

/** How things are, at the moment. */
export interface Looks {
  /** @param tmp descriptor */
  readonly isHalfFull: (tmp: number) => boolean;
  /** Whether a file system with this device is mounted here, by the name that the kernel has for it. */
  readonly isMounted: (device: bigint) => boolean;
}

/** A stay in a cell. */
export interface Stay {
  readonly cell: Pick<Cell, 'number'>;
  /** Descriptor of the cell's own /tmp, valid until we leave. */
  readonly tmp: number;
  leave(): void;
}

interface Kept {
  readonly shown: Shown;
  /** By its device, which is not what every file system calls itself. */
  readonly isMount: boolean;
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
  readonly #looks: Looks;
  readonly #cells = new Map<string, Promise<Kept>>();
  /** Those that nobody uses, the one unused longest first. */
  readonly #idle = new Set<Kept>();
  /** Those that may be entered. */
  readonly #open = new Set<Kept>();

  constructor(clock: Clock, looks: Looks = { isHalfFull, isMounted }) {
    this.#clock = clock;
    this.#looks = looks;
  }

  /**
   * @throws whatever `open` throws; Error if that takes too long, or its cell ends at once again and again
   */
  async enter(shown: Shown, open: () => Promise<Cell>): Promise<Stay> {
    for (let tries = 1; ; tries++) {
      const kept = await this.#find(shown, open);
      if (this.#isFull(kept)) this.#retire(kept);
      // It may have ended, or been closed by another who came when we did.
      if (!kept.gone) return this.#stay(kept);
      if (tries === MOST_TRIES) throw new Error('it ends as soon as it is made');
    }
  }

  /** Nobody enters a cell of this project any more, and those that nobody uses are closed. */
  retire(project: string): void {
    for (const kept of this.#open) if (kept.shown.project === project) this.#retire(kept);
  }

  #find(shown: Shown, open: () => Promise<Cell>): Promise<Kept> {
    const { key } = shown;
    const known = this.#cells.get(key);
    if (known) return known;
    const made = this.#make(shown, open);
    this.#cells.set(key, made);
    made.catch(() => this.#cells.delete(key));
    return made;
  }

  async #make(shown: Shown, open: () => Promise<Cell>): Promise<Kept> {
    const cell = await this.#inTime(open());
    let tmp: number;
    try {
      tmp = openSync(`/proc/${cell.pid}/root/tmp`, constants.O_RDONLY | constants.O_DIRECTORY);
    } catch (error) {
      cell.close();
      throw error;
    }
    const isMount = this.#looks.isMounted(shown.device);
    const kept = { shown, isMount, cell, tmp, users: 0, gone: false, lookedAt: this.#clock.passed(), stay: () => {} };
    this.#open.add(kept);
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
    this.#keep(kept, this.#clock.passed() + IDLE);
    const [oldest] = this.#idle;
    if (this.#idle.size > MOST_IDLE && oldest) this.#retire(oldest);
  }

  /** Nobody uses it: it stays until then at most, and no longer than its project is mounted here, which it would hold. */
  #keep(kept: Kept, until: number): void {
    kept.stay = this.#clock.after(Math.min(until - this.#clock.passed(), LOOK), () => {
      const holds = kept.isMount && !this.#looks.isMounted(kept.shown.device);
      if (holds || this.#clock.passed() >= until) this.#retire(kept);
      else this.#keep(kept, until);
    });
  }

  /** Nobody enters it any more. What its simulations left in /tmp goes with it. */
  #retire(kept: Kept): void {
    if (kept.gone) return;
    kept.gone = true;
    this.#cells.delete(kept.shown.key);
    this.#open.delete(kept);
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
    return this.#looks.isHalfFull(kept.tmp);
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
