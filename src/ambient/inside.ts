import type { Door } from './door.ts';
import type { Model } from './fits.ts';
import type { Known } from './known.ts';
import type { Limits } from './passage.ts';
import type { Place } from './place.ts';
import type { GateClock } from './waiting.ts';

/** What somebody has to do with who goes through the gate. */
export interface Inside {
  readonly place: Place;
  readonly door: Door;
  readonly model: Model;
  readonly known: Known;
  readonly clock: GateClock;
  readonly limits: Limits;
  /** Sentences: what was found and done; grows. */
  readonly notes: string[];
}
