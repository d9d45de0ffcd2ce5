import { chownSync, mkdirSync, mkdtempSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { ordinaryUser, TestHome } from './daemon.ts';
import { type Ended, Running, runCommand, top } from './program.ts';

/** Runs a command that has to succeed; what it printed. */
export async function printed(
  command: string,
  args: readonly string[],
  options: { cwd?: string } = {},
): Promise<string> {
  const { status, stdout, stderr } = await runCommand(command, args, { ...options, milliseconds: 120_000 });
  expect(status, `${command} ${args.join(' ')}: ${stderr}`).to.equal(0);
  return stdout;
}

/** Builds one package with scripts/package, in a directory of its own; its path. */
export async function build(kind: 'deb' | 'npm', directory: string): Promise<string> {
  mkdirSync(directory, { recursive: true });
  await printed(join(top, 'scripts/package'), [`--${kind}`, '--fast', '--to', directory]);
  const [file] = readdirSync(directory);
  return join(directory, file ?? '');
}

/** Starts the installed daemon, as an ordinary user and far from the clone. */
export class InstalledDaemon {
  readonly home = new TestHome();
  readonly #bin: string;
  readonly #path: string;
  #daemon: Running | null = null;

  /** @param path - PATH, where a doorway looks for Node.js */
  constructor(bin: string, path: string) {
    this.#bin = bin;
    this.#path = path;
  }

  start(): Running {
    const args = ['-f', '--home', this.home.path, '--port', '0'];
    const env = { PATH: this.#path, RAYPATH: undefined };
    this.#daemon = new Running(join(this.#bin, 'rayserver'), args, { env, user: ordinaryUser, milliseconds: 300_000 });
    return this.#daemon;
  }

  /** A directory to run something in. */
  project(): string {
    const directory = mkdtempSync(`${this.home.path}-project-`);
    chownSync(directory, ordinaryUser.uid, ordinaryUser.gid);
    return directory;
  }

  rayctl(...args: string[]): Promise<Ended> {
    const env = { PATH: this.#path, RAYSERVER: undefined, RAYSERVER_HOME: this.home.path };
    return runCommand(join(this.#bin, 'rayctl'), args, { env, user: ordinaryUser });
  }

  async remove(): Promise<void> {
    this.#daemon?.kill('SIGTERM');
    await this.#daemon?.ended;
    await this.home.remove();
  }
}
