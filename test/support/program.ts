import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { waitUntil } from './wait-until.ts';

/** The directory of the program: bin/, build/, node_modules/. */
export const top = resolve(import.meta.dirname, '../../..');

export interface RunOptions {
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  /** Run as this user instead of the caller; only root can. */
  readonly user?: { uid: number; gid: number };
  /** Null: its input stays open. */
  readonly input?: string | null;
  readonly milliseconds?: number;
}

export interface Ended {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly pid: number;
}

/** What hangs is ended, ms; a busy machine takes its time. */
const patience = 120_000;

/** A program of ours that is running; what it prints is collected. */
export class Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  stdout = '';
  stderr = '';
  #over = false;

  constructor(command: string, args: readonly string[], options: RunOptions) {
    const milliseconds = options.milliseconds ?? patience;
    const child = spawn(command, args, {
      cwd: options.cwd ?? '/',
      env: { ...process.env, ...options.env },
      ...options.user,
    });
    this.child = child;
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
    });
    child.stdin.on('error', () => undefined);
    if (options.input !== null) child.stdin.end(options.input ?? '');
    this.ended = new Promise((tell, fail) => {
      const tooLong = setTimeout(() => {
        child.kill('SIGKILL');
        fail(new Error(`${command} ${args.join(' ')} did not end in ${milliseconds} ms; ${this.#seen()}`));
      }, milliseconds);
      child.on('error', fail);
      child.on('close', (status, signal) => {
        this.#over = true;
        clearTimeout(tooLong);
        tell({ status, signal, stdout: this.stdout, stderr: this.stderr, pid: this.pid });
      });
    });
    this.ended.catch(() => undefined);
  }

  get pid(): number {
    return this.child.pid ?? -1;
  }

  /** Waits until standard output holds this text. */
  async says(text: string | RegExp): Promise<void> {
    await waitUntil(`"${text}" on standard output`, () => {
      if (typeof text === 'string' ? this.stdout.includes(text) : text.test(this.stdout)) return true;
      if (this.#over) throw new Error(`ended without saying "${text}"; ${this.#seen()}`);
      return false;
    });
  }

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  #seen(): string {
    return `stdout: ${JSON.stringify(this.stdout)} stderr: ${JSON.stringify(this.stderr)}`;
  }
}

/** Starts `bin/NAME` as its users do, through the doorway. */
export function start(name: 'rayserver' | 'rayctl', args: readonly string[], options: RunOptions = {}): Running {
  return new Running(join(top, 'bin', name), args, options);
}

/** Starts it and waits for its end, at most `milliseconds` (two minutes by default). */
export function run(name: 'rayserver' | 'rayctl', args: readonly string[], options: RunOptions = {}): Promise<Ended> {
  return start(name, args, options).ended;
}

/** Starts any command and waits for its end. */
export function runCommand(command: string, args: readonly string[], options: RunOptions = {}): Promise<Ended> {
  return new Running(command, args, options).ended;
}

/** A new directory that everybody may enter, and what removes it. */
export function temporaryDirectory(name = 'rayserver-test-'): { path: string; remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), name));
  chmodSync(path, 0o755);
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** Is there a process with this id? A zombie is none. */
export function isAlive(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
