import type { HostSettings } from '../protocol/inner.ts';
import type { Clock } from './clock.ts';
import { findRadiance, type Installation, packageDirectory, simulationEnvironment } from './installation.ts';
import type { Environment } from './run.ts';

/** How long what was found is taken for granted when a simulation starts, ms. */
const FRESH = 1000;

interface Found {
  readonly radiance: HostSettings['radiance'];
  readonly at: number;
  readonly installation: Installation;
  readonly env: Environment;
}

/** Radiance on this host, and the environment of simulations. Radiance may be installed while we run. */
export class Surroundings {
  readonly #clock: Clock;
  #last: Found | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** As they are at this moment. */
  look({ radiance }: Pick<HostSettings, 'radiance'>): Found {
    const installation = findRadiance(radiance, process.env, packageDirectory());
    const env = simulationEnvironment(installation, process.env);
    const before = this.#last?.env;
    // The same object as long as it says the same: whoever passes it on can tell at a glance.
    const kept = before && JSON.stringify(before) === JSON.stringify(env) ? before : env;
    this.#last = { radiance, at: this.#clock.passed(), installation, env: kept };
    return this.#last;
  }

  /** As they were a moment ago at most. */
  recall(settings: Pick<HostSettings, 'radiance'>): Found {
    const last = this.#last;
    const age = last === null ? FRESH : this.#clock.passed() - last.at;
    if (last !== null && last.radiance === settings.radiance && age < FRESH) return last;
    return this.look(settings);
  }
}
