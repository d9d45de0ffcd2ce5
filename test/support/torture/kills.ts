import type { Lab } from '../lab.ts';
import { isAlive } from '../program.ts';
import { type Process, processesBelow, uptime } from './processes.ts';

/** What is killed: `power` is all at once, `start` the server while it starts. */
export type KillKind = 'server' | 'start' | 'procwrap' | 'spawner' | 'renderer' | 'power';

/** When it was, as /proc/uptime has it, and whether simulations ended by it. */
export interface Kill {
  readonly kind: KillKind;
  readonly from: number;
  readonly until: number;
  readonly pids: readonly number[];
}

const finders: Readonly<Record<Exclude<KillKind, 'server' | 'start'>, (one: Process, lab: Lab) => boolean>> = {
  procwrap: isProcwrap,
  spawner: ({ name }) => name.includes('spawner'),
  renderer: ({ directory }, lab) => directory.startsWith(`${lab.directory}/work`),
  power: () => true,
};

function isProcwrap({ words }: Process): boolean {
  return (words[1] ?? '').endsWith('procwrap/start.js');
}

/** Kills what there is of that kind, and says when; one renderer only, the first unless somebody chooses. */
export function kill(lab: Lab, kind: KillKind, choose = firstOf): Kill {
  const from = uptime();
  const pids = kind === 'power' ? stopAll(lab) : pidsOf(lab, kind);
  const one = pids.length > 0 ? choose(pids) : null;
  const chosen = kind === 'renderer' ? pids.filter((pid) => pid === one) : pids;
  for (const pid of chosen) send(pid, 'SIGKILL');
  return { kind, from, until: uptime(), pids: chosen };
}

function firstOf(pids: readonly number[]): number | undefined {
  return pids[0];
}

function pidsOf(lab: Lab, kind: KillKind): number[] {
  // A process that is just being exchanged for another program has no words by which it could be found.
  if (kind === 'server' || kind === 'start') return lab.daemon && isAlive(lab.daemon.pid) ? [lab.daemon.pid] : [];
  const all = processesBelow(lab.directory);
  const found = all.filter((one) => finders[kind](one, lab));
  // A plan that is killed is refused, and says why: no job is there yet that could be lost.
  return found.filter((one) => kind !== 'renderer' || !plans(one, all)).map(({ pid }) => pid);
}

/** It is rad, or rad has started it. */
function plans({ name, parent }: Process, all: readonly Process[]): boolean {
  if (name === 'rad') return true;
  const above = all.find(({ pid }) => pid === parent);
  return above !== undefined && plans(above, all);
}

/** Nobody must see another one die: when the power fails all end at the same moment. */
function stopAll(lab: Lab): number[] {
  const stopped = new Set<number>();
  for (;;) {
    const fresh = [...pidsOf(lab, 'server'), ...pidsOf(lab, 'power')].filter((pid) => !stopped.has(pid));
    if (fresh.length === 0) return [...stopped];
    for (const pid of fresh) {
      send(pid, 'SIGSTOP');
      stopped.add(pid);
    }
  }
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended by itself.
  }
}
