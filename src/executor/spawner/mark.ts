import { randomInt } from 'node:crypto';
import { readdirSync, statSync } from 'node:fs';
import { limitOf, RLIMIT_LOCKS } from '../../unix/processes.ts';

/**
 * What tells the processes of a simulation from all others: a value of RLIMIT_LOCKS, a limit that Linux inherits and
 * shows and has not used since 2.4. A program takes its environment off with `env -i`, its group with setsid and its
 * parent by forking twice, but hardly this. From the highest bit: 0; 23 bits of the home; 20 of one life of a spawner;
 * 20 of the simulation (all ones: the spawner itself).
 */
const LIFE_BITS = 20;
const RUN_BITS = 20;
const homeMask = 0x7fffffn << BigInt(LIFE_BITS + RUN_BITS);
const lifeMask = homeMask | (0xfffffn << BigInt(RUN_BITS));
const whole = (1n << 64n) - 1n;

/** Simulations at a time have different numbers, below this. */
export const RUNS = 2 ** RUN_BITS - 1;

export interface Marked {
  readonly mark: bigint;
  /** The bits of it that count. */
  readonly mask: bigint;
}

/** All that any procwrap of a home started; the directory is of the home and lasts. */
export function markOfHome(directory: string): Marked {
  const { dev, ino } = statSync(directory, { bigint: true });
  // Any mixing does: homes of one user on one machine are few.
  const mixed = BigInt.asUintN(64, (dev * 0x9e3779b97f4a7c15n) ^ (ino * 0xc2b2ae3d27d4eb4fn));
  return { mark: ((mixed >> 41n) << BigInt(LIFE_BITS + RUN_BITS)) & homeMask, mask: homeMask };
}

/** All that one spawner starts, and no other: one that ends late must not end what its successor started. */
export function markOfLife(home: Marked): Marked {
  return { mark: home.mark | (BigInt(randomInt(1, 2 ** LIFE_BITS)) << BigInt(RUN_BITS)), mask: lifeMask };
}

export function markOfRun(life: Marked, id: number): Marked {
  return { mark: life.mark | BigInt(id), mask: whole };
}

/** Processes with the mark, zombies as well, this one excepted. */
export function findMarked({ mark, mask }: Marked): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => {
      if (!(pid > 1) || pid === process.pid) return false;
      const limit = limitOf(pid, RLIMIT_LOCKS);
      return limit !== null && (limit.soft & mask) === mark;
    });
}

/**
 * Kills all processes with the mark; the numbers of those that were there. They are stopped first, for a stopped
 * process cannot fork; so a bomb ends, too.
 */
export function killMarked(marked: Marked): number[] {
  let found = signalMarked(marked, 'SIGSTOP');
  for (let tries = 0; found.length > 0 && tries < 50; tries++) {
    const again = signalMarked(marked, 'SIGSTOP');
    if (again.length <= found.length) break;
    found = again;
  }
  return found.length === 0 ? [] : signalMarked(marked, 'SIGKILL');
}

/** Signals all processes with the mark but those for which `except` holds. */
export function signalMarked(
  marked: Marked,
  signal: NodeJS.Signals,
  except: (pid: number) => boolean = () => false,
): number[] {
  const found = findMarked(marked).filter((pid) => !except(pid));
  for (const pid of found) signalQuietly(pid, signal);
  return found;
}

/** Signals a process, or with a negative number a group, that may be gone already. */
export function signalQuietly(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // ESRCH: nobody is left.
  }
}
