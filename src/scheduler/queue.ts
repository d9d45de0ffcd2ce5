import type { Job } from '../model/job.ts';

/** Jobs in the order in which they are served: higher priority first, then first come, first served. */
export class JobQueue implements Iterable<Job> {
  readonly #jobs: Job[] = [];

  /** One that is there already stays where it is. */
  add(job: Job): void {
    const at = this.#place(job);
    if (this.#jobs[at]?.id !== job.id) this.#jobs.splice(at, 0, job);
  }

  remove(job: Job): void {
    const at = this.#place(job);
    if (this.#jobs[at]?.id === job.id) this.#jobs.splice(at, 1);
  }

  [Symbol.iterator](): Iterator<Job> {
    return this.#jobs[Symbol.iterator]();
  }

  /** Where the job is, or would be. */
  #place(job: Job): number {
    let low = 0;
    let high = this.#jobs.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (isBefore(this.#jobs[middle] as Job, job)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function isBefore(one: Job, other: Job): boolean {
  return one.priority === other.priority ? one.id < other.id : one.priority > other.priority;
}
