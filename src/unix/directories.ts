import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { lastError, libc, systemError } from './libc.ts';

const AT_EMPTY_PATH = 0x1000;
const AT_STATX_FORCE_SYNC = 0x2000;
const STATX_BASIC_STATS = 0x7ff;
const STATX_BYTES = 256;

/**
 * Makes a directory and those above it that are missing, with `mode` less the umask; those that exist are fine.
 * Node's own `recursive` never returns where a directory refuses children with ENOENT, as /proc does.
 * @returns whether the directory itself is new
 */
export function makeWithParents(directory: string, mode: number): boolean {
  try {
    mkdirSync(directory, { mode });
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return false;
    const parent = dirname(directory);
    if (code !== 'ENOENT' || parent === directory) throw error;
    if (!makeWithParents(parent, mode)) throw error;
    mkdirSync(directory, { mode });
    return true;
  }
}

/**
 * Asks a file server what the open directory is like now. Without this the kernel believes for up to a minute what it
 * knows of names in it, even of those that are not there: who makes a file anew would empty one that another host has
 * just made.
 */
export function refreshDirectory(fd: number): void {
  const flags = AT_EMPTY_PATH | AT_STATX_FORCE_SYNC;
  if (libc.statx(fd, '', flags, STATX_BASIC_STATS, Buffer.alloc(STATX_BYTES)) < 0)
    throw systemError(lastError(), 'statx');
}
