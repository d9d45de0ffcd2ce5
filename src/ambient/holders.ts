import { fstatSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { keepersOf, locksOn } from '../unix/lock-table.ts';
import { type LockKind, type Span, whoHolds } from '../unix/locks.ts';

/** Who keeps this open file from a lock, in words: `process 4711 (rpict)`. */
export function holderOf(fd: number, kind: LockKind, span?: Span): string {
  const holder = whoHolds(fd, kind, span);
  if (holder === null) return 'nobody any more';
  const stats = fstatSync(fd);
  // Over NFS a number may be that of another host; the table has only what this machine's processes hold.
  const here = locksOn(stats).filter(({ waits }) => !waits);
  if (here.some(({ pid }) => pid !== null && pid === holder.pid)) return processes([holder.pid ?? 0]);
  const keepers = here.some(({ type }) => type === 'OFDLCK') ? keepersOf(stats) : [];
  const others = keepers.filter((pid) => pid !== process.pid);
  if (others.length > 0) return processes(others);
  return keepers.length > 0 ? 'another simulation of this host' : 'a process of another host or user';
}

function processes(pids: readonly number[]): string {
  const named = pids.map((pid) => `${pid} (${programOf(pid)})`);
  return `${pids.length === 1 ? 'process' : 'one of the processes'} ${named.join(', ')}`;
}

function programOf(pid: number): string {
  try {
    return basename(readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')[0] ?? '');
  } catch {
    return 'gone';
  }
}
