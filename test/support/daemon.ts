import { chownSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { isAlive, type Running, type RunOptions, run, start, temporaryDirectory } from './program.ts';
import { waitUntil } from './wait-until.ts';

export const isRoot = process.getuid?.() === 0;

/** This machine's name as the daemon's log and messages have it. */
export const host = hostname().split('.')[0] ?? '';

/** Whom tests run as: root's tests as nobody, for the daemon does not run simulations as root. */
export const ordinaryUser: NonNullable<RunOptions['user']> = isRoot
  ? { uid: 65534, gid: 65534 }
  : { uid: process.getuid?.() ?? -1, gid: process.getgid?.() ?? -1 };

/** A home of its own for each test; `remove` ends what still runs there. */
export class TestHome {
  readonly path: string;
  readonly #directory: { path: string; remove: () => void };

  constructor() {
    this.#directory = temporaryDirectory();
    if (isRoot) chownSync(this.#directory.path, ordinaryUser.uid, ordinaryUser.gid);
    this.path = join(this.#directory.path, 'home');
  }

  get logFile(): string {
    return join(this.path, 'srvlogs', host);
  }

  /** What the log holds; nothing while there is none. */
  log(): string {
    try {
      return readFileSync(this.logFile, 'utf8');
    } catch {
      return '';
    }
  }

  file(...parts: string[]): string {
    return join(this.path, ...parts);
  }

  /** Waits for a line in the log. */
  async logs(text: string | RegExp): Promise<void> {
    await waitUntil(`"${text}" in the log`, () => {
      const log = this.log();
      return typeof text === 'string' ? log.includes(text) : text.test(log);
    });
  }

  /** Processes of the daemon that work for this home: servers and procwraps. */
  processes(kind = ''): number[] {
    return readdirSync('/proc')
      .filter((name) => /^[0-9]+$/.test(name))
      .map(Number)
      .filter((pid) => {
        const words = commandOf(pid);
        return words.slice(1).includes(this.path) && (words[1] ?? '').includes(kind);
      });
  }

  /** Ends all that works for this home and removes it. */
  async remove(): Promise<void> {
    for (const pid of this.processes()) endAtOnce(pid);
    await waitUntil('the end of all processes of the home', () => this.processes().filter(isAlive).length === 0);
    rmSync(this.path, { recursive: true, force: true });
    this.#directory.remove();
  }
}

/** The words of a process's command line; none, if it has gone. */
export function commandOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1);
  } catch {
    return [];
  }
}

/** Starts a daemon in the foreground as an ordinary user, on any free port unless one is named, and waits until it serves. */
export async function startForeground(
  home: TestHome,
  args: readonly string[] = [],
  options: RunOptions = {},
  port = 0,
): Promise<Running> {
  const running = start('rayserver', ['-f', '--home', home.path, '--port', String(port), ...args], {
    user: ordinaryUser,
    ...options,
  });
  await running.says(/^Rayserver [0-9]+ running\.$/m);
  return running;
}

/** Starts a daemon in the background as an ordinary user, on any free port: its pid, and what was printed. */
export async function startBackground(
  home: TestHome,
  args: readonly string[] = [],
  options: RunOptions = {},
): Promise<{ pid: number; stdout: string; stderr: string }> {
  const { status, stdout, stderr } = await run('rayserver', ['--home', home.path, '--port', '0', ...args], {
    user: ordinaryUser,
    ...options,
  });
  const pid = Number(/^Rayserver ([0-9]+) switching to daemon mode\.$/m.exec(stdout)?.[1] ?? Number.NaN);
  if (status !== 0 || Number.isNaN(pid)) throw new Error(`did not start: ${status} ${stdout} ${stderr} ${home.log()}`);
  return { pid, stdout, stderr };
}

/** The port on which the daemon of this home has started last. */
export function portOf(home: TestHome): number {
  const ports = [...home.log().matchAll(/Async Rayfront Server started on port ([0-9]+)/g)];
  return Number(ports.at(-1)?.[1] ?? Number.NaN);
}

/** Sends the signal and waits for the end of that process. */
export async function end(pid: number, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  process.kill(pid, signal);
  await waitUntil(`the end of process ${pid}`, () => !isAlive(pid));
}

function endAtOnce(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has gone by itself.
  }
}
