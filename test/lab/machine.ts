import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** What the checks of the lab do on their machine, `c1` or `c2`, as root; projects are ray's. */

export const host = process.env['HOST'] ?? '';
const flags = '/share/flags';
const ray = { uid: 1500, gid: 1500 };
const run = promisify(execFile);

export interface Said {
  readonly status: number;
  readonly text: string;
}

/** Starts a program as the user of simulations and waits for its end. */
export async function asRay(program: string, args: readonly string[], seconds = 60): Promise<Said> {
  const limit = { timeout: seconds * 1000, killSignal: 'SIGKILL' } as const;
  try {
    const { stdout } = await run(program, [...args], { ...ray, cwd: '/', ...limit });
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

/** A program of ours as the user of simulations; its standard output line by line. */
export function startAsRay(
  program: string,
  args: readonly string[],
  says: (line: string) => void,
): { kill: () => void } {
  const child = spawn(program, [...args], { ...ray, cwd: '/', stdio: ['ignore', 'pipe', 'inherit'] });
  started.push(child);
  let rest = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) says(line);
  });
  return { kill: () => child.kill('SIGKILL') };
}

/** Those that a check which failed has left. */
export async function endStarted(): Promise<void> {
  for (const child of started.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
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

/** Waits for a flag. @returns the word on it */
export async function flagged(name: string): Promise<string> {
  if (!(await until(() => existsSync(join(flags, name))))) throw new Error(`nobody raised ${name} within a minute`);
  return readFileSync(join(flags, name), 'utf8');
}

/** @returns whether it came true within a minute */
export async function until(isTrue: () => boolean): Promise<boolean> {
  for (let tries = 600; !isTrue(); tries--) {
    if (tries === 0) return false;
    await new Promise((settle) => setTimeout(settle, 100));
  }
  return true;
}

/** Goes on when both clients are here. */
export async function together(name: string): Promise<void> {
  flag(`${name}.${host}`);
  await flagged(`${name}.c1`);
  await flagged(`${name}.c2`);
}
