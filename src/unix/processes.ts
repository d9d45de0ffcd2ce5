import { lastError, libc, systemError } from './libc.ts';

const PR_SET_CHILD_SUBREAPER = 36;
const RLIMIT_BYTES = 16;
const WNOHANG = 1;

export const RLIMIT_CORE = 4;
export const RLIMIT_NPROC = 6;
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

/** A limit of a process of the same user; null if it is gone, or somebody else's. */
export function limitOf(pid: number, resource: number): Limit | null {
  const seen = Buffer.alloc(RLIMIT_BYTES);
  if (libc.prlimit(pid, resource, null, seen) < 0) return null;
  return { soft: seen.readBigUInt64LE(0), hard: seen.readBigUInt64LE(8) };
}

/** @throws NodeJS.ErrnoException EPERM where the hard limit would have to grow */
export function setOwnLimit(resource: number, { soft, hard }: Limit): void {
  const wanted = Buffer.alloc(RLIMIT_BYTES);
  wanted.writeBigUInt64LE(soft, 0);
  wanted.writeBigUInt64LE(hard, 8);
  if (libc.prlimit(0, resource, wanted, null) < 0) throw systemError(lastError(), 'prlimit');
}

/** Takes the status of a child that has ended, if it has: an orphan that came to us would stay a zombie. */
export function reap(pid: number): void {
  libc.wait4(pid, null, WNOHANG, null);
}
