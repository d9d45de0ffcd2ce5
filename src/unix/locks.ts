import { lastError, libc, systemError } from './libc.ts';

/**
 * Locks that belong to the open file, not to the process: they last until a descriptor and all its copies are closed, and
 * closing another descriptor of the same file does not lose them, as it would lose a POSIX lock. They shut out POSIX
 * locks of other programs, and each other, also within this process. Nothing here waits: over NFS a call takes as long as
 * the server needs to answer.
 */

const F_OFD_GETLK = 36;
const F_OFD_SETLK = 37;
const kinds = { read: 0, write: 1 } as const;
const F_UNLCK = 2;
const EAGAIN = 11;
const EACCES = 13;
/** Between a call and the question for its error, the engine may make calls of its own, which fail with others. */
const MOST_TRIES = 3;
/** Where struct flock has its number of the process. */
const FLOCK_PID = 24;

/** Any number may read at once; who writes is alone. */
export type LockKind = keyof typeof kinds;

/** Bytes from `start`; a length of 0 reaches to the end of the file, wherever that comes to be. */
export interface Span {
  readonly start: number;
  readonly length: number;
}

const whole: Span = { start: 0, length: 0 };

/**
 * Takes a lock at once, or turns the one that this open file has into the other kind; false if others keep it from
 * that, and then what it had stays. The descriptor must be open for what the kind says.
 * @throws NodeJS.ErrnoException ENOLCK where the file system has no locks
 */
export function tryLock(fd: number, kind: LockKind = 'write', span: Span = whole): boolean {
  for (let tries = 1; ; tries++) {
    if (libc.fcntl(fd, F_OFD_SETLK, flock(kinds[kind], span)) === 0) return true;
    const errno = lastError();
    if (errno === EAGAIN || errno === EACCES) return false;
    // What is a fault, and no refusal, is one each time.
    if (tries === MOST_TRIES) throw systemError(errno, 'fcntl');
  }
}

/** Gives up what this open file has of these bytes; nothing is fine. */
export function unlock(fd: number, span: Span = whole): void {
  if (libc.fcntl(fd, F_OFD_SETLK, flock(F_UNLCK, span)) < 0) throw systemError(lastError(), 'fcntl');
}

export interface LockHolder {
  readonly kind: LockKind;
  /** Of a process with a POSIX lock on this machine; null for a lock like ours. Other hosts have what number they like. */
  readonly pid: number | null;
}

/** One who keeps this open file from the lock; null if nobody does. */
export function whoHolds(fd: number, kind: LockKind = 'write', span: Span = whole): LockHolder | null {
  const lock = flock(kinds[kind], span);
  if (libc.fcntl(fd, F_OFD_GETLK, lock) < 0) throw systemError(lastError(), 'fcntl');
  const type = lock.readInt16LE(0);
  if (type === F_UNLCK) return null;
  const pid = lock.readInt32LE(FLOCK_PID);
  return { kind: type === kinds.write ? 'write' : 'read', pid: pid > 0 ? pid : null };
}

/** struct flock: short type, short whence (0: from the start), long start, long length, int pid (0 for such a lock). */
function flock(type: number, { start, length }: Span): Buffer {
  const lock = Buffer.alloc(32);
  lock.writeInt16LE(type, 0);
  lock.writeBigInt64LE(BigInt(start), 8);
  lock.writeBigInt64LE(BigInt(length), 16);
  return lock;
}
