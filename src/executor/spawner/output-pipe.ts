import { closeSync, readSync } from 'node:fs';
import { Socket } from 'node:net';
import { makePipe } from '../../unix/start-program.ts';
import { WINDOW } from './messages.ts';

const PORTION = 64 * 1024;
/** Most that is read after the end of a program, bytes: more than a pipe holds. */
const LAST_OUTPUT = 1024 * 1024;

/** A pipe from a program, used by one after the other: making one for each would halve the programs a second. */
export class OutputPipe {
  /** For the program. */
  readonly to: number;
  readonly #from: number;
  readonly #socket: Socket;
  #hear: (portion: Buffer) => void = () => {};
  #credit = WINDOW;

  /** @throws NodeJS.ErrnoException EMFILE */
  constructor() {
    const { from, to } = makePipe();
    [this.#from, this.to] = [from, to];
    this.#socket = new Socket({ fd: from, readable: true, writable: false });
    this.#socket.on('error', () => {});
    this.#socket.on('data', (portion) => this.#take(portion));
  }

  /** What comes from now on is for `hear`. */
  begin(hear: (portion: Buffer) => void): void {
    this.#hear = hear;
    this.#credit = WINDOW;
    this.#socket.resume();
  }

  credit(bytes: number): void {
    this.#credit += bytes;
    if (this.#credit > 0) this.#socket.resume();
  }

  /** Takes what is left in the pipe. */
  drain(): void {
    this.#socket.pause();
    // What the socket has read already comes first; it goes through `#take`.
    while (this.#socket.read() !== null);
    const portion = Buffer.allocUnsafe(PORTION);
    for (let all = 0, size = 1; size > 0 && all < LAST_OUTPUT; all += size) {
      size = readReady(this.#from, portion);
      if (size > 0) this.#hear(Buffer.from(portion.subarray(0, size)));
    }
    this.#hear = () => {};
  }

  close(): void {
    this.#hear = () => {};
    closeSync(this.to);
    this.#socket.destroy();
  }

  #take(portion: Buffer): void {
    this.#hear(portion);
    this.#credit -= portion.length;
    if (this.#credit <= 0) this.#socket.pause();
  }
}

/** 0 where nothing is ready. */
function readReady(fd: number, into: Buffer): number {
  try {
    return readSync(fd, into);
  } catch {
    return 0;
  }
}
