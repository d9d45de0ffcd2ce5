import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Which simulations run, kept in files that only we can write: should this process be killed, the next one ends what
 * it left, before the same tasks are started again. A process is known by its number, its start and this boot.
 */
export class Leftovers {
  readonly #directory: string;

  /** @throws NodeJS.ErrnoException if the directory cannot be made */
  constructor(directory: string) {
    this.#directory = directory;
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  }

  note(pid: number): void {
    const birth = birthOf(pid);
    if (birth !== null) writeFileSync(join(this.#directory, String(pid)), birth, { mode: 0o600 });
  }

  forget(pid: number): void {
    rmSync(join(this.#directory, String(pid)), { force: true });
  }

  /** Kills the groups of all that are noted and still run; returns their numbers. */
  end(): number[] {
    const ended: number[] = [];
    for (const name of readdirSync(this.#directory)) {
      const pid = Number(name);
      if (pid > 1 && isLeft(pid, readFileSync(join(this.#directory, name), 'utf8')) && kill(pid)) ended.push(pid);
      rmSync(join(this.#directory, name), { force: true });
    }
    return ended;
  }
}

/** A number is not given again while a group has it: what is left of a group whose leader is gone is ours as well. */
function isLeft(pid: number, noted: string): boolean {
  const birth = birthOf(pid);
  return birth === null ? noted.startsWith(`${bootId()} `) : birth === noted;
}

function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}

/** What tells a process from a later one with the same number; null if it is gone. */
function birthOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // After the name in parentheses, which may hold anything: state is field 3, the start time field 22.
    const started = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
    return `${bootId()} ${started}\n`;
  } catch {
    return null;
  }
}

/** False if nobody was left. */
function kill(leader: number): boolean {
  try {
    process.kill(-leader, 'SIGKILL');
    return true;
  } catch {
    return false;
  }
}
