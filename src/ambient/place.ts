import { closeSync, constants, lstatSync, openSync, renameSync, type Stats, unlinkSync } from 'node:fs';
import { posix } from 'node:path';
import { getSystemErrorMessage } from 'node:util';
import { refreshDirectory } from '../unix/directories.ts';
import { makeDirectoryBeneath } from '../unix/walk.ts';
import { GateError } from './waiting.ts';

/**
 * Where an ambient file is: its directory, held open, and its name there. Files beside it have its name and something
 * more. No link is followed.
 */
export class Place {
  /** As its user knows it. */
  readonly path: string;
  readonly #directory: number;
  readonly #name: string;

  /** @param path below the directory; directories on the way are made */
  constructor(directory: number, path: string) {
    this.path = path;
    this.#name = posix.basename(path);
    try {
      this.#directory = makeDirectoryBeneath(directory, posix.dirname(path));
    } catch (error) {
      throw this.unusable(error);
    }
  }

  /** The descriptor is not inherited by what this process starts. */
  open(more: string, flags: number): number {
    const safe = constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY;
    return openSync(this.#at(more), flags | safe, 0o664);
  }

  /** What has the name, itself and not what a link leads to; null if nothing has. */
  look(more: string): Stats | null {
    return lstatSync(this.#at(more), { throwIfNoEntry: false }) ?? null;
  }

  rename(from: string, to: string): void {
    renameSync(this.#at(from), this.#at(to));
  }

  /** What is not there is fine. */
  remove(more: string): void {
    try {
      unlinkSync(this.#at(more));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }

  /** An error of the system as one that names the file and not a descriptor. */
  unusable(error: unknown, more = ''): unknown {
    const { code, errno } = error as NodeJS.ErrnoException;
    if (error instanceof GateError || errno === undefined) return error;
    const why = code === 'ELOOP' ? 'it is a link' : getSystemErrorMessage(errno);
    return new GateError('unusable', `${this.path}${more} cannot be shared: ${why}.`);
  }

  /** From now on names are those that other hosts see, too. In one's turn: before it others may change them. */
  refresh(): void {
    refreshDirectory(this.#directory);
  }

  close(): void {
    closeSync(this.#directory);
  }

  #at(more: string): string {
    return `/proc/self/fd/${this.#directory}/${this.#name}${more}`;
  }
}

export function isSame(one: Pick<Stats, 'dev' | 'ino'>, other: Pick<Stats, 'dev' | 'ino'>): boolean {
  return one.dev === other.dev && one.ino === other.ino;
}
