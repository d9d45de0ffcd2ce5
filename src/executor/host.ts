import type { LockProbe } from '../ambient/probe.ts';
import type { HostSettings } from '../protocol/inner.ts';
import type { Clock } from './clock.ts';
import type { Installation } from './installation.ts';
import type { Ending, Environment, Run } from './run.ts';

/** What the parts of procwrap know of the host that they run on. */
export interface Host {
  readonly clock: Clock;
  /** The program's home: no project may lie in it. */
  readonly home: string;
  readonly settings: HostSettings;
  readonly installation: Installation;
  /** The environment of simulations. */
  readonly env: Environment;
  readonly locks: Pick<LockProbe, 'ask' | 'look'>;
  /** Whether a simulation of this job with this log runs here. */
  readonly isRunning: (job: number, log: string) => boolean;
  /** Waits for a program that runs for a question: it is ended with us, and by our successor if we are killed. */
  readonly helped: (run: Run) => Promise<Ending>;
}
