import { once } from 'node:events';
import pc from 'picocolors';
import type { HostRecord } from '../../config/hosts.ts';
import { type FoundServer, findServer } from '../find-server.ts';
import { RayserverClient } from '../rayserver-client.ts';
import { quoteWord } from '../words.ts';
import { asInterruption, Interrupted } from './exit.ts';
import { ownRecord } from './project.ts';
import type { EndingSignal, Terminal, World } from './world.ts';

/** Options that every verb takes. */
export interface CommonOptions {
  json?: true;
  server?: string;
  tokenFile?: string;
  home?: string;
}

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const satisfies readonly EndingSignal[];

/** One run of rayctl: where it prints, the server it talks to, and how it is ended. */
export class Session implements AsyncDisposable {
  readonly world: World;
  readonly options: CommonOptions;
  readonly found: FoundServer;
  readonly client: RayserverClient;
  readonly colors: ReturnType<typeof pc.createColors>;
  readonly #abort = new AbortController();
  readonly #handlers: (readonly [EndingSignal, () => void])[];
  readonly #onBrokenPipe = (error: NodeJS.ErrnoException): void => {
    this.#abort.abort(asInterruption(error));
  };

  /** @throws CalledWrongly */
  constructor(world: World, options: CommonOptions) {
    this.world = world;
    this.options = options;
    const { server, tokenFile, home } = options;
    this.found = findServer({ server, tokenFile, home, env: world.env, ...uidOf(world) });
    const interactive = world.stdin.isTTY === true && world.stderr.isTTY === true;
    this.client = new RayserverClient({ ...this.found, interactive });
    this.colors = pc.createColors(isColourful(world.stdout, world.env));
    this.#handlers = signals.map((signal) => [signal, () => this.#abort.abort(new Interrupted(signal))]);
    for (const [signal, handler] of this.#handlers) world.on(signal, handler);
    world.stdout.on('error', this.#onBrokenPipe);
    world.stderr.on('error', this.#onBrokenPipe);
  }

  /** Aborted with Interrupted when somebody ends rayctl. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  get isJson(): boolean {
    return this.options.json === true;
  }

  /** The server is on this machine, so that a path means the same to both. */
  get isHere(): boolean {
    return this.client.address.by === 'unix';
  }

  print(line: string): void {
    this.world.stdout.write(`${line}\n`);
  }

  /** Settles when what was printed has gone out, so that a long listing takes no memory. */
  async drained(): Promise<void> {
    const { stdout } = this.world;
    if (stdout.writableNeedDrain) await once(stdout, 'drain', { signal: this.signal });
  }

  printJson(value: unknown): void {
    this.print(JSON.stringify(value, null, 2));
  }

  complain(line: string): void {
    this.world.stderr.write(`${line}\n`);
  }

  /** Columns for a table; no limit where nobody reads it on a terminal. */
  get width(): number {
    const { isTTY, columns } = this.world.stdout;
    return isTTY && columns ? columns : Number.POSITIVE_INFINITY;
  }

  /** This host's record in the caller's hosts file. @throws ConfigError */
  record(): HostRecord | null {
    return ownRecord(this.found.home);
  }

  /** A command of rayctl to be typed in the same place, with the same server. */
  command(words: string): string {
    const { server, tokenFile, home } = this.options;
    const options = Object.entries({ '--server': server, '--token-file': tokenFile, '--home': home });
    const given = options.flatMap(([name, value]) => (value === undefined ? [] : [`${name} ${quoteWord(value)}`]));
    return ['rayctl', words, ...given].join(' ');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const [signal, handler] of this.#handlers) this.world.off(signal, handler);
    await this.client.close();
  }
}

function uidOf(world: World): { uid: number } | Record<string, never> {
  const uid = world.getuid?.();
  return uid === undefined ? {} : { uid };
}

/** NO_COLOR: https://no-color.org */
function isColourful(terminal: Terminal, env: World['env']): boolean {
  return terminal.isTTY === true && !env['NO_COLOR'] && env['TERM'] !== 'dumb';
}
