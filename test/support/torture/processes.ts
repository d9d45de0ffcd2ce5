import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

export interface Process {
  readonly pid: number;
  readonly parent: number;
  /** The program's own short name. */
  readonly name: string;
  readonly words: readonly string[];
  readonly directory: string;
}

/** Everything that runs now; zombies do not. */
function allProcesses(): Process[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => processAt(Number(pid)) ?? []);
}

function processAt(pid: number): Process | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state = '', parent = ''] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (state === 'Z' || state === 'X') return null;
    const name = stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'));
    const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1);
    return { pid, parent: Number(parent), name, words, directory: directoryOf(pid) };
  } catch {
    return null;
  }
}

/** Where it works; empty for one that others may not look into. */
function directoryOf(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return '';
  }
}

/** All that belongs to what is below `directory`: named on its command line, at work there, or a child of such a one. */
export function processesBelow(directory: string): Process[] {
  const all = allProcesses().filter(({ pid }) => pid !== process.pid);
  const mine = new Set(all.filter((one) => belongs(one, directory)).map(({ pid }) => pid));
  for (let before = -1; before !== mine.size; ) {
    before = mine.size;
    for (const { pid, parent } of all) if (mine.has(parent)) mine.add(pid);
  }
  return all.filter(({ pid }) => mine.has(pid));
}

function belongs({ words, directory: at }: Process, directory: string): boolean {
  return at.startsWith(`${directory}/`) || words.some((word) => word === directory || word.startsWith(`${directory}/`));
}

/** Seconds since this machine started, as /proc/uptime has them: in steps of 0.01. */
export function uptime(): number {
  return Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]);
}
