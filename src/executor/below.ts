import {
  close,
  closeSync,
  constants,
  fstatSync,
  fsync,
  linkSync,
  lstatSync,
  openSync,
  readdirSync,
  renameSync,
  type Stats,
  unlinkSync,
} from 'node:fs';
import { posix } from 'node:path';
import { promisify } from 'node:util';
import { makeDirectoryBeneath, O_PATH, openBeneath } from '../unix/walk.ts';
import { FileError, named, naming } from './file-error.ts';

const toDisk = promisify(fsync);
const closeFile = promisify(close);

/**
 * Work on files of a project, all by descriptor: paths are relative to the directory and never lead out of it.
 * Errors are a FileError with the system's `code`.
 */

/**
 * Makes a file anew, open for reading and writing. What had the name before is unlinked, not changed: it may be
 * somebody else's, or a link.
 */
export function makeFresh(directory: number, path: string): number {
  return inParent(directory, path, makeAnew);
}

/** The same in a directory that is open: `name` is the file's, `path` what errors call it. */
export function createAt(parent: number, name: string, path: string): number {
  requireName(name, path);
  return naming(path, () => makeAnew(`/proc/self/fd/${parent}/${name}`));
}

/** Opens a regular file for reading; anything else is refused with the code EINVAL, without waiting for a pipe's writer. */
export function openRegular(directory: number, path: string): { fd: number; stats: Stats } {
  const flags = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY;
  const fd = naming(path, () => openBeneath(directory, path, flags));
  const stats = fstatSync(fd);
  if (stats.isFile()) return { fd, stats };
  closeSync(fd);
  throw new FileError(path, 'EINVAL', 'not a regular file');
}

/**
 * For a file that a program opens and writes by its name: it must be missing, or regular and have no other name, so
 * that nothing else is written to, and nobody waits for a pipe's reader.
 */
export function requirePlainFile(directory: number, path: string): void {
  inParent(directory, path, (entry) => {
    const stats = lstatSync(entry, { throwIfNoEntry: false });
    if (stats && !stats.isFile()) throw new FileError(path, 'EINVAL', 'not a regular file; remove it');
    if (stats && stats.nlink > 1)
      throw new FileError(path, 'EMLINK', 'the file has another name, too; remove this one');
  });
}

export function renameBelow(directory: number, from: string, to: string): void {
  inParent(directory, from, (old) => inParent(directory, to, (name) => renameSync(old, name)));
}

/**
 * Gives a file a second name, which must be free.
 * @throws FileError with code EPERM, ENOTSUP, EMLINK ... where the file system has none
 */
export function linkBelow(directory: number, from: string, to: string): void {
  inParent(directory, from, (old) => inParent(directory, to, (name) => linkSync(old, name)));
}

/** What has this name, itself and not what a link leads to; null if nothing has. */
export function lookBelow(directory: number, path: string): Stats | null {
  try {
    return inParent(directory, path, (entry) => lstatSync(entry));
  } catch (error) {
    if ((error as FileError).code === 'ENOENT') return null;
    throw error;
  }
}

/** The paths of all that lies in the directory of a file. */
export function besideBelow(directory: number, path: string): string[] {
  const names = inParent(directory, path, (entry) => readdirSync(posix.dirname(entry)));
  return names.map((name) => posix.join(posix.dirname(path), name));
}

/** Settles when the content of a regular file is on disk; anything else is left alone. */
export async function fileToDisk(directory: number, path: string): Promise<void> {
  if (!lookBelow(directory, path)?.isFile()) return;
  await entryToDisk(directory, path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
}

/** Settles when all that happened to names in the directories of these files is on disk. */
export async function namesToDisk(directory: number, paths: readonly string[]): Promise<void> {
  for (const parent of new Set(paths.map((path) => posix.dirname(path))))
    await entryToDisk(directory, parent, constants.O_RDONLY | constants.O_DIRECTORY);
}

async function entryToDisk(directory: number, path: string, flags: number): Promise<void> {
  let fd: number;
  try {
    fd = openBeneath(directory, path, flags);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw named(path, error);
  }
  try {
    await toDisk(fd);
  } catch (error) {
    throw named(path, error);
  } finally {
    await closeFile(fd);
  }
}

/** Removes a file; one that is not there is fine. */
export function removeBelow(directory: number, path: string): void {
  try {
    inParent(directory, path, unlinkIfThere);
  } catch (error) {
    if ((error as FileError).code !== 'ENOENT') throw error;
  }
}

export function makeDirectory(directory: number, path: string): void {
  closeSync(naming(path, () => makeDirectoryBeneath(directory, path)));
}

/** Calls `deed` with a name of the file that goes through the descriptor of its directory. */
function inParent<T>(directory: number, path: string, deed: (entry: string) => T): T {
  const name = posix.basename(path);
  requireName(path.endsWith('/') ? '' : name, path);
  return naming(path, () => {
    const parent = openBeneath(directory, posix.dirname(path), O_PATH | constants.O_DIRECTORY);
    try {
      return deed(`/proc/self/fd/${parent}/${name}`);
    } finally {
      closeSync(parent);
    }
  });
}

function requireName(name: string, path: string): void {
  if (name === '' || name === '.' || name === '..' || name.includes('/')) {
    throw new FileError(path, 'EINVAL', "not a file's name");
  }
}

const anew = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

/** Most files are not there yet, so nothing is unlinked before that is known. */
function makeAnew(entry: string): number {
  try {
    return openSync(entry, anew, 0o664);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  unlinkIfThere(entry);
  return openSync(entry, anew, 0o664);
}

function unlinkIfThere(entry: string): void {
  try {
    unlinkSync(entry);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
