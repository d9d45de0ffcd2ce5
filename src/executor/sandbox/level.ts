import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Cell, type CellRequest, openCell } from '../cell.ts';
import type { Clock } from '../clock.ts';
import { inPath } from '../programs.ts';
import { LostSpawner } from '../run.ts';
import { inWords } from './sights.ts';
import { systemSights } from './system.ts';

/** How far simulations can be contained on this host. */
export type Level =
  /** Each project in a cell of its own. `sized`: bubblewrap can be told how much may be written there. */
  | { readonly is: 'cell'; readonly bubblewrap: string; readonly sized: boolean }
  /** Without capabilities and new privileges, and with limits. `why`: the end of a sentence; `mend`: a command. */
  | { readonly is: 'process'; readonly why: string; readonly mend: string }
  /** There can be cells, but not at this moment: a simulation may have used up what they are made of. */
  | { readonly is: 'none'; readonly why: string };

type Open = (request: CellRequest) => Promise<Cell>;

/** How long it is believed that there can be no cells, ms: somebody may install what is missing. */
const FRESH = 60_000;
const KIB = 1024;
/** What the system says where there are no more processes, memory or open files just now. */
const passing = /EAGAIN|ENOMEM|E[MN]FILE|temporarily unavailable|Cannot allocate memory|Too many open files/;

/** Finds out by making a cell. */
export class Levels {
  readonly #clock: Clock;
  readonly #open: Open;
  readonly #path: string;
  #last: { readonly at: number; readonly level: Promise<Level> } | null = null;

  /** @param path where bubblewrap is looked for */
  constructor(clock: Clock, path = process.env['PATH'] ?? '', open: Open = openCell) {
    this.#clock = clock;
    this.#path = path;
    this.#open = open;
  }

  /** As it was found last. @throws LostSpawner */
  async reached(): Promise<Level> {
    const last = this.#last;
    if (last === null) return await this.look();
    const level = await last.level;
    const isFresh = level.is === 'cell' || (level.is === 'process' && this.#clock.passed() - last.at < FRESH);
    return isFresh || this.#last !== last ? level : await this.look();
  }

  /** As it is now. @throws LostSpawner */
  look(): Promise<Level> {
    const level = this.#find();
    this.#last = { at: this.#clock.passed(), level };
    level.catch(() => {
      this.#last = null;
    });
    return level;
  }

  async #find(): Promise<Level> {
    const bubblewrap = inPath('bwrap', `${this.#path}:/usr/bin`);
    if (bubblewrap === null) return { is: 'process', why: 'there is no program "bwrap" (bubblewrap)', mend: install() };
    const problem = await this.#try(bubblewrap, true);
    if (problem === null) return { is: 'cell', bubblewrap, sized: true };
    // Before version 0.7.
    if (problem.includes('--size') && (await this.#try(bubblewrap, false)) === null) {
      return { is: 'cell', bubblewrap, sized: false };
    }
    if (passing.test(problem)) return { is: 'none', why: problem };
    return { is: 'process', ...explain(problem, bubblewrap) };
  }

  /** What is wrong; null if nothing is. */
  async #try(bubblewrap: string, sized: boolean): Promise<string | null> {
    const sights = systemSights({ network: false, devices: false });
    const args = inWords(sights, false, sized ? KIB * KIB : null);
    try {
      (await this.#open({ bubblewrap, args, env: {} })).close();
      return null;
    } catch (error) {
      if (error instanceof LostSpawner) throw error;
      return (error as Error).message;
    }
  }
}

/** By the program that installs others here. */
function install(): string {
  const known = { 'apt-get': 'install', dnf: 'install', zypper: 'install', pacman: '-S', apk: 'add' };
  const there = Object.entries(known).find(([name]) => existsSync(`/usr/bin/${name}`) || existsSync(`/sbin/${name}`));
  const [name, verb] = there ?? ['apt-get', 'install'];
  return `sudo ${name} ${verb} bubblewrap`;
}

/** Settings of kernels with which ordinary users make no user namespaces, and what they should be instead. */
const switches = [
  { name: 'kernel.unprivileged_userns_clone', not: '0', better: '1' },
  { name: 'user.max_user_namespaces', not: '0', better: '15000' },
  { name: 'kernel.apparmor_restrict_unprivileged_userns', not: '1', better: '0' },
] as const;

/** What keeps bubblewrap from its work, by what it says and how the kernel is set. */
export function explain(
  problem: string,
  bubblewrap: string,
  settingOf: (name: string) => string | null = sysctl,
): { why: string; mend: string } {
  const off = switches.find(({ name, not }) => settingOf(name) === not);
  if (off) {
    const why = `ordinary users may make no user namespaces here (${off.name} is ${off.not})`;
    const file = '/etc/sysctl.d/60-rayserver.conf';
    return { why, mend: `echo ${off.name}=${off.better} | sudo tee -a ${file} && sudo sysctl -p ${file}` };
  }
  if (/proc/.test(problem)) {
    const why = `this container hides parts of /proc, so that no other can be mounted (${problem})`;
    return { why, mend: 'docker run --security-opt systempaths=unconfined --security-opt seccomp=unconfined ...' };
  }
  const why = `bubblewrap cannot make a cell (${problem})`;
  return { why, mend: `${bubblewrap} --unshare-user --unshare-pid --ro-bind / / --proc /proc true   # says the same` };
}

function sysctl(name: string): string | null {
  try {
    return readFileSync(join('/proc/sys', name.replaceAll('.', '/')), 'utf8').trim();
  } catch {
    return null;
  }
}
