/** Waiting that ends early when the farm closes. */
export class Pauses {
  readonly #waiting = new Set<() => void>();
  #ended = false;

  pause(milliseconds: number): Promise<void> {
    if (this.#ended) return Promise.resolve();
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#waiting.delete(done);
        resolve();
      };
      const timer = setTimeout(done, milliseconds);
      this.#waiting.add(done);
    });
  }

  end(): void {
    this.#ended = true;
    for (const done of [...this.#waiting]) done();
  }
}
