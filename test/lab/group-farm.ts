import { spawn } from 'node:child_process';
import {
  chownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { RayserverClient } from '../../src/client/rayserver-client.ts';
import type { JobView } from '../../src/protocol/api.ts';
import type { Finding } from '../../src/protocol/inner.ts';
import { asRoot, ray, until } from './machine.ts';

/** A whole daemon on the machine `alone`, started by root; its procwrap in a control group of its own, as a service is. */
export const top = '/sys/fs/cgroup';
export const group = join(top, 'farm');
const home = '/tmp/farm';
export const client = new RayserverClient({ server: `unix:${home}/run/submit.sock` });
const projects = '/tmp/projects';
const program = (name: string) => `/rayserver/bin/${name}`;

/** To whom the group is given: by systemd's mark, by its owner without the right to switch controllers, to nobody. */
export type Given = 'marked' | 'owned' | 'kept';

/** Of x86-64, as the lab is. Perl wants strings that could be changed. */
const setxattr = 'syscall(188, $ARGV[0], $ARGV[1], $ARGV[2], 1, 0) == 0 or die "$!"';

/** From now on there are cells. */
export function addCells(): void {
  symlinkSync('/opt/cells/bwrap', '/usr/bin/bwrap');
}

/** @param controllers what the group has */
function makeGroup(given: Given, controllers: readonly string[]): void {
  for (const name of ['cpu', 'memory', 'pids'])
    writeFileSync(join(top, 'cgroup.subtree_control'), `${controllers.includes(name) ? '+' : '-'}${name}`);
  mkdirSync(group);
  if (given === 'marked') asRoot('perl', '-e', setxattr, group, 'user.delegate', '1');
  if (given === 'kept') return;
  const files = ['', 'cgroup.procs', ...(given === 'marked' ? ['cgroup.subtree_control'] : [])];
  for (const name of files) chownSync(join(group, name), ray.uid, ray.gid);
}

interface Alone {
  readonly exit: number | null;
  readonly said: readonly string[];
  /** The limit of memory of one that has none, and comes after one that has. */
  readonly next: string;
  readonly says: string;
}

/** What group-spawner.ts says in such a group. It fails where anything is left in it. */
export function spawnerAlone(given: Given, controllers: readonly string[]): Alone {
  makeGroup(given, controllers);
  const words = [process.execPath, join(import.meta.dirname, 'group-spawner.js')];
  const user = ['setpriv', `--reuid=${ray.uid}`, `--regid=${ray.gid}`, '--clear-groups'];
  const said = asRoot('sh', '-c', `echo 0 >${group}/cgroup.procs && exec "$0" "$@"`, ...user, ...words);
  rmdirSync(group);
  return JSON.parse(said) as Alone;
}

export async function startFarm(given: Given, controllers: readonly string[], settings: string): Promise<void> {
  makeGroup(given, controllers);
  for (const path of [home, join(home, 'config'), projects]) {
    mkdirSync(path);
    chownSync(path, ray.uid, ray.gid);
  }
  writeFileSync(join(home, 'config/rayserver.yaml'), settings);
  const words = (...more: readonly string[]) => [
    program('rayserver'),
    ...more,
    '--home',
    home,
    '-u',
    'ray',
    '-g',
    'rfusers',
  ];
  run(`echo 0 >${group}/cgroup.procs && exec "$0" "$@"`, words('--procwrap'));
  const said = run('exec "$0" "$@"', words('-f', '--without-procwrap'));
  await until('the daemon and its procwrap', () => /joined with \d+ slots/.test(said()));
}

/** @returns what it says, so far */
function run(script: string, words: readonly string[]): () => string {
  const env = { ...process.env, PATH: `/opt/cells:${process.env['PATH']}` };
  const child = spawn('/bin/sh', ['-c', `exec 2>&1; ${script}`, ...words], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  return () => said;
}

/** Ends it and all simulations, as a service manager would. */
export async function endProcwrap(): Promise<void> {
  await end('procwrap');
}

/** Ends what is left, and removes all; it fails where a group is left. */
export async function endFarm(): Promise<void> {
  await end('procwrap');
  await end('server');
  rmdirSync(group);
  for (const path of [home, projects]) rmSync(path, { recursive: true });
}

async function end(name: 'procwrap' | 'server'): Promise<void> {
  const pid = processOf(name);
  if (pid !== null) process.kill(pid, 'SIGTERM');
  await until(`the end of ${name}`, () => pid === null || processOf(name) !== pid);
}

/** A process of the daemon. */
export function processOf(name: 'procwrap' | 'server' | 'spawner'): number | null {
  const isIt = (line: string) => line.includes(name === 'spawner' ? '/spawner\0' : `bin/${name}/`);
  return pids().find((pid) => isIt(readProcess(pid, 'cmdline'))) ?? null;
}

/** Starts a program, in a new project if none is named. @returns the number of the job */
export async function begin(name: string, script: string, path = makeProject(name, {})): Promise<number> {
  return (await client.submit({ kind: 'command', project: { path }, command: ['sh', '-c', script, name] })).id;
}

/** In place of one that has the name. @returns where it is */
export function makeProject(name: string, files: Readonly<Record<string, string>>): string {
  const path = join(projects, name);
  rmSync(path, { recursive: true, force: true });
  mkdirSync(path);
  for (const [file, text] of Object.entries(files)) writeFileSync(join(path, file), text);
  for (const one of ['', ...Object.keys(files)]) chownSync(join(path, one), ray.uid, ray.gid);
  return path;
}

/** What a project holds whose name begins so. */
export function files(name: string, beginning: string): string[] {
  return readdirSync(join(projects, name)).filter((file) => file.startsWith(beginning));
}

export const textOf = (name: string, file: string) => readFileSync(join(projects, name, file), 'utf8');

export async function over(id: number): Promise<JobView> {
  return await until(`the end of job ${id}`, async () => {
    const job = await client.job(id);
    return ['done', 'failed', 'cancelled'].includes(job.state) && job;
  });
}

/** What is found of containment: of what simulations see, and of what they use. */
export async function containment(): Promise<[Finding | undefined, Finding | undefined]> {
  const [sees, uses] = (await client.examine(null)).filter(({ what }) => what === 'containment');
  return [sees, uses];
}

/** Processes that have this word among theirs. */
export function called(word: string): number[] {
  return pids().filter((pid) => readProcess(pid, 'cmdline').split('\0').includes(word));
}

/** Whether it was stopped where it was. */
export function isStopped(pid: number): boolean {
  return readProcess(pid, 'stat').includes(') T ');
}

/** Processor time that a process has had, seconds. */
export function timeOf(pid: number): number {
  const fields = readProcess(pid, 'stat').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / 100;
}

/** The control group of a process, as a directory. */
export function groupOf(pid: number): string {
  return join(top, /^0::(.*)$/m.exec(readProcess(pid, 'cgroup'))?.[1] ?? '');
}

/** Processor time that a group has had, seconds. */
export function usage(directory: string): number {
  return Number(/^usage_usec (\d+)$/m.exec(readFileSync(join(directory, 'cpu.stat'), 'utf8'))?.[1]) / 1e6;
}

/** Groups in the farm's, by their names. */
export function groups(): string[] {
  const all = readdirSync(group, { withFileTypes: true, recursive: true });
  return all.flatMap((one) => (one.isDirectory() ? [one.name] : []));
}

function pids(): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0);
}

function readProcess(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1');
  } catch {
    return ''; // It has ended meanwhile.
  }
}
