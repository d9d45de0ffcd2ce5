import type { Clock } from './clock.ts';

export interface AwayOptions {
  signal?: AbortSignal;
  /** How long the server may be away (while it restarts, say) before we give up, seconds. Default 300. */
  patienceSeconds?: number;
  /** Called once when the connection is lost, and once when the server has answered again. */
  onConnection?: (state: 'lost' | 'back') => void;
}

export const usualPatience = 300;

const pauses = [250, 500, 1000, 2000, 5000];

/** Bears the faults of a server that is away, for a while. */
export class Patience {
  readonly #clock: Clock;
  readonly #passes: (error: unknown) => boolean;
  readonly #options: AwayOptions;
  #awaySince: number | null = null;
  #tries = 0;

  /** @param passes whether a fault may pass by itself */
  constructor(clock: Clock, passes: (error: unknown) => boolean, options: AwayOptions) {
    this.#clock = clock;
    this.#passes = passes;
    this.#options = options;
  }

  /** Waits before the next try, longer each time. @throws the fault, if it stays or has lasted too long */
  async bear(fault: unknown): Promise<void> {
    const { signal, patienceSeconds = usualPatience } = this.#options;
    signal?.throwIfAborted();
    if (!this.#passes(fault)) throw fault;
    if (this.#awaySince === null) this.#options.onConnection?.('lost');
    this.#awaySince ??= this.#clock.now();
    const left = this.#awaySince + patienceSeconds * 1000 - this.#clock.now();
    if (left <= 0) throw fault;
    const pause = pauses[Math.min(this.#tries, pauses.length - 1)] ?? 5000;
    this.#tries += 1;
    await this.#clock.sleep(Math.min(pause, left), signal);
  }

  /** Waits between two questions of which none failed. */
  async rest(milliseconds: number): Promise<void> {
    await this.#clock.sleep(milliseconds, this.#options.signal);
  }

  /** The server has answered. */
  heard(): void {
    if (this.#awaySince !== null) this.#options.onConnection?.('back');
    this.#awaySince = null;
    this.#tries = 0;
  }
}
