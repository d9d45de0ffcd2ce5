import { closeSync, constants, fstatSync, fsyncSync, ftruncateSync, readSync, type Stats, writeSync } from 'node:fs';
import { tryLock, unlock } from '../unix/locks.ts';
import { isSame, type Place } from './place.ts';
import { isOurs, longestSidecar, readSidecar, type Sidecar, writeSidecar } from './sidecar.ts';
import { GateError } from './waiting.ts';

/** Whose turn it is to enter: one at a time, on all hosts. Whoever makes the file keeps it until the file is there. */
const turn = { start: 0, length: 1 };
/** Who uses the file: everybody who shares it, or one who puts another in its place. */
const use = { start: 1, length: 1 };

/**
 * The file beside an ambient file, with what that belongs to. It is never replaced or removed, because its locks say who
 * may enter: Radiance itself locks the ambient file, and only once it has made it.
 */
export class Door {
  static readonly more = '.json';
  readonly fd: number;
  readonly turn = turn;
  readonly #place: Place;

  constructor(place: Place) {
    this.#place = place;
    try {
      this.fd = place.open(Door.more, constants.O_RDWR | constants.O_CREAT);
    } catch (error) {
      throw place.unusable(error, Door.more);
    }
    const problem = this.#problem();
    if (problem === null) return;
    this.close();
    throw new GateError('unusable', `${place.path}${Door.more} ${problem}`);
  }

  /** Why it must not be written to. The user gave the ambient file its name, and may have a file of this one himself. */
  #problem(): string | null {
    const { stats } = this;
    if (!stats.isFile()) return 'is no regular file; remove it.';
    if (stats.nlink > 1) return 'has another name, too; remove this one.';
    if (isOurs(beginningOf(this.fd))) return null;
    return (
      'would say what the ambient file belongs to, but holds something else, which is not overwritten: ' +
      'move it away, or give the ambient file another name.'
    );
  }

  get stats(): Stats {
    return fstatSync(this.fd);
  }

  /** One for all who open the same file. */
  get key(): string {
    return `${this.stats.dev}:${this.stats.ino}`;
  }

  /** Nobody has removed it or put another in its place. */
  get isThere(): boolean {
    const named = this.#place.look(Door.more);
    return named !== null && isSame(named, this.stats);
  }

  /** With it comes what others have done in theirs. */
  tryTurn(): boolean {
    if (!tryLock(this.fd, 'write', turn)) return false;
    this.#place.refresh();
    return true;
  }

  endTurn(): void {
    unlock(this.fd, turn);
  }

  /** Until it is closed, nobody puts another file in place of the ambient file. Only in one's turn. */
  use(): void {
    tryLock(this.fd, 'read', use);
  }

  /** Whether nobody else uses the ambient file; then nobody does until {@link use}. Only in one's turn. */
  tryUseAlone(): boolean {
    return tryLock(this.fd, 'write', use);
  }

  read(): Sidecar | null {
    return sidecarIn(this.fd);
  }

  /**
   * In one's turn. Who is killed meanwhile leaves what {@link read} does not take; where the disk is full it stays as it
   * was.
   */
  write(sidecar: Sidecar): void {
    const bytes = Buffer.from(writeSidecar(sidecar));
    writeSync(this.fd, bytes, 0, bytes.length, 0);
    ftruncateSync(this.fd, bytes.length);
  }

  /** The ambient file was cut. In one's turn, and before others may look at it: other hosts see it at once. */
  noteCut(to: number): void {
    const sidecar = this.read();
    if (sidecar === null) return;
    this.write({ ...sidecar, cut: { to, at: new Date().toISOString() } });
    fsyncSync(this.fd);
  }

  close(): void {
    closeSync(this.fd);
  }
}

/** Without its locks, for who may only read: its writer is quick. */
export function lookBeside(place: Place): Sidecar | null {
  if (!place.look(Door.more)?.isFile()) return null;
  const fd = place.open(Door.more, constants.O_RDONLY);
  try {
    return sidecarIn(fd);
  } finally {
    closeSync(fd);
  }
}

function sidecarIn(fd: number): Sidecar | null {
  return readSidecar(beginningOf(fd).toString('utf8'));
}

function beginningOf(fd: number): Buffer {
  const bytes = Buffer.alloc(longestSidecar);
  return bytes.subarray(0, readSync(fd, bytes, 0, bytes.length, 0));
}
