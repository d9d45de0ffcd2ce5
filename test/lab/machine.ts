import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

/** What the checks of the lab do on their machine, `c1` or `c2`, as root; projects are ray's. */

export const host = process.env['HOST'] ?? '';
const flags = '/share/flags';
export const ray = { uid: 1500, gid: 1500 };
const PATH = `${dirname(process.execPath)}:${process.env['PATH']}`;
const asUser = {
  ...ray,
  cwd: '/',
  env: { ...process.env, PATH, HOME: '/home/ray', USER: 'ray', LOGNAME: 'ray' },
} as const;
const run = promisify(execFile);

export interface Said {
  readonly status: number;
  readonly text: string;
}

/** Starts a program as the user of simulations and waits for its end; one that hangs is ended. */
export async function asRay(program: string, args: readonly string[], seconds = 240): Promise<Said> {
  const limit = { timeout: seconds * 1000, killSignal: 'SIGKILL' } as const;
  try {
    const { stdout } = await run(program, [...args], { ...asUser, ...limit });
    return { status: 0, text: stdout };
  } catch (error) {
    const { code, killed, stdout, stderr } = error as {
      code: unknown;
      killed: boolean;
      stdout: string;
      stderr: string;
    };
    if (killed) throw new Error(`${program} ${args.join(' ')} has not ended after ${seconds} s: ${stdout}${stderr}`);
    return { status: typeof code === 'number' ? code : -1, text: `${stdout}${stderr}` };
  }
}

const started: ChildProcess[] = [];
/** Why the check cannot come to its end: one of those that it has started has failed. */
let lost: string | null = null;

/** A program of ours as the user of simulations; its standard output line by line. */
export function startAsRay(
  program: string,
  args: readonly string[],
  says: (line: string) => void,
): { kill: () => Promise<void> } {
  const child = spawn(program, [...args], { ...asUser, stdio: ['ignore', 'pipe', 'inherit'] });
  started.push(child);
  let rest = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) says(line);
  });
  child.once('exit', (status) => {
    if (status) lost = `${args.join(' ')} ended with ${status}`;
  });
  return { kill: () => end(child) };
}

export function asRoot(program: string, ...args: string[]): string {
  return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], timeout: 60_000 });
}

/** srv:/export on /mnt, in place of what was there. */
export function mount(options: string): void {
  if (asRoot('findmnt', '-rno', 'TARGET').split('\n').includes('/mnt')) asRoot('umount', '/mnt');
  asRoot('mount', '-t', 'nfs', '-o', options, 'srv:/export', '/mnt');
}

/** Raises a flag that all machines see, with a word on it. */
export function flag(name: string, word = ''): void {
  writeFileSync(join(flags, `.${name}`), word);
  renameSync(join(flags, `.${name}`), join(flags, name));
}

/** The check that is at work; if a host gives it up, the other one need not wait for it. */
let current = '';
const givenUp = () => join(flags, `failed.${current}`);

/** @returns why it failed, or null */
export async function attempt(check: string, deed: () => Promise<void>): Promise<string | null> {
  current = check;
  lost = null;
  const why = await deed().then(
    () => null,
    (error: Error) => error.message.replace(/\s+/g, ' '),
  );
  if (why !== null) writeFileSync(givenUp(), '');
  current = '';
  lost = null;
  await endStarted();
  for (const deed of afterwards.splice(0)) await deed();
  return why;
}

const afterwards: (() => Promise<void>)[] = [];

/** What is to be done when the check is over, also if it has failed. */
export function afterCheck(deed: () => Promise<void>): void {
  afterwards.push(deed);
}

/** Those that a check has left. */
async function endStarted(): Promise<void> {
  for (const child of started.splice(0)) await end(child);
}

/** Settles when it is gone, and its locks with it. */
async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

/** Waits for a flag. @returns the word on it */
export async function flagged(name: string): Promise<string> {
  const path = join(flags, name);
  await until(name, () => {
    if (existsSync(path)) return true;
    if (existsSync(givenUp())) throw new Error(`the other host has given up before ${name}`);
    return false;
  });
  return readFileSync(path, 'utf8');
}

/**
 * Waits until something is there, as long as that takes: machines may be slow, and the lab ends a run that hangs. Says
 * now and then for what.
 */
export async function until<T>(what: string, look: () => T | false | Promise<T | false>): Promise<T> {
  for (let tries = 1; ; tries++) {
    const seen = await look();
    if (seen !== false) return seen;
    if (lost !== null) throw new Error(`${lost}, before ${what}`);
    if (tries % 300 === 0) console.log(`# still waits for ${what}`);
    await new Promise((settle) => setTimeout(settle, 100));
  }
}

/** Goes on when both clients are here. */
export async function together(name: string): Promise<void> {
  flag(`${name}.${host}`);
  await flagged(`${name}.c1`);
  await flagged(`${name}.c2`);
}
