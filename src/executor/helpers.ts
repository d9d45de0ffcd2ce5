import type { Ending, Run } from './run.ts';

/** Programs that run for a question, such as `rad -n`: they are ended with us. */
export class Helpers {
  readonly #runs = new Set<Run>();

  async wait(run: Run): Promise<Ending> {
    this.#runs.add(run);
    try {
      return await run.ended;
    } finally {
      this.#runs.delete(run);
    }
  }

  end(): void {
    for (const run of this.#runs) run.stop('at once');
  }
}
