import type { ServerResponse } from 'node:http';
import type { Bounds } from './bounds.ts';

/**
 * One event stream to a client, and its patience: comments show that it stands, and a client that takes nothing for
 * too long is cut. Whoever writes asks `isReady` first, so that nothing piles up for a slow reader.
 */
export class SseWriter {
  readonly #response: ServerResponse;
  readonly #bounds: Bounds;
  /** Called when there is room again. */
  readonly #room: () => void;
  #isOpen = false;
  #isOver = false;
  #patience: NodeJS.Timeout | undefined;
  #heartbeat: NodeJS.Timeout | undefined;

  constructor(response: ServerResponse, bounds: Bounds, room: () => void) {
    this.#response = response;
    this.#bounds = bounds;
    this.#room = room;
  }

  /** True from the end of the stream on, whoever ended it. */
  get isOver(): boolean {
    return this.#isOver;
  }

  get isReady(): boolean {
    return this.#isOpen && !this.#isOver && !this.#response.writableNeedDrain;
  }

  /** @param left called once, when the client is gone or the stream has ended; at once if that is so already */
  whenLeft(left: () => void): void {
    const leave = () => {
      this.#isOver = true;
      clearTimeout(this.#patience);
      clearInterval(this.#heartbeat);
      left();
    };
    if (this.#response.destroyed) leave();
    else this.#response.once('close', leave);
  }

  begin(): void {
    if (this.#isOver) {
      this.#response.destroy();
      return;
    }
    this.#response.writeHead(200, { 'Content-Type': 'text/event-stream; charset=utf-8', 'X-Accel-Buffering': 'no' });
    this.#response.on('drain', () => this.#onDrain());
    this.#heartbeat = setInterval(() => this.#beat(), this.#bounds.heartbeatMs);
    this.#isOpen = true;
    this.#write('retry: 2000\n\n');
  }

  /** @param data JSON, without line ends */
  send(event: string, id: string, data: string): void {
    this.#write(`event: ${event}\nid: ${id}\ndata: ${data}\n\n`);
  }

  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearInterval(this.#heartbeat);
    this.#watchPatience();
    if (this.#isOpen) this.#response.end();
  }

  #beat(): void {
    if (this.isReady) this.#write(': still here\n\n');
  }

  #write(text: string): void {
    if (!this.#response.write(text)) this.#watchPatience();
  }

  #watchPatience(): void {
    this.#patience ??= setTimeout(() => this.#response.destroy(), this.#bounds.slowReaderMs);
  }

  #onDrain(): void {
    if (this.#isOver) return;
    clearTimeout(this.#patience);
    this.#patience = undefined;
    this.#room();
  }
}
