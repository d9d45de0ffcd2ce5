import type { ServerResponse } from 'node:http';
import type { Bounds } from './bounds.ts';
import type { News } from './farm.ts';
import { SseWriter } from './sse.ts';

/** Events asked for at a time. */
const atOnce = 100;

/**
 * The news of the farm told to one client, each of them, in order. Nothing waits here for a slow one: it is told from
 * what the farm keeps, and where that does not reach back far enough, to read the listing anew.
 */
export class FarmStream {
  readonly writer: SseWriter;
  readonly #news: News;
  /** The id of what the client has seen last. */
  #seen: string | null;

  constructor(response: ServerResponse, bounds: Bounds, seen: string | null, news: News) {
    this.writer = new SseWriter(response, bounds, () => this.pump());
    this.#news = news;
    this.#seen = seen;
  }

  begin(): void {
    const seen = this.#seen;
    this.writer.begin();
    this.pump();
    if (seen !== null && seen === this.#seen && this.writer.isReady) this.writer.send('unchanged', seen, '{}');
  }

  pump(): void {
    while (this.writer.isReady) {
      const events = this.#news.after(this.#seen, atOnce);
      if (events.length === 0) return;
      for (const { id, name, data } of events) {
        if (!this.writer.isReady) return;
        this.writer.send(name, id, data);
        this.#seen = id;
      }
    }
  }

  end(): void {
    this.writer.end();
  }
}
