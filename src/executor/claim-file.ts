import { closeSync, constants, fstatSync, openSync, readSync, type Stats, writeSync } from 'node:fs';
import { isSame, Place } from '../ambient/place.ts';
import { tryLock } from '../unix/locks.ts';
import { FileError, naming } from './file-error.ts';

/** Who makes something: the name of the host, the number of the process, and the home that it serves. */
export interface Maker {
  readonly host: string;
  readonly pid: number;
  readonly home: string;
}

/** Why one cannot have it now: `by` others who make it, as far as they are known. */
export interface Refused {
  readonly by: Maker | null;
  /** They were killed: what they ran may take a moment to end. */
  readonly ended: boolean;
}

/** Others may make and remove the file between opening and locking it, time and again; hardly as often. */
const mostTries = 100;
/** More than any maker takes, bytes: a host's name, a number and a path. */
const longest = 5000;

/**
 * A file in the project with a lock on it for as long as somebody makes a thing. It is there for that time only: who has
 * the lock removes it, and a lock counts only on what still has the name. Who is killed leaves it, without the lock.
 */
export class ClaimFile {
  readonly #place: Place;
  readonly #fd: number;

  private constructor(place: Place, fd: number) {
    this.#place = place;
    this.#fd = fd;
  }

  /**
   * At once. What others left who were killed is ours the next time, when `seen` names them: nobody here knows when the
   * last of their programs is gone. What we left ourselves is ours now.
   * @throws FileError
   */
  static take(directory: number, path: string, own: Maker, seen: Maker | null = null): ClaimFile | Refused {
    const place = naming(path, () => new Place(directory, path));
    try {
      const got = naming(path, () => takeAt(place, own, seen));
      if (typeof got === 'number') return new ClaimFile(place, got);
      place.close();
      return got;
    } catch (error) {
      place.close();
      throw error;
    }
  }

  /** Others may have it. */
  release(): void {
    try {
      this.#place.remove('');
    } finally {
      closeSync(this.#fd);
      this.#place.close();
    }
  }
}

function takeAt(place: Place, own: Maker, seen: Maker | null): number | Refused {
  for (let tries = 0; tries < mostTries; tries++) {
    const fd = open(place);
    if (fd === null) return { by: null, ended: false };
    let got: Refused | boolean = false;
    try {
      requirePlain(place, fstatSync(fd));
      got = settle(place, fd, own, seen);
    } finally {
      if (got !== true) closeSync(fd);
    }
    if (got === true) return fd;
    if (got !== false) return got;
  }
  return { by: null, ended: false };
}

/** Null: it is of a user who lets nobody else write to his files. */
function open(place: Place): number | null {
  try {
    return place.open('', constants.O_RDWR | constants.O_CREAT);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EACCES' && place.look('') !== null) return null;
    throw error;
  }
}

/** True: it is ours; false: it was removed just now. */
function settle(place: Place, fd: number, own: Maker, seen: Maker | null): Refused | boolean {
  if (!tryLock(fd)) return { by: read(fd), ended: false };
  place.refresh();
  const named = place.look('');
  if (named === null || !isSame(named, fstatSync(fd))) return false;
  const by = read(fd);
  // Their name stays: ours would be taken by others who wait for that of one who was killed.
  if (by !== null && !isOf(by, own) && !(seen !== null && isOf(by, seen) && by.pid === seen.pid))
    return { by, ended: true };
  try {
    write(fd, own);
  } catch (error) {
    place.remove('');
    throw error;
  }
  return true;
}

/** Whether it is one that was started before the other, or after it, or the same. */
function isOf(one: Maker, other: Maker): boolean {
  return one.host === other.host && one.home === other.home;
}

function requirePlain({ path }: Place, stats: Stats): void {
  if (!stats.isFile() || stats.nlink > 1) throw new FileError(path, 'EINVAL', 'not a plain file of ours; remove it');
}

function read(fd: number): Maker | null {
  const bytes = Buffer.alloc(longest);
  const text = bytes.toString('utf8', 0, readSync(fd, bytes, 0, longest, 0));
  const [, host, pid, home] = /^(\S+) (\d+) (.+)\n$/.exec(text) ?? [];
  return host === undefined || home === undefined ? null : { host, pid: Number(pid), home };
}

/** Closing is what sends it to a file server, where other hosts read it; the lock belongs to the other descriptor. */
function write(fd: number, { host, pid, home }: Maker): void {
  const writer = openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY | constants.O_TRUNC);
  try {
    writeSync(writer, `${host} ${pid} ${home}\n`);
  } finally {
    closeSync(writer);
  }
}
