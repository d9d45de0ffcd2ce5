import { closeSync, constants, fstatSync, type Stats } from 'node:fs';
import { isSame, type Place } from '../../ambient/place.ts';
import { type GateClock, GateError, Patience } from '../../ambient/waiting.ts';

/** Of the file that says that somebody is at it. */
const more = '.merging';
/** How long somebody may be at it, ms; then he is taken for dead. To add a gigabyte takes 20 s. */
const longest = 60_000;
/** How long to wait for all who come first, ms. */
const patience = 180_000;

/**
 * Does something to a file where locks do not hold, and no other host meanwhile: each first makes a file that must not be
 * there yet, and removes it afterwards. One that a dead host has left is removed by whoever waits for it long enough.
 * @param giveUp asked now and then while it waits
 * @throws GateError `locked` where too many come first, or `given up`
 */
export async function oneAtATime<T>(
  place: Place,
  clock: GateClock,
  deed: () => Promise<T>,
  giveUp = () => false,
): Promise<T> {
  const turn = new MadeFile(place, clock);
  if (!(await new Patience(clock, patience, giveUp).until(() => turn.tryMake())))
    throw new GateError('locked', `${place.path} is being added to by others; nobody came in for too long.`);
  try {
    return await deed();
  } finally {
    turn.remove();
  }
}

class MadeFile {
  readonly #place: Place;
  readonly #clock: GateClock;
  #mine: Stats | null = null;
  /** That of another, and since when it has been seen. */
  #other: { readonly stats: Stats; readonly since: number } | null = null;

  constructor(place: Place, clock: GateClock) {
    this.#place = place;
    this.#clock = clock;
  }

  /** With it comes what others have done. */
  tryMake(): boolean {
    this.#place.refresh();
    if (this.#isLeft()) this.#place.remove(more);
    try {
      const fd = this.#place.open(more, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL);
      this.#mine = fstatSync(fd);
      closeSync(fd);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
      throw error;
    }
    this.#place.refresh();
    return true;
  }

  /** Not that of another who took this one for left. */
  remove(): void {
    const there = this.#place.look(more);
    if (there && this.#mine && isOne(there, this.#mine)) this.#place.remove(more);
  }

  #isLeft(): boolean {
    const stats = this.#place.look(more);
    const now = this.#clock.passed();
    if (stats === null) this.#other = null;
    else if (!this.#other || !isOne(this.#other.stats, stats)) this.#other = { stats, since: now };
    return this.#other !== null && now - this.#other.since >= longest;
  }
}

/** A number is given again to the next file. */
function isOne(one: Stats, other: Stats): boolean {
  return isSame(one, other) && one.mtimeMs === other.mtimeMs;
}
