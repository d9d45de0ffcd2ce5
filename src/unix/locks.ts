import { lastError, libc, systemError } from './libc.ts';

const F_OFD_SETLK = 37;
const F_WRLCK = 1;
const EAGAIN = 11;
const EACCES = 13;

/**
 * Takes the write lock on the whole file, without waiting; false if somebody else has it.
 * The lock belongs to the open file, not to the process: it lasts until this descriptor and all its copies are closed,
 * and closing another descriptor of the same file does not lose it, as it would lose a POSIX lock.
 */
export function tryLock(fd: number): boolean {
  // struct flock: short type, short whence, long start, long length (0: to the end), int pid (0 for this kind of lock).
  const lock = Buffer.alloc(32);
  lock.writeInt16LE(F_WRLCK, 0);
  if (libc.fcntl(fd, F_OFD_SETLK, lock) === 0) return true;
  const errno = lastError();
  if (errno === EAGAIN || errno === EACCES) return false;
  throw systemError(errno, 'fcntl');
}
