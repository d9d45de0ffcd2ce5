import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { JobView } from '../../../src/protocol/api.ts';
import { commandOf } from '../../support/daemon.ts';
import { type Ended, isAlive, runCommand } from '../../support/program.ts';
import { waitUntil } from '../../support/wait-until.ts';

/** What the checks do in a booted guest, as root; jobs are anna's, who is in the daemon's group. */

/** 0: before the first boot, in the tree. */
export const boot = Number(process.env['LAB_BOOT']);
export const home = '/var/lib/rayserver';
export const projects = '/srv/projects';
export const log = join(home, 'srvlogs/lab');
export const rotatedLog = join(home, 'srvlogs/old/lab.1');
export const defaults = '/etc/default/rayserver';

/** Ends the script so that the machine reboots and calls it again. */
export const rebootPlease = 75;

/** One line for each check, of which a test is made outside. @param trouble tells more of one that has failed, and mends */
export async function check(
  name: string,
  deed: () => unknown,
  trouble: (since: number) => Promise<string>,
): Promise<void> {
  const [before, since] = [performance.now(), Date.now() / 1000];
  const seconds = () => `(${((performance.now() - before) / 1000).toFixed(1)} s)`;
  try {
    await deed();
    console.log(`ok ${name} ${seconds()}`);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    console.log(`not ok ${name}: ${why.replace(/\s+/g, ' ')} ${seconds()}`);
    for (const line of (await trouble(since)).trim().split('\n').slice(-40)) tell(line);
  }
}

/** A figure for the report. */
export function tell(what: string): void {
  console.log(`# ${what}`);
}

/** Must succeed. @returns what it printed */
export function root(...command: string[]): string {
  const [program = '', ...args] = command;
  return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], timeout: 120_000 }).trim();
}

export function attempt(...command: string[]): Promise<Ended> {
  const [program = '', ...args] = command;
  return runCommand(program, args, { milliseconds: 120_000 });
}

/** Number of a user or group. */
function idOf(kind: 'passwd' | 'group', name: string): number {
  return Number(root('getent', kind, name).split(':')[2]);
}

export const daemonUser = () => ({ uid: idOf('passwd', 'rayserver'), gid: idOf('group', 'rfusers') });
const anna = () => ({ uid: idOf('passwd', 'anna'), gid: idOf('group', 'rfusers') });

export async function rayctl(...args: string[]): Promise<string> {
  const ended = await runCommand('rayctl', args, {
    user: anna(),
    env: { HOME: '/home/anna', XDG_STATE_HOME: undefined },
    milliseconds: 120_000,
  });
  if (ended.status !== 0) throw new Error(`rayctl ${args.join(' ')}: ${ended.status} ${ended.stderr}`);
  return ended.stdout;
}

export const job = async (id: number) => JSON.parse(await rayctl('show', String(id), '--json')) as JobView;

/** What a check that failed has left. */
export async function cancelAll(): Promise<void> {
  const { jobs } = JSON.parse(await rayctl('jobs', '--json')) as { jobs: JobView[] };
  for (const { id, state } of jobs) if (state === 'running' || state === 'waiting') await rayctl('cancel', String(id));
}

/** A copy of the room, where it was never before. */
export function makeProject(name: string, parent = projects): string {
  const path = join(parent, name);
  mkdirSync(path, { recursive: true });
  cpSync('/rayserver/test/fixtures/room', path, { recursive: true });
  const { uid, gid } = anna();
  for (const entry of ['', ...readdirSync(path)]) chownSync(join(path, entry), uid, gid);
  root('chmod', '2775', path);
  return path;
}

/** The log was opened again where there was none. */
export async function logsAnew(): Promise<void> {
  await waitUntil('the log', () => existsSync(log) && /caught signal 1/.test(readFileSync(log, 'utf8')));
}

/** Pids of processes of the program, by the path that the manual names. */
export function processes(script: 'server' | 'procwrap'): number[] {
  return readdirSync('/proc')
    .filter((name) => /^[0-9]+$/.test(name))
    .map(Number)
    .filter((pid) => commandOf(pid)[1]?.endsWith(`/${script}/start.js`) && isAlive(pid));
}

/** The one that runs. */
export async function pidOf(script: 'server' | 'procwrap'): Promise<number> {
  return waitUntil(`a ${script}`, () => {
    const [pid, ...others] = processes(script);
    return others.length === 0 && pid;
  });
}

/** The kernel's word on who a process is, thread by thread. */
export function threadsOf(pid: number): Record<string, string>[] {
  return readdirSync(`/proc/${pid}/task`).map((thread) =>
    Object.fromEntries(
      readFileSync(`/proc/${pid}/task/${thread}/status`, 'utf8')
        .trim()
        .split('\n')
        .map((line) => line.split(/:\s*/, 2) as [string, string]),
    ),
  );
}

/** Nothing of root's is left in any thread. */
export async function expectDropped(pid: number): Promise<void> {
  const { uid, gid } = daemonUser();
  const four = (id: number) => Array(4).fill(id).join('\t');
  for (const thread of threadsOf(pid)) {
    expect(thread, `thread ${thread['Pid']}`).to.include({ Uid: four(uid), Gid: four(gid) });
    expect(thread['Groups']?.trim()).to.equal(String(gid));
    for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapAmb']) expect(thread[set], set).to.match(/^0+$/);
  }
}

export const serves = async (): Promise<boolean> => {
  const answer = await fetch('http://127.0.0.1:9182/healthz').catch(() => null);
  return answer?.status === 200;
};

/** Seconds between the start of process 1 and that of the last second that was asked for, in seconds since 1970. */
export function sinceBoot(moment: number): number {
  const [, rest = ''] = readFileSync('/proc/1/stat', 'utf8').split(') ');
  const startedTicks = Number(rest.split(' ')[19]);
  const uptime = Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]);
  const started = Date.now() / 1000 - (uptime - startedTicks / 100);
  return moment - started;
}

/** For as long as the deed takes; what stood there comes back. */
export async function withDefaults(lines: string, deed: () => Promise<void>): Promise<void> {
  const before = readFileSync(defaults);
  appendFileSync(defaults, `\n${lines}\n`);
  try {
    await deed();
  } finally {
    rmSync(defaults);
    appendFileSync(defaults, before);
  }
}

export const modified = (path: string): number => statSync(path).mtimeMs / 1000;
