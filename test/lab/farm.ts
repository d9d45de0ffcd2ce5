import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import type { JobView } from '../../src/protocol/api.ts';
import { afterCheck, asRay, ray, startAsRay, until } from './machine.ts';

/** A whole daemon on this machine: the program as it is installed, started as ray. */
const home = '/tmp/farm';
const program = (name: string) => `/rayserver/bin/${name}`;

/** Starts it, or starts it again, and waits until it serves. */
export async function startFarm(): Promise<void> {
  const lines: string[] = [];
  const words = [program('rayserver'), '-f', '--home', home];
  startAsRay('/bin/sh', ['-c', 'exec "$0" "$@" 2>&1', ...words], (line) => lines.push(line));
  afterCheck(removeFarm);
  await until('the daemon', () => lines.some((line) => /Rayserver \d+ running\.$/.test(line)));
}

/** Kills the daemon's processes, and nobody has time for anything. The spawner ends the simulations. */
export async function killFarm(): Promise<void> {
  const killed = processes().filter(isDaemon);
  for (const one of killed) kill(one);
  console.log(`# killed ${killed.map(({ words }) => words[1]?.split('/').at(-2)).join(', ')}`);
  // While one of them is not gone, the next daemon finds the home in use.
  await until('the end of the simulations', () => !processes().some((one) => isDaemon(one) || isRpict(one)));
}

async function removeFarm(): Promise<void> {
  for (const one of processes()) kill(one);
  await until('the end of the daemon', () => processes().length === 0);
  rmSync(home, { recursive: true, force: true });
}

/** Renders it to its end. */
export function submit(project: string, ...words: readonly string[]): Promise<JobView> {
  return ask<JobView>('submit', `${project}/room.rif`, ...words, '--wait');
}

/** The same, but does not wait: `leave` lets it go on alone, and until then the check fails where it fails. */
export function begin(
  project: string,
  ...words: readonly string[]
): { isOver: () => boolean; leave: () => Promise<void> } {
  const said: string[] = [];
  const all = ['--home', home, 'submit', `${project}/room.rif`, ...words, '--wait', '--json'];
  const { kill } = startAsRay(program('rayctl'), all, (line) => said.push(line));
  return { isOver: () => said.length > 0, leave: kill };
}

/** Waits for the first job of this home. */
export async function done(): Promise<JobView> {
  const { jobs } = await ask<{ jobs: [JobView] }>('wait', '1');
  return jobs[0];
}

async function ask<T>(...words: readonly string[]): Promise<T> {
  const { status, text } = await asRay(program('rayctl'), ['--home', home, ...words, '--json']);
  if (status !== 0) throw new Error(`rayctl ${words.join(' ')}: ${status} ${text}`);
  return JSON.parse(text) as T;
}

interface Process {
  readonly pid: number;
  readonly words: readonly string[];
}

function kill({ pid }: Process): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended meanwhile.
  }
}

function isDaemon({ words }: Process): boolean {
  return words.slice(1).includes(home);
}

function isRpict({ words }: Process): boolean {
  return words[0]?.endsWith('rpict') === true;
}

/** Those of the user of simulations. */
function processes(): Process[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.flatMap((pid) => {
    try {
      if (statSync(`/proc/${pid}`).uid !== ray.uid) return [];
      return [{ pid: Number(pid), words: readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0') }];
    } catch {
      return []; // It has ended meanwhile.
    }
  });
}
