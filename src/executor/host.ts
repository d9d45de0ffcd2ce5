import type { LockProbe } from '../ambient/probe.ts';
import type { HostSettings } from '../protocol/inner.ts';
import type { Clock } from './clock.ts';
import type { Installation } from './installation.ts';
import type { Ending, Environment, Run } from './run.ts';
import type { Containment } from './sandbox/containment.ts';
import type { SimulationLog } from './simulation-log.ts';

export interface Running {
  readonly attempt: number;
  /** Null: it has not begun. */
  readonly log: Pick<SimulationLog, 'look'> | null;
}

/** What the parts of procwrap know of the host that they run on. */
export interface Host {
  readonly clock: Clock;
  /** The program's home: no project may lie in it. */
  readonly home: string;
  readonly settings: HostSettings;
  readonly installation: Installation;
  /** The environment of simulations. */
  readonly env: Environment;
  readonly containment: Pick<Containment, 'enter' | 'look'>;
  readonly locks: Pick<LockProbe, 'ask' | 'look'>;
  /** The simulation of this job with this log that runs here; null if none does. */
  readonly running: (job: number, log: string) => Running | null;
  /** Waits for a program that runs for a question: it is ended with us, and by our successor if we are killed. */
  readonly helped: (run: Run) => Promise<Ending>;
}
