import { closeSync, constants, fsyncSync, mkdirSync, openSync } from 'node:fs';
import { lastError, libc, systemError } from './libc.ts';

/**
 * Opening by descriptor: a path that was checked first can be exchanged before it is opened (tried: realpath and open
 * lost 79 of 78,000 races). Here the kernel itself refuses every way out of the directory.
 */

export const O_PATH = 0o10000000;
const O_CLOEXEC = 0o2000000;
const RESOLVE_NO_MAGICLINKS = 0x02;
const RESOLVE_NO_SYMLINKS = 0x04;
const RESOLVE_BENEATH = 0x08;
const RESOLVE_IN_ROOT = 0x10;
const BENEATH = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
const UNLINKED = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
const AT_FDCWD = -100;
const OPENAT2 = 437;
const EPERM = 1;
const EAGAIN = 11;
const EXDEV = 18;
const EINVAL = 22;
const ENOSYS = 38;

let kernelWalks = true;

/**
 * Opens `relative` below the directory with that descriptor. Links are followed as long as they stay below it; a way
 * out gives EXDEV. `mode` is for O_CREAT, less the umask. The descriptor is closed on exec.
 * @throws NodeJS.ErrnoException with code ENOENT, EXDEV, ELOOP, EACCES ...
 */
export function openBeneath(directory: number, relative: string, flags: number, mode = 0o664): number {
  if (kernelWalks) {
    const answer = openat2(directory, relative, flags, mode, BENEATH);
    if (typeof answer === 'number') return answer;
    // An old kernel says ENOSYS; a filter around the process (containers) says EPERM.
    if (answer.errno !== -ENOSYS && answer.errno !== -EPERM) throw answer;
    if (answer.errno === -ENOSYS) kernelWalks = false;
  }
  return openPartByPart(directory, relative, flags, mode);
}

/**
 * Opens an absolute path in which no part is a link.
 * @throws NodeJS.ErrnoException ELOOP or ENOTDIR where one is
 */
export function openUnlinked(path: string, flags: number): number {
  if (kernelWalks) {
    const answer = openat2(AT_FDCWD, path, flags, 0, UNLINKED);
    if (typeof answer === 'number') return answer;
    if (answer.errno !== -ENOSYS && answer.errno !== -EPERM) throw answer;
  }
  const root = openSync('/', O_PATH | constants.O_DIRECTORY);
  try {
    return openPartByPart(root, path.replace(/^\/+/, '') || '.', flags);
  } finally {
    closeSync(root);
  }
}

/**
 * Opens, as O_PATH, what a process with this root directory would find at an absolute path.
 * @throws NodeJS.ErrnoException ENOENT, EACCES ...; ENOSYS before Linux 5.6
 */
export function openInRoot(root: number, path: string): number {
  const answer = openat2(root, path, O_PATH, 0, RESOLVE_IN_ROOT);
  if (typeof answer !== 'number') throw answer;
  return answer;
}

/** As {@link openBeneath} without the kernel's help: every link is refused with ELOOP or ENOTDIR. */
export function openPartByPart(directory: number, relative: string, flags: number, mode = 0o664): number {
  const parts = partsOf(relative);
  const last = parts.pop() ?? '.';
  let at = directory;
  try {
    for (const part of parts) {
      const next = openSync(`/proc/self/fd/${at}/${part}`, O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW);
      leave(at, directory);
      at = next;
    }
    return openSync(`/proc/self/fd/${at}/${last}`, flags | constants.O_NOFOLLOW, mode);
  } finally {
    leave(at, directory);
  }
}

/**
 * Makes `relative` below the directory, part by part, and opens it for reading. Parts that exist are fine. New ones
 * get mode 775 less the umask and, in a setgid directory, its group and bit from the kernel (nothing is ever chmodded);
 * their names are on disk: a file in a directory that is lost with the power is lost, too.
 */
export function makeDirectoryBeneath(directory: number, relative: string): number {
  const wanted = constants.O_RDONLY | constants.O_DIRECTORY;
  try {
    return openBeneath(directory, relative, wanted);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  let at = directory;
  try {
    const parts = partsOf(relative);
    for (const [index, part] of parts.entries()) {
      makeHere(at, part);
      // From the top again: a link on the way may lead up and down again, as long as it stays below.
      const next = openBeneath(directory, parts.slice(0, index + 1).join('/'), O_PATH | constants.O_DIRECTORY);
      leave(at, directory);
      at = next;
    }
    return openBeneath(at, '.', wanted);
  } finally {
    leave(at, directory);
  }
}

function makeHere(parent: number, part: string): void {
  try {
    mkdirSync(`/proc/self/fd/${parent}/${part}`, 0o775);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return;
  }
  const fd = openSync(`/proc/self/fd/${parent}/.`, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** @throws EXDEV for an absolute path or one with `..`. */
function partsOf(relative: string): string[] {
  if (relative === '' || relative.includes('\0')) throw systemError(EINVAL, 'open', relative);
  const parts = relative.split('/').filter((part) => part !== '' && part !== '.');
  if (relative.startsWith('/') || parts.includes('..')) throw systemError(EXDEV, 'open', relative);
  return parts;
}

function leave(fd: number, unless: number): void {
  if (fd !== unless) closeSync(fd);
}

function openat2(
  directory: number,
  relative: string,
  flags: number,
  mode: number,
  resolve: number,
): number | NodeJS.ErrnoException {
  if (relative.includes('\0')) return systemError(EINVAL, 'open', relative);
  // struct open_how: flags, mode, resolve; a mode without O_CREAT is an error.
  const how = Buffer.alloc(24);
  how.writeBigUInt64LE(BigInt(flags | O_CLOEXEC), 0);
  how.writeBigUInt64LE(BigInt(flags & constants.O_CREAT ? mode : 0), 8);
  how.writeBigUInt64LE(BigInt(resolve), 16);
  for (let tries = 0; ; tries++) {
    const fd = libc.openat2(OPENAT2, directory, relative, how, how.length);
    if (fd >= 0) return fd;
    const errno = lastError();
    // EAGAIN: somebody renamed a directory on the way; the kernel asks for another try.
    if (errno !== EAGAIN || tries === 100) return systemError(errno, 'open', relative);
  }
}
