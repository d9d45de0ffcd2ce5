import type { ServerResponse } from 'node:http';
import { Refusal } from '../model/refusal.ts';
import type { JobView } from '../protocol/api.ts';
import type { Bounds } from './bounds.ts';
import type { Farm } from './farm.ts';
import { FarmStream } from './farm-stream.ts';
import { JobStream } from './job-stream.ts';
import type { SseWriter } from './sse.ts';

interface Stream {
  readonly writer: SseWriter;
  end(): void;
}

/** A client that asks for events. */
export interface Listener {
  readonly user: string;
  readonly response: ServerResponse;
  /** The id of what it has seen last. */
  readonly lastId: string | null;
  /** Called when it is certain that there will be events: from then on the response is the stream's. */
  readonly begin: () => void;
}

/** All event streams of the port. */
export class EventStreams {
  readonly #farm: Farm;
  readonly #bounds: Bounds;
  readonly #streams = new Map<Stream, string>();

  constructor(farm: Farm, bounds: Bounds) {
    this.#farm = farm;
    this.#bounds = bounds;
  }

  get count(): number {
    return this.#streams.size;
  }

  /**
   * Streams a job to a client until the job has ended or the client is gone.
   * @returns false if the client has seen its end already: then there is no stream
   * @throws Refusal where there is no such job, or there are too many streams.
   */
  async openJob(id: number, listener: Listener, encode: (view: JobView) => string): Promise<boolean> {
    const { response, lastId } = listener;
    const stream = new JobStream(response, this.#bounds, lastId ?? '', encode);
    this.#enlist(stream, listener);
    let stop: () => void;
    try {
      stop = await this.#farm.watch(id, (view) => stream.offer(view));
    } catch (error) {
      this.#streams.delete(stream);
      throw error;
    }
    if (stream.hasNothingMore) {
      stop();
      this.#streams.delete(stream);
      return false;
    }
    stream.writer.whenLeft(() => {
      stop();
      stream.end();
    });
    listener.begin();
    stream.begin();
    return true;
  }

  /** Streams the news of the farm to a client until it is gone. @throws Refusal where there are too many streams. */
  openFarm(listener: Listener): void {
    const stream = new FarmStream(listener.response, this.#bounds, listener.lastId, this.#farm.news);
    this.#enlist(stream, listener);
    stream.writer.whenLeft(this.#farm.news.watch(() => stream.pump()));
    listener.begin();
    stream.begin();
  }

  endAll(): void {
    for (const stream of this.#streams.keys()) stream.end();
  }

  #enlist(stream: Stream, { user, response }: Listener): void {
    const { streams } = this.#bounds;
    const own = [...this.#streams.values()].filter((other) => other === user).length;
    if (this.#streams.size >= streams || own >= Math.ceil(streams / 2))
      throw new Refusal(
        'not-ready',
        `${this.#streams.size} event streams are open already, ${own} of them yours; try again later.`,
      );
    this.#streams.set(stream, user);
    response.once('close', () => this.#streams.delete(stream));
  }
}
