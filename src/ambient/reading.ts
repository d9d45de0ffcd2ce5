import { readdirSync, readFileSync, type Stats, statSync } from 'node:fs';
import { isSame } from './place.ts';

/** Of 10 ms: more than a process needs between its last look for more values and the end of its loading. */
const enoughTicks = 2;

/** Whether a process that says nothing, such as rtrace, has read the whole ambient file: one to be asked now and then. */
export class Reading {
  /** Ticks that the process had used when its position was seen at the end. */
  #ticks: number | null = null;

  /**
   * The position alone does not do: Radiance looks once more for values, and compares with the length of the file.
   * Somebody who wrote in between would have what he wrote cut off. So the process must have come further since: it
   * sleeps, or has worked for a while.
   */
  isOver(pid: number, file: Pick<Stats, 'dev' | 'ino'>, bytes: number): boolean {
    const now = activityOf(pid);
    if (now === null || !positionsIn(pid, file).some((position) => position >= bytes)) return false;
    if (now.state === 'S') return true;
    this.#ticks ??= now.ticks;
    return now.ticks - this.#ticks >= enoughTicks;
  }
}

/** Whether a process can do nothing any more until it is told to go on: it is stopped, or has ended. */
export function standsStill(pid: number): boolean {
  const now = activityOf(pid);
  return now === null || 'TtZX'.includes(now.state);
}

function activityOf(pid: number): { readonly state: string; readonly ticks: number } | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name before it may hold anything.
    const words = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { state: words[0] ?? '', ticks: Number(words[11]) + Number(words[12]) };
  } catch {
    return null;
  }
}

/** Where the process is in this file, by each of its descriptors. */
function positionsIn(pid: number, file: Pick<Stats, 'dev' | 'ino'>): number[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => positionOf(pid, fd, file));
  } catch {
    return [];
  }
}

function positionOf(pid: number, fd: string, file: Pick<Stats, 'dev' | 'ino'>): number[] {
  try {
    if (!isSame(statSync(`/proc/${pid}/fd/${fd}`), file)) return [];
    return [Number(/^pos:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'utf8'))?.[1])];
  } catch {
    return [];
  }
}
