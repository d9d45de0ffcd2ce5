import type { Job } from '../model/job.ts';

/** Who wants to hear of which job. */
export class Watchers {
  readonly #byJob = new Map<number, Set<(job: Job) => void>>();

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
  }
}
