import { readFileSync } from 'node:fs';
import { lastError, libc, systemError } from './libc.ts';

const PR_SET_CHILD_SUBREAPER = 36;
const RLIMIT_BYTES = 16;
const WNOHANG = 1;
const WEXITED = 4;
const WNOWAIT = 0x01000000;
const P_ALL = 0;
const SIGINFO_BYTES = 128;
/** Where a siginfo_t of 64 bits has the child's number. */
const SIGINFO_PID = 16;
const RUSAGE_BYTES = 144;

export const RLIMIT_DATA = 2;
export const RLIMIT_CORE = 4;
export const RLIMIT_NPROC = 6;
export const RLIMIT_NOFILE = 7;
export const RLIMIT_LOCKS = 10;

/** A soft and a hard limit of a process. */
export interface Limit {
  readonly soft: bigint;
  readonly hard: bigint;
}

/** From now on whoever descends from this process and loses its parent becomes its child. */
export function becomeSubreaper(): void {
  if (libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0) throw systemError(lastError(), 'prctl');
}

/** Whether a process of the same user is there. A zombie is not: whose child it is now may let it wait for seconds. */
export function isLive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    // It has ended just now, or nobody tells.
    return true;
  }
}

/** A limit of a process of the same user; null if it is gone, or somebody else's. */
export function limitOf(pid: number, resource: number): Limit | null {
  const seen = Buffer.alloc(RLIMIT_BYTES);
  if (libc.prlimit(pid, resource, null, seen) < 0) return null;
  return { soft: seen.readBigUInt64LE(0), hard: seen.readBigUInt64LE(8) };
}

/** @throws NodeJS.ErrnoException EPERM where the hard limit would have to grow */
export function setOwnLimit(resource: number, limit: Limit): void {
  setLimit(0, resource, limit);
}

/** Lowers both limits of a process of the same user; that it is gone does not matter. */
export function lowerLimit(pid: number, resource: number, most: bigint): void {
  const now = limitOf(pid, resource);
  if (now && now.hard > most) setLimit(pid, resource, { soft: most, hard: most });
}

function setLimit(pid: number, resource: number, { soft, hard }: Limit): void {
  const wanted = Buffer.alloc(RLIMIT_BYTES);
  wanted.writeBigUInt64LE(soft, 0);
  wanted.writeBigUInt64LE(hard, 8);
  if (libc.prlimit(pid, resource, wanted, null) < 0) throw systemError(lastError(), 'prlimit');
}

/**
 * Takes the status of a child that has ended, if it has: an orphan that came to us would stay a zombie.
 * @returns false for a child that has not ended with all its threads; true, too, for one that is not our child
 */
export function reap(pid: number): boolean {
  return libc.wait4(pid, null, WNOHANG, null) !== 0;
}

/** A child that has ended, left as it is, so that its number is not given again; null if there is none. */
export function endedChild(): number | null {
  const seen = Buffer.alloc(SIGINFO_BYTES);
  if (libc.waitid(P_ALL, 0, seen, WEXITED | WNOHANG | WNOWAIT) < 0) return null;
  return seen.readInt32LE(SIGINFO_PID) || null;
}

/** How a child ended and what it and its own children used. */
export interface ChildEnd {
  readonly how: 'exit' | 'signal';
  readonly value: number;
  readonly userMicroseconds: number;
  readonly systemMicroseconds: number;
  readonly peakBytes: number;
}

/** Takes the status of a child that has ended. */
export function collect(pid: number): ChildEnd {
  const status = Buffer.alloc(4);
  const usage = Buffer.alloc(RUSAGE_BYTES);
  if (libc.wait4(pid, status, WNOHANG, usage) < 0) throw systemError(lastError(), 'wait4');
  const number = status.readUInt32LE(0);
  const signal = number & 0x7f;
  // struct rusage: user time and system time (seconds, microseconds), then the peak in KB.
  const time = (at: number) => Number(usage.readBigInt64LE(at)) * 1e6 + Number(usage.readBigInt64LE(at + 8));
  return {
    how: signal === 0 ? 'exit' : 'signal',
    value: signal === 0 ? (number >> 8) & 0xff : signal,
    userMicroseconds: time(0),
    systemMicroseconds: time(16),
    peakBytes: Number(usage.readBigInt64LE(32)) * 1024,
  };
}

/** The process group of a process; -1 if it is gone. */
export function groupOf(pid: number): number {
  return libc.getpgid(pid);
}
