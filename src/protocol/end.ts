import type { Socket } from 'node:net';
import type { TSchema } from 'typebox';
import type { Validator } from 'typebox/compile';

/** The longest message, bytes: a plan of some ten thousand tasks. */
const LONGEST_MESSAGE = 64 * 1024 * 1024;
/** How much may wait for a peer that does not read before the connection is given up, bytes. */
const LONGEST_QUEUE = 2 * LONGEST_MESSAGE;
/** How long what is under way may take when a connection is closed, ms. */
const FLUSH_MS = 2000;

export type Log = (level: 'info' | 'warn' | 'error', text: string) => void;

/** One end of a connection. */
export interface Link<Out> {
  /** Hands the message over; false if the connection is closed. Whoever waits for an answer hears of that by `closed`. */
  send(message: Out): boolean;
  /** Sends what is under way and closes. */
  close(): void;
}

/** What End needs of net-ipc. */
interface Sender {
  send(data: unknown): Promise<void>;
}

/** A link whose incoming messages are checked; `open` is kept by whoever watches the socket. */
export class End<In, Out> implements Link<Out> {
  open = false;
  readonly #sender: Sender;
  readonly #socket: Socket;
  readonly #door: Validator<Record<never, never>, TSchema>;
  readonly #log: Log;

  constructor(sender: Sender, socket: Socket, door: Validator<Record<never, never>, TSchema>, log: Log) {
    this.#sender = sender;
    this.#socket = socket;
    this.#door = door;
    this.#log = log;
  }

  send(message: Out): boolean {
    if (!this.open || this.#socket.destroyed) return false;
    if (this.#socket.writableLength > LONGEST_QUEUE) {
      this.#socket.destroy(new Error('the other end does not read'));
      return false;
    }
    // Never awaited: with a full buffer net-ipc's promise may wait for another connection's drain. It never says more
    // than the socket's own error does.
    this.#sender.send(message).catch(() => {});
    return true;
  }

  close(): void {
    const late = setTimeout(() => this.#socket.destroy(), FLUSH_MS);
    late.unref();
    this.#socket.once('close', () => clearTimeout(late));
    this.#socket.destroySoon();
  }

  /** Checks a message and hands it on; one that is not in the contract closes the connection. */
  take(raw: unknown, heard: (message: In) => void): void {
    if (!this.open) return;
    if (!this.#door.Check(raw)) {
      const [first] = this.#door.Errors(raw);
      const why = first ? `${first.instancePath || '/'} ${first.message}` : 'unknown';
      this.#log('error', `Inner link: a message that is not in the contract (${why}), connection closed.`);
      this.#socket.destroy(new Error('a message that is not in the contract'));
      return;
    }
    try {
      heard(raw as In);
    } catch (error) {
      // An error of ours is no error of the connection, which net-ipc would make of it.
      queueMicrotask(() => {
        throw error;
      });
    }
  }
}

/** Bounds the frames of a socket, ends it at its first error, and says once, with the reason, when it is closed. */
export function watchSocket(socket: Socket, gone: (reason: string) => void): void {
  let reason = 'the other end closed the connection';
  const read = socket.read.bind(socket);
  // net-ipc asks for as many bytes as a frame announces; more than Node can give would throw where nobody catches.
  socket.read = (size?: number) => {
    if (size === undefined || size <= LONGEST_MESSAGE) return read(size);
    socket.destroy(new Error(`a message of ${size} bytes is too long`));
    return null;
  };
  socket.on('error', (error) => {
    reason = error.message;
    socket.destroy();
  });
  socket.once('close', () => gone(reason));
}
