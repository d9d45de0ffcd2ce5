import { closeSync, constants, fstatSync, ftruncateSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs';
import { reasonOf } from '../log/file.ts';
import { tryLock } from '../unix/locks.ts';
import { messages } from './messages.ts';
import { Stop } from './stop.ts';

/** Digits of the largest process id that Linux gives, and a newline. */
const longestPid = 8;

/**
 * Opens a file for a process id, without a word in it yet: root opens one in /run before the user is changed, and the
 * server writes it when it serves.
 * @throws Stop also where something lies that no daemon left there
 */
export function openPidFile(path: string): number {
  try {
    const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK;
    const fd = openSync(path, flags, 0o644);
    const fault = faultOf(fd);
    if (fault === null) return fd;
    closeSync(fd);
    throw new Error(fault);
  } catch (error) {
    throw new Stop(messages.pidFile(path, reasonOf(error)), { logged: true, cause: error });
  }
}

/** What is emptied here may be somebody's work, by a slip or by a trick: only what a daemon left behind is ours. */
function faultOf(fd: number): string | null {
  const stats = fstatSync(fd);
  if (!stats.isFile()) return 'it is no regular file';
  if (stats.nlink > 1) return 'it has other names, too';
  const start = Buffer.alloc(longestPid + 1);
  const length = readSync(fd, start, 0, start.length, 0);
  return /^([0-9]+\n?)?$/.test(start.toString('latin1', 0, length)) && length <= longestPid
    ? null
    : 'it holds something else';
}

export function writePid(fd: number): void {
  ftruncateSync(fd, 0);
  writeSync(fd, `${process.pid}\n`, 0);
}

/** Removes the file, or, in a directory where this user may not, empties it. */
export function removePid(path: string, fd: number): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') ftruncateSync(fd, 0);
  }
  closeSync(fd);
}

/** Removes a file that was opened for nothing; one with a process id in it is another daemon's. */
export function removeUnusedPid({ path, fd }: { path: string; fd: number }): void {
  if (fstatSync(fd).size === 0) removePid(path, fd);
}

/**
 * Holds the home's own pid file: two daemons on one store would run every job twice. The lock ends with the process.
 * @throws Stop if another daemon has it
 */
export function holdHome(home: { path: string; pidFile: string }, warn: (text: string) => void): number {
  for (;;) {
    const fd = openPidFile(home.pidFile);
    if (!locks(fd, home.pidFile, warn)) {
      closeSync(fd);
      throw new Stop(messages.homeInUse(home.path));
    }
    // A daemon that has just ended may have removed the file after we opened it.
    if (fstatSync(fd).nlink > 0) return fd;
    closeSync(fd);
  }
}

function locks(fd: number, path: string, warn: (text: string) => void): boolean {
  try {
    return tryLock(fd);
  } catch (error) {
    // File systems without locks exist; then only the port keeps two daemons apart.
    warn(`cannot lock ${path}: ${reasonOf(error)}`);
    return true;
  }
}
