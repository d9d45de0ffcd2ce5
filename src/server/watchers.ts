import type { Job } from '../model/job.ts';
import { summaryOf } from '../model/progress.ts';
import { FarmNews } from './news.ts';
import { jobNews } from './views.ts';

/** Who wants to hear of which job, or of all of them. */
export class Watchers {
  readonly news = new FarmNews();
  readonly #byJob = new Map<number, Set<(job: Job) => void>>();
  readonly #waitsFor: (job: Job) => string | null;
  readonly #now: () => number;

  /**
   * @param waitsFor why a job that has not ended does not go on
   * @param now milliseconds since 1970
   */
  constructor(waitsFor: (job: Job) => string | null = () => null, now: () => number = Date.now) {
    this.#waitsFor = waitsFor;
    this.#now = now;
  }

  /** @returns what ends the watch; calling it again does nothing */
  watch(id: number, tell: (job: Job) => void): () => void {
    const those = this.#byJob.get(id) ?? new Set();
    this.#byJob.set(id, those);
    those.add(tell);
    return () => {
      those.delete(tell);
      if (those.size === 0 && this.#byJob.get(id) === those) this.#byJob.delete(id);
    };
  }

  tell(job: Job): void {
    for (const tell of this.#byJob.get(job.id) ?? []) tell(job);
    this.news.tell(job.id, job.state.is, () => jobNews(summaryOf(job), this.#now(), this.#waitsFor(job)));
  }

  /** The job is there no more. */
  deleted(id: number): void {
    this.news.deleted(id);
  }
}
