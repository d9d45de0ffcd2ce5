import { randomBytes } from 'node:crypto';
import type { JobNews } from '../protocol/api.ts';
import type { FarmEvent, News } from '../web/farm.ts';

/** Events and characters that are kept for those who come back, and milliseconds between two tellings of progress. */
export interface NewsBounds {
  readonly events: number;
  readonly characters: number;
  readonly progressMs: number;
}

const newsBounds: NewsBounds = { events: 10_000, characters: 8_000_000, progressMs: 1000 };

/**
 * What happened to all jobs, as numbered events. Whether a job is new, in another state or deleted is told at once and
 * each time; all else about it now and then, and only while somebody listens. The epoch in the ids is another after
 * each start, so that nobody takes the events of two servers for one row.
 */
export class FarmNews implements News {
  readonly #bounds: NewsBounds;
  readonly #epoch = randomBytes(6).toString('hex');
  /** Events without a gap; the last one has the number `#last`. */
  #kept: FarmEvent[] = [];
  #characters = 0;
  #last = 0;
  /** The state last told of each job that has not ended. */
  readonly #states = new Map<number, string>();
  /** Jobs that have come on in their state since it was told. */
  readonly #stale = new Map<number, () => JobNews>();
  readonly #listeners = new Set<() => void>();
  #timer: NodeJS.Timeout | undefined;

  constructor(bounds: Partial<NewsBounds> = {}) {
    this.#bounds = { ...newsBounds, ...bounds };
  }

  /** A job has changed. `summary` is called now or later; it tells of the job as it is then. */
  tell(id: number, state: string, summary: () => JobNews): void {
    if (this.#states.get(id) === state) {
      this.#stale.set(id, summary);
      this.#tellLater();
      return;
    }
    this.#tellNow(id, summary);
    this.#wake();
  }

  deleted(id: number): void {
    this.#states.delete(id);
    this.#stale.delete(id);
    this.#add('deleted', JSON.stringify({ id }));
    this.#wake();
  }

  after(last: string | null, most: number): readonly FarmEvent[] {
    const [epoch, digits = ''] = last?.split('-') ?? [];
    const number = /^[0-9]{1,15}$/.test(digits) ? Number(digits) : -1;
    const first = this.#last - this.#kept.length;
    if (epoch !== this.#epoch || number < first || number > this.#last)
      return [{ id: this.#id(), name: 'reset', data: '{}' }];
    return this.#kept.slice(number - first, number - first + most);
  }

  watch(wake: () => void): () => void {
    if (this.#listeners.size === 0) this.#tellStale();
    const listener = () => wake();
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size > 0) return;
      clearTimeout(this.#timer);
      this.#timer = undefined;
    };
  }

  #tellNow(id: number, summary: () => JobNews): void {
    const job = summary();
    this.#stale.delete(id);
    if (job.finishedAt === null) this.#states.set(id, job.state);
    else this.#states.delete(id);
    this.#add('job', JSON.stringify(job));
  }

  #tellLater(): void {
    if (this.#listeners.size === 0) return;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#tellStale();
      this.#wake();
    }, this.#bounds.progressMs);
  }

  #tellStale(): void {
    for (const [id, summary] of this.#stale) this.#tellNow(id, summary);
  }

  #add(name: 'job' | 'deleted', data: string): void {
    this.#last += 1;
    this.#kept.push({ id: this.#id(), name, data });
    this.#characters += data.length;
    if (this.#kept.length <= this.#bounds.events && this.#characters <= this.#bounds.characters) return;
    // Half at a time, so that a full ring is not moved with every event.
    const gone = this.#kept.splice(0, Math.ceil(this.#kept.length / 2));
    for (const event of gone) this.#characters -= event.data.length;
  }

  #id(): string {
    return `${this.#epoch}-${this.#last}`;
  }

  #wake(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}
