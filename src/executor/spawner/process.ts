import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import type { Socket } from 'node:net';
import { withNodeOptions } from '../../unix/node-options.ts';
import { nodeSpawner } from '../spawner-place.ts';
import { encodeToSpawner, type FromSpawner, fromSpawner, type ToSpawner, VERSION } from './messages.ts';

/** `c`: the C program. `node`: the same in JavaScript, where there was no compiler. */
export type SpawnerKind = 'c' | 'node';

export interface SpawnerHandlers {
  heard(message: FromSpawner): void;
  /** Once, when it is gone, whatever the reason. */
  gone(reason: string): void;
}

/** Which one is to be used: the one asked for, else the C program if it was built. */
export function spawnerKind(asked: string | undefined, compiled: string): SpawnerKind {
  if (asked === 'c' || asked === 'node') return asked;
  return existsSync(compiled) ? 'c' : 'node';
}

export type Ready = Extract<FromSpawner, { say: 'ready' }>;

/** One spawner process and the socket to it. It ends, and all that it started with it, when the socket closes. */
export class SpawnerProcess {
  /** Settles when it is ready. Rejects when it does not start or speaks otherwise. */
  readonly ready: Promise<Ready>;
  readonly #child: ChildProcess;
  readonly #socket: Socket;
  readonly #handlers: SpawnerHandlers;
  readonly #frames = fromSpawner();
  #gone = false;
  #greeted: (ready: Ready) => void = () => {};
  #refused: (error: Error) => void = () => {};

  /** `compiled`: the C program, for the kind `c`. */
  constructor(kind: SpawnerKind, compiled: string, mark: bigint, handlers: SpawnerHandlers) {
    this.#handlers = handlers;
    this.ready = new Promise((settle, fail) => {
      this.#greeted = settle;
      this.#refused = fail;
    });
    this.ready.catch(() => {});
    const [program, args] = kind === 'c' ? [compiled, []] : [process.execPath, [nodeSpawner]];
    // A session of its own: nobody's terminal or job control reaches it. The pipe is a pair of sockets.
    this.#child = spawn(program, args, {
      cwd: '/',
      env: withNodeOptions({}),
      detached: true,
      stdio: ['ignore', 'ignore', 'inherit', 'pipe'],
    });
    this.#socket = this.#child.stdio[3] as Socket;
    this.#child.once('error', (error) => this.#end(error.message));
    this.#child.once('exit', (exit, signal) => this.#end(`it ended with ${signal ?? `status ${exit}`}`));
    // A write that fails says less than the exit, which follows.
    this.#socket.on('error', () => {});
    this.#socket.on('data', (portion: Buffer) => this.#take(portion));
    this.say({ say: 'hello', version: VERSION, mark });
  }

  /** What is said in one turn of the event loop travels together. */
  say(message: ToSpawner): void {
    if (this.#gone) return;
    if (this.#socket.writableCorked === 0) {
      this.#socket.cork();
      process.nextTick(() => this.#socket.uncork());
    }
    this.#socket.write(encodeToSpawner(message));
  }

  /** While something runs the spawner keeps this process from ending; else it does not. */
  keepsAwake(awake: boolean): void {
    if (awake) this.#socket.ref();
    else this.#socket.unref();
  }

  /** Closes the socket; settles when the process is gone. */
  async close(): Promise<void> {
    if (this.#gone) return;
    const exit = once(this.#child, 'exit');
    this.#child.ref();
    this.#socket.destroy();
    await exit;
  }

  /** For one that does not do as it should. */
  kill(): void {
    this.#child.kill('SIGKILL');
  }

  #take(portion: Buffer): void {
    try {
      for (const message of this.#frames.push(portion)) this.#hear(message);
    } catch (error) {
      this.#refused(error as Error);
      this.kill();
    }
  }

  #hear(message: FromSpawner): void {
    if (message.say !== 'ready') {
      this.#handlers.heard(message);
      return;
    }
    this.#child.unref();
    this.keepsAwake(false);
    this.#greeted(message);
  }

  #end(reason: string): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#socket.destroy();
    this.#refused(new Error(reason));
    this.#handlers.gone(reason);
  }
}
