/** What a service manager shows of the server and of procwrap; to be read by people, in `systemctl status`. */
export const statusLines = {
  standing: (running: number, waiting: number): string => `${running} running, ${waiting} queued`,
  withoutProcwrap: (line: string): string => `${line}; procwrap does not answer`,
  leaving: 'stopping; simulations go on',
  simulations: (count: number): string => `${count} in hand`,
  ending: (count: number): string => `stopping; ending ${count} simulations`,
} as const;

/** Milliseconds between two lines. */
const pauseMilliseconds = 1000;

/** The line that a service manager shows of a service: told when it has changed, and at most once a second. */
export class Status {
  readonly #tell: (line: string) => void;
  readonly #after: (milliseconds: number, then: () => void) => void;
  #line: (() => string) | null = null;
  #told = '';
  #isPausing = false;
  #isStale = false;

  /** @param after - calls back once, that much later; it keeps no process from ending */
  constructor(
    tell: (line: string) => void,
    after = (milliseconds: number, then: () => void): unknown => setTimeout(then, milliseconds).unref(),
  ) {
    this.#tell = tell;
    this.#after = after;
  }

  /** From now on there is something to tell. @returns the first line, which the caller tells */
  open(line: () => string): string {
    this.#line = line;
    this.#told = line();
    return this.#told;
  }

  /** Something may have changed; cheap, however often it is called: nobody looks more than once a second. */
  changed(): void {
    if (this.#line === null) return;
    if (this.#isPausing) {
      this.#isStale = true;
      return;
    }
    this.#isPausing = true;
    this.#after(pauseMilliseconds, () => this.#goOn());
    const line = this.#line();
    if (line === this.#told) return;
    this.#told = line;
    this.#tell(line);
  }

  #goOn(): void {
    this.#isPausing = false;
    const isStale = this.#isStale;
    this.#isStale = false;
    if (isStale) this.changed();
  }

  close(): void {
    this.#line = null;
  }
}
