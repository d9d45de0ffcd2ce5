import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { ordinaryUser } from '../test/support/daemon.ts';

export interface Command {
  readonly words: readonly [string, ...string[]];
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

/** Runs a command as the ordinary user who also runs the daemon. @throws Error if it fails, or `signal` ends it */
export async function run(command: Command): Promise<{ stdout: string; seconds: number }> {
  const start = performance.now();
  const service = new Service(command);
  service.child.stdin?.end();
  const status = await service.ended;
  const seconds = (performance.now() - start) / 1000;
  if (status !== 0) {
    throw new Error(`${command.words[0]} ended with ${status}: ${service.lastWords}`);
  }
  return { stdout: service.stdout, seconds };
}

/** A command that stays, in a process group of its own, which is ended with it. */
export class Service {
  readonly child: ChildProcess;
  /** Its exit status, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals | null>;
  stdout = '';
  stderr = '';

  constructor({ words: [program, ...args], cwd, env, signal }: Command) {
    signal.throwIfAborted();
    const environment = { ...process.env, ...env, HOME: cwd };
    this.child = spawn(program, args, { cwd, env: environment, detached: true, stdio: 'pipe', ...ordinaryUser });
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text;
    });
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
    });
    this.child.stdin?.on('error', () => undefined);
    const end = () => this.kill();
    signal.addEventListener('abort', end, { once: true });
    this.ended = new Promise((tell, fail) => {
      this.child.once('error', fail);
      this.child.once('close', (status, killer) => {
        signal.removeEventListener('abort', end);
        tell(status ?? killer);
      });
    });
    this.ended.catch(() => undefined);
  }

  get lastWords(): string {
    return this.stderr.trim().split('\n').at(-1) ?? '';
  }

  get pid(): number {
    return this.child.pid ?? -1;
  }

  /** Resolves once standard output holds `word`. @throws Error if it ends before */
  says(word: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = () => this.stdout.includes(word) && resolve();
      this.child.stdout?.on('data', look);
      look();
      const early = () => reject(new Error(`ended without saying "${word}": ${this.lastWords}`));
      this.ended.then(early, reject);
    });
  }

  /** Ends its standard input, which it takes as its end. */
  async leave(): Promise<void> {
    this.child.stdin?.end();
    await this.ended;
  }

  kill(): void {
    try {
      process.kill(-this.pid, 'SIGKILL');
    } catch {
      // It has gone by itself.
    }
  }
}

/** Memory of a process in MB (10^6 bytes): resident, and with what it shares divided by those who share it. */
export function memoryOf(pid: number): { rss: number; pss: number } {
  const rss = kilobytes(`/proc/${pid}/status`, 'VmRSS') * 1.024e-3;
  try {
    return { rss, pss: kilobytes(`/proc/${pid}/smaps_rollup`, 'Pss') * 1.024e-3 };
  } catch {
    // The daemon is undumpable: only root may look.
    return { rss, pss: Number.NaN };
  }
}

function kilobytes(file: string, key: string): number {
  const found = new RegExp(`^${key}:\\s+([0-9]+) kB$`, 'm').exec(readFileSync(file, 'utf8'));
  return Number(found?.[1] ?? Number.NaN);
}

/** Seconds that a process's threads have run until now, to the nanosecond: utime and stime count in hundredths. */
export function cpuSeconds(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`);
  const nanoseconds = threads.map((id) =>
    Number(readFileSync(`/proc/${pid}/task/${id}/schedstat`, 'utf8').split(' ')[0]),
  );
  return nanoseconds.reduce((sum, part) => sum + part, 0) / 1e9;
}

/** This process's children and theirs, by the parents that the kernel names. */
export function descendants(pid: number): number[] {
  const children = readdirSync('/proc').filter((name) => /^[0-9]+$/.test(name) && parentOf(name) === pid);
  return children.map(Number).flatMap((child) => [child, ...descendants(child)]);
}

function parentOf(pid: string): number | null {
  try {
    return Number(/\) . ([0-9]+)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1]);
  } catch {
    return null;
  }
}

export function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal?.addEventListener('abort', () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}
