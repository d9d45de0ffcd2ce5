import {
  limitOf,
  lowerLimit,
  RLIMIT_DATA,
  RLIMIT_LOCKS,
  RLIMIT_NOFILE,
  RLIMIT_NPROC,
  setOwnLimit,
} from '../../unix/processes.ts';
import type { Marked } from './mark.ts';
import type { StartMessage } from './messages.ts';

/** Node itself could not work within these, so that it cannot hand them on; the program has hardly begun. */
export function lowerLimits(pid: number, { memory, files }: StartMessage): void {
  if (memory > 0) lowerLimit(pid, RLIMIT_DATA, BigInt(memory));
  if (files > 0) lowerLimit(pid, RLIMIT_NOFILE, BigInt(files));
}

/** A program inherits our limits, so they are as it should have them while it is started. */
export function withLimits<T>(marked: Marked, processes: number, deed: () => T): T {
  const locks = limitOf(process.pid, RLIMIT_LOCKS);
  const before = limitOf(process.pid, RLIMIT_NPROC);
  if (!locks || !before) return deed();
  try {
    setOwnLimit(RLIMIT_LOCKS, { soft: marked.mark, hard: locks.hard });
    const wanted = BigInt(processes);
    if (processes > 0 && wanted < before.hard) setOwnLimit(RLIMIT_NPROC, { soft: wanted, hard: before.hard });
    return deed();
  } finally {
    setOwnLimit(RLIMIT_LOCKS, locks);
    setOwnLimit(RLIMIT_NPROC, before);
  }
}
