import type { Running } from './host.ts';
import type { Simulation } from './simulation.ts';
import type { Turn } from './turn.ts';

export type Living = Pick<Simulation, 'live' | 'stop' | 'pause' | 'resume'> & Pick<Running, 'log'>;

/** A simulation in hand: what it has told, and how long it has run. Times are those of a clock that does not jump, ms. */
export class Life {
  readonly simulation: Living;
  readonly turn: Turn;
  pid: number | null = null;
  fraction: number | null = null;
  #ran = 0;
  /** Null while it has no slot. */
  #since: number | null = null;

  constructor(simulation: Living, turn: Turn) {
    this.simulation = simulation;
    this.turn = turn;
  }

  goesOn(now: number): void {
    this.#since = now;
  }

  rests(now: number): void {
    this.#ran = this.milliseconds(now);
    this.#since = null;
  }

  /** That it has run until now. */
  milliseconds(now: number): number {
    return this.#ran + (this.#since === null ? 0 : now - this.#since);
  }
}
