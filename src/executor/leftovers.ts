import { readdirSync, readFileSync, statSync } from 'node:fs';
import { reap } from '../unix/processes.ts';
import type { Clock } from './clock.ts';
import { findMarked, killMarked, type Marked } from './spawner/mark.ts';

/** How long the killed may take to go, ms: one that waits for a dead disk goes when the kernel lets it. */
const PATIENCE = 5000;
const BETWEEN_LOOKS = 5;

/**
 * Kills all processes with the mark and waits until they are gone: what a killed spawner or procwrap left, before the
 * same tasks are started again. Orphans that came to this process are reaped.
 * @returns the numbers of those that ran
 */
export async function endMarked(marked: Marked, clock: Clock): Promise<number[]> {
  const ended = new Set<number>();
  const until = clock.passed() + PATIENCE;
  for (;;) {
    for (const pid of findMarked(marked)) if (isLive(pid)) ended.add(pid);
    killMarked(marked);
    const left = findMarked(marked).filter((pid) => !reap(pid) || isLive(pid));
    if (left.length === 0 || clock.passed() > until) return [...ended];
    await new Promise<void>((settle) => clock.after(BETWEEN_LOOKS, settle));
  }
}

/** How many processes and threads the user of this process has, all together, without the marked: see RLIMIT_NPROC. */
export function countProcesses(except: Marked): number {
  let count = 0;
  const marked = new Set(findMarked(except).map(String));
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name) || marked.has(name)) continue;
    try {
      const directory = statSync(`/proc/${name}/task`);
      // Two links for the directory itself, one for each thread.
      if (directory.uid === process.getuid?.()) count += directory.nlink - 2;
    } catch {
      // It ended meanwhile.
    }
  }
  return count;
}

/** False for a zombie: whoever its parent is, it only waits to be reaped. */
function isLive(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
