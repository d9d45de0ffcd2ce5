import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import { systemError } from '../../unix/libc.ts';
import { O_PATH, openUnlinked } from '../../unix/walk.ts';
import type { Place } from './messages.ts';

const ESTALE = 116;
const DIRECTORIES = 16;
const elsewhere = new Set(['ENOENT', 'ENOTDIR', 'ELOOP']);

/** Opens the very file that procwrap holds. @throws NodeJS.ErrnoException ESTALE where its path leads elsewhere now */
export function openFile(place: Place, flags: number): number {
  // Opened for good only when it is known to be the file: anything else might keep us waiting.
  const found = find(place, 0);
  try {
    return openSync(`/proc/self/fd/${found}`, flags | constants.O_NOCTTY);
  } finally {
    closeSync(found);
  }
}

/** The last few directories, which stay open: a thousand tasks in one project open it once. */
export class Directories {
  readonly #open = new Map<string, number>();

  get size(): number {
    return this.#open.size;
  }

  /** @throws NodeJS.ErrnoException ESTALE where its path leads elsewhere now */
  open(place: Place): number {
    const key = `${place.device} ${place.inode} ${place.path}`;
    const known = this.#open.get(key);
    if (known !== undefined) return known;
    const fd = find(place, constants.O_DIRECTORY);
    if (this.#open.size === DIRECTORIES) this.closeAll();
    this.#open.set(key, fd);
    return fd;
  }

  /** So that nobody is kept from unmounting a disk. */
  closeAll(): void {
    for (const fd of this.#open.values()) closeSync(fd);
    this.#open.clear();
  }
}

function find(place: Place, flags: number): number {
  const fd = open(place.path, flags);
  const { dev, ino } = fstatSync(fd, { bigint: true });
  if (dev === place.device && ino === place.inode) return fd;
  closeSync(fd);
  throw systemError(ESTALE, 'open', place.path);
}

function open(path: string, flags: number): number {
  try {
    return openUnlinked(path, flags | O_PATH);
  } catch (error) {
    if (!elsewhere.has((error as NodeJS.ErrnoException).code ?? '')) throw error;
    throw systemError(ESTALE, 'open', path);
  }
}
