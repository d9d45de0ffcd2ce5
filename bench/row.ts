/** A row of the bench: who takes part, what is measured, and what is hoped for. */

/** Figures of one measurement by their names, which hold the unit: `tasks/s`, `p99 ms`. */
export type Figures = Readonly<Record<string, number>>;

export interface Entrant {
  readonly name: string;
  /** Why it cannot take part on this machine, one sentence; null: it can. */
  absent(): Promise<string | null>;
  /** One measurement. Whatever it starts must have ended when it settles, and ends when `signal` aborts. */
  measure(signal: AbortSignal): Promise<Figures>;
}

export interface Goal {
  readonly entrant: string;
  readonly figure: string;
  readonly bound: 'at least' | 'at most';
  readonly value: number;
  /** The value counts times this entrant's same figure of the same run; absent: as it stands. */
  readonly times?: string;
}

export interface Row {
  /** What it is chosen by. */
  readonly name: string;
  readonly title: string;
  /** The most that one measurement may take. */
  readonly seconds: number;
  readonly entrants: readonly Entrant[];
  readonly goals: readonly Goal[];
}

/** What was measured of one entrant, round by round; a reason where there is nothing. */
export interface Taken {
  readonly entrant: string;
  readonly rounds: Figures[];
  absent: string | null;
}

export interface RowResult {
  readonly row: Row;
  readonly taken: readonly Taken[];
  /** Seconds of the C floor before each round; empty where there is no compiler. */
  readonly yardstick: readonly number[];
}
