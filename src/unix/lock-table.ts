import { readdirSync, readFileSync, type Stats } from 'node:fs';
import type { LockKind } from './locks.ts';

/** A lock, or somebody who waits for one, as the kernel of this machine sees it. */
export interface LockEntry {
  /** `POSIX` belongs to a process, `OFDLCK` to an open file. */
  readonly type: string;
  readonly kind: LockKind;
  /** Null for a lock of an open file. */
  readonly pid: number | null;
  readonly waits: boolean;
}

/** All locks on a file of this machine, and who waits for one; nothing where there is no /proc. */
export function locksOn(stats: Pick<Stats, 'dev' | 'ino'>): LockEntry[] {
  return readLocks(readQuietly('/proc/locks'), stats);
}

const line = /^\d+: (-> )?(\w+)\s+\w+\s+(READ|WRITE)\s+(-?\d+) ([0-9a-f]+):([0-9a-f]+):(\d+) /gm;

/** @param text lines as in /proc/locks: `1: -> POSIX  ADVISORY  WRITE 3568 fd:00:2531452 0 EOF` */
export function readLocks(text: string, { dev, ino }: Pick<Stats, 'dev' | 'ino'>): LockEntry[] {
  const entries: LockEntry[] = [];
  for (const [, arrow, type = '', kind, pid, major = '', minor = '', inode] of text.matchAll(line)) {
    if (Number(inode) !== ino || deviceOf(Number.parseInt(major, 16), Number.parseInt(minor, 16)) !== dev) continue;
    entries.push({
      type,
      kind: kind === 'WRITE' ? 'write' : 'read',
      pid: Number(pid) > 0 ? Number(pid) : null,
      waits: arrow !== undefined,
    });
  }
  return entries;
}

/** As the C library puts a device's two numbers into one. */
function deviceOf(major: number, minor: number): number {
  return (minor & 0xff) + (major & 0xfff) * 0x100 + (minor >>> 8) * 0x10_0000;
}

/** Processes of this user that have the file open with a lock of its open file. Reads much of /proc. */
export function keepersOf(stats: Pick<Stats, 'dev' | 'ino'>): number[] {
  const pids = entriesOf('/proc').filter((name) => /^\d+$/.test(name));
  return pids
    .filter((pid) => {
      const directory = `/proc/${pid}/fdinfo`;
      return entriesOf(directory).some((fd) => {
        const locks = readQuietly(`${directory}/${fd}`).replaceAll(/^lock:\t/gm, '');
        return readLocks(locks, stats).some(({ type }) => type === 'OFDLCK');
      });
    })
    .map(Number);
}

function entriesOf(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

/** What is gone or somebody else's says nothing. */
function readQuietly(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
