import { closeSync, constants, fstatSync, readSync, type Stats } from 'node:fs';
import { type LockKind, tryLock, unlock } from '../unix/locks.ts';
import { type AmbientHeader, longestHeader, type NoHeader, readHeader } from './header.ts';
import { isSame, type Place } from './place.ts';
import { nameOfHeader } from './sidecar.ts';
import { GateError } from './waiting.ts';

/** Why a file is opened for reading only. */
const readOnly = ['EACCES', 'EPERM', 'EROFS'];

/** An ambient file, open. Its locks are those that Radiance takes: on the whole file. */
export class AmbientFile {
  readonly fd: number;
  /** Radiance, as the same user, can write to it, too. */
  readonly writable: boolean;
  readonly #place: Place;

  private constructor(place: Place, fd: number, writable: boolean) {
    this.#place = place;
    this.fd = fd;
    this.writable = writable;
  }

  /**
   * Null if there is none.
   * @throws GateError `unusable` for a link, a directory, a pipe, or a file with a second name: who shares it by that
   *   one would not be seen
   */
  static open(place: Place): AmbientFile | null {
    try {
      const file = AmbientFile.#open(place);
      const stats = file?.stats;
      const problem = stats?.isFile() === false ? 'it is no regular file' : 'it has another name, too';
      if (!file || (stats?.isFile() && stats.nlink <= 1)) return file;
      file.close();
      throw new GateError('unusable', `${place.path} cannot be shared: ${problem}.`);
    } catch (error) {
      throw place.unusable(error);
    }
  }

  static #open(place: Place): AmbientFile | null {
    try {
      return new AmbientFile(place, place.open('', constants.O_RDWR), true);
    } catch (error) {
      const { code = '' } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT') return null;
      if (!readOnly.includes(code)) throw error;
      return new AmbientFile(place, place.open('', constants.O_RDONLY), false);
    }
  }

  get stats(): Stats {
    return fstatSync(this.fd);
  }

  /** It is still what has the name: neither removed nor replaced. */
  get isThere(): boolean {
    const named = this.#place.look('');
    return named !== null && isSame(named, this.stats);
  }

  tryLock(kind: LockKind): boolean {
    return tryLock(this.fd, kind);
  }

  unlock(): void {
    unlock(this.fd);
  }

  /** With a hash of its bytes. Under a lock: Radiance writes it at once, but not before it has made the file. */
  header(): (AmbientHeader & { readonly name: string }) | NoHeader {
    const bytes = Buffer.alloc(longestHeader);
    const beginning = bytes.subarray(0, readSync(this.fd, bytes, 0, bytes.length, 0));
    const header = readHeader(beginning);
    return 'problem' in header ? header : { ...header, name: nameOfHeader(beginning.subarray(0, header.start)) };
  }

  close(): void {
    closeSync(this.fd);
  }
}
