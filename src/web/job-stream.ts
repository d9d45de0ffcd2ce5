import { createHash } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import type { JobView } from '../protocol/api.ts';
import type { Bounds } from './bounds.ts';
import { SseWriter } from './sse.ts';
import { hasEnded, type Sent, waitBefore } from './thinning.ts';

/**
 * One job told to one client. At most one event waits for it, the newest: each event is the whole job, so that older
 * ones are of no use. The id of an event is drawn from what it tells, so that a client that comes back, to this server
 * or the next, is told only what it has not seen.
 */
export class JobStream {
  readonly writer: SseWriter;
  readonly #bounds: Bounds;
  readonly #encode: (view: JobView) => string;
  /** The id of what the client has seen last. */
  #seen: string;
  #waiting: JobView | null = null;
  #last: Sent | null = null;
  #delay: NodeJS.Timeout | undefined;

  constructor(response: ServerResponse, bounds: Bounds, seen: string, encode: (view: JobView) => string) {
    this.writer = new SseWriter(response, bounds, () => this.#pump());
    this.#bounds = bounds;
    this.#seen = seen;
    this.#encode = encode;
  }

  /** The client has seen the end of the job already. */
  get hasNothingMore(): boolean {
    return this.#waiting !== null && hasEnded(this.#waiting) && idOf(this.#waiting) === this.#seen;
  }

  begin(): void {
    this.writer.begin();
    this.#pump();
  }

  offer(view: JobView): void {
    if (this.writer.isOver) return;
    this.#waiting = view;
    this.#pump();
  }

  end(): void {
    clearTimeout(this.#delay);
    this.writer.end();
  }

  #pump(): void {
    clearTimeout(this.#delay);
    if (!this.#waiting || !this.writer.isReady) return;
    const now = performance.now();
    const wait = waitBefore(this.#waiting, this.#last, now, this.#bounds.progressMs);
    if (wait > 0) this.#delay = setTimeout(() => this.#pump(), wait);
    else this.#send(this.#waiting, now);
  }

  #send(view: JobView, now: number): void {
    const isFirst = this.#last === null;
    this.#waiting = null;
    this.#last = { view, at: now };
    const id = idOf(view);
    if (id !== this.#seen) this.writer.send('job', id, this.#encode(view));
    else if (isFirst) this.writer.send('unchanged', id, '{}');
    this.#seen = id;
    if (hasEnded(view)) this.end();
  }
}

/** The time left is a guess that changes by itself: it makes no news. */
function idOf(view: JobView): string {
  const text = JSON.stringify({ ...view, secondsLeft: null });
  return createHash('sha256').update(text).digest('base64url').slice(0, 16);
}
