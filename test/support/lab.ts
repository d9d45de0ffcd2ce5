import {
  chmodSync,
  chownSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Ended, type Running, type RunOptions, run, start, top } from './program.ts';
import { waitUntil } from './wait-until.ts';

/** A user without rights for tests that root runs; whoever runs the tests, otherwise. */
export const nobody = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : null;

/** A port of the loopback address that nobody uses just now. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}

/** A directory, a home, and a daemon in the foreground, all of an ordinary user; everything is gone after `close`. */
export class Lab {
  readonly directory: string;
  readonly home: string;
  readonly port: number;
  daemon: Running | null = null;
  readonly #env: Record<string, string | undefined>;

  private constructor(port: number, env: Record<string, string | undefined>) {
    this.port = port;
    this.directory = mkdtempSync(join(tmpdir(), 'lab-'));
    chmodSync(this.directory, 0o755);
    this.home = join(this.directory, 'home');
    mkdirSync(this.home);
    this.own(this.home);
    this.#env = { HOME: this.home, RAYSERVER: undefined, RAYSERVER_HOME: undefined, ...env };
  }

  static async make(env: Record<string, string | undefined> = {}): Promise<Lab> {
    return new Lab(await freePort(), env);
  }

  /** Gives everything below to the lab's user. */
  own(path: string): void {
    if (!nobody) return;
    chownSync(path, nobody.uid, nobody.gid);
    for (const entry of readdirSync(path, { recursive: true, encoding: 'utf8' })) {
      chownSync(join(path, entry), nobody.uid, nobody.gid);
    }
  }

  /** A copy of `test/fixtures/<fixture>` as a project, setgid as a lab would have it. */
  project(fixture = 'room', name = fixture): string {
    const path = join(this.directory, name);
    cpSync(join(top, 'test/fixtures', fixture), path, { recursive: true });
    this.own(path);
    chmodSync(path, 0o2775);
    return path;
  }

  /** Writes a file of the project as the lab's user. */
  write(path: string, text: string | Buffer): void {
    writeFileSync(path, text);
    if (nobody) chownSync(path, nobody.uid, nobody.gid);
  }

  #options(options: RunOptions): RunOptions {
    return {
      cwd: this.directory,
      ...(nobody ? { user: nobody } : {}),
      ...options,
      env: { ...this.#env, ...options.env },
    };
  }

  async startDaemon(args: readonly string[] = [], options: RunOptions = {}): Promise<Running> {
    const all = ['-f', '--home', this.home, '--port', String(this.port), ...args];
    const daemon = start('rayserver', all, this.#options({ milliseconds: 300_000, ...options }));
    this.daemon = daemon;
    await daemon.says(/Rayserver \d+ running\./);
    return daemon;
  }

  /** Ends the daemon in good order; simulations go on. */
  async stopDaemon(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    this.daemon?.kill(signal);
    await this.daemon?.ended;
    this.daemon = null;
  }

  rayctl(...args: string[]): Promise<Ended> {
    return run('rayctl', ['--home', this.home, ...args], this.#options({ milliseconds: 120_000 }));
  }

  startRayctl(...args: string[]): Running {
    return start('rayctl', ['--home', this.home, ...args], this.#options({ milliseconds: 120_000 }));
  }

  /** What rayctl --json prints; its exit status must be 0. */
  async json<T>(...args: string[]): Promise<T> {
    const ended = await this.rayctl(...args, '--json');
    if (ended.status !== 0) throw new Error(`rayctl ${args.join(' ')}: ${ended.status} ${ended.stderr}`);
    return JSON.parse(ended.stdout) as T;
  }

  /** Pids of the procwraps of this home, found by their second argument, as a person would. */
  procwraps(): number[] {
    return processesWith((words) => (words[1] ?? '').endsWith('procwrap/start.js') && words.includes(this.home));
  }

  /** Pids of the rpict processes that work below the lab: those of other tests are none of its. */
  renderers(): number[] {
    const isRpict = (words: string[]) => words[0]?.endsWith('rpict') === true;
    return processesWith(isRpict).filter((pid) => {
      try {
        return readlinkSync(`/proc/${pid}/cwd`).startsWith(`${this.directory}/`);
      } catch {
        return false;
      }
    });
  }

  async close(): Promise<void> {
    if (this.daemon) {
      this.daemon.kill('SIGTERM');
      await this.daemon.ended.catch(() => undefined);
    }
    for (const pid of this.procwraps()) process.kill(pid, 'SIGTERM');
    await waitUntil('no procwrap', () => this.procwraps().length === 0);
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** Pids whose command line, as words, fits. */
export function processesWith(fits: (words: string[]) => boolean): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
        return words.length > 1 && fits(words);
      } catch {
        return false;
      }
    })
    .map(Number);
}
