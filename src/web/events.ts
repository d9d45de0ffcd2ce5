import type { ServerResponse } from 'node:http';
import { Refusal } from '../model/refusal.ts';
import type { JobView } from '../protocol/api.ts';
import type { Bounds } from './bounds.ts';
import type { Farm } from './farm.ts';
import { hasEnded, type Sent, waitBefore } from './thinning.ts';

/** All event streams of the port. */
export class EventStreams {
  readonly #farm: Farm;
  readonly #bounds: Bounds;
  readonly #streams = new Set<EventStream>();

  constructor(farm: Farm, bounds: Bounds) {
    this.#farm = farm;
    this.#bounds = bounds;
  }

  /**
   * Streams a job to a client until the job has ended or the client is gone.
   * @param begin called once the job is known to be there: from then on the response is the stream's.
   * @param lastId what the client has seen last; ids go on from there.
   * @throws Refusal where there is no such job, or there are too many streams.
   */
  async open(
    id: number,
    response: ServerResponse,
    lastId: number,
    encode: (view: JobView) => string,
    begin: () => void,
  ) {
    if (this.#streams.size >= this.#bounds.streams)
      throw new Refusal('not-ready', `${this.#bounds.streams} event streams are open already; try again later.`);
    const stream = new EventStream(response, this.#bounds, lastId, encode);
    this.#streams.add(stream);
    response.once('close', () => this.#streams.delete(stream));
    try {
      stream.follow(await this.#farm.watch(id, (view) => stream.offer(view)));
    } catch (error) {
      this.#streams.delete(stream);
      throw error;
    }
    begin();
    stream.begin();
  }

  endAll(): void {
    for (const stream of this.#streams) stream.end();
  }
}

/**
 * One client. At most one event waits for it, the newest: each event is the whole job, so that older ones are of no use.
 * A client that takes nothing for too long is cut.
 */
class EventStream {
  readonly #response: ServerResponse;
  readonly #bounds: Bounds;
  readonly #encode: (view: JobView) => string;
  #counter: number;
  #waiting: JobView | null = null;
  #last: Sent | null = null;
  #isOpen = false;
  #isOver = false;
  #delay: NodeJS.Timeout | undefined;
  #patience: NodeJS.Timeout | undefined;
  #heartbeat: NodeJS.Timeout | undefined;

  constructor(response: ServerResponse, bounds: Bounds, lastId: number, encode: (view: JobView) => string) {
    this.#response = response;
    this.#bounds = bounds;
    this.#counter = lastId;
    this.#encode = encode;
  }

  /** @param stop ends the watch. */
  follow(stop: () => void): void {
    const leave = () => {
      stop();
      this.#isOver = true;
      clearTimeout(this.#delay);
      clearTimeout(this.#patience);
      clearInterval(this.#heartbeat);
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
    this.#pump();
  }

  offer(view: JobView): void {
    if (this.#isOver) return;
    this.#waiting = view;
    this.#pump();
  }

  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#delay);
    clearInterval(this.#heartbeat);
    this.#watchPatience();
    if (this.#isOpen) this.#response.end();
  }

  #pump(): void {
    clearTimeout(this.#delay);
    if (!this.#waiting || !this.#isOpen || this.#isOver || this.#response.writableNeedDrain) return;
    const now = performance.now();
    const wait = waitBefore(this.#waiting, this.#last, now, this.#bounds.progressMs);
    if (wait > 0) this.#delay = setTimeout(() => this.#pump(), wait);
    else this.#send(this.#waiting, now);
  }

  #send(view: JobView, now: number): void {
    this.#waiting = null;
    this.#last = { view, at: now };
    this.#counter += 1;
    this.#write(`event: job\nid: ${this.#counter}\ndata: ${this.#encode(view)}\n\n`);
    if (hasEnded(view)) this.end();
  }

  #beat(): void {
    if (!this.#response.writableNeedDrain) this.#write(': still here\n\n');
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
    this.#pump();
  }
}
