import { type Facts, inputsOf } from './files.ts';
import type { Rif } from './rif.ts';
import type { Understood, UnderstoodView } from './understood.ts';
import { isInside } from './words.ts';

export interface Currency {
  /** The octree need not be made: it is there, not older than what goes into it, frozen, and so are the photon maps. */
  readonly octree: boolean;
  readonly view: (view: UnderstoodView) => boolean;
}

export function currency(understood: Understood, rif: Rif, facts: Facts): Currency {
  const octree = facts(understood.octree);
  const inputs = inputsOf(rif);
  const notOlder =
    (than: number) =>
    (name: string): boolean => {
      const fact = facts(name);
      // A library that we cannot see does not make an octree old.
      return fact === null ? !isInside(name) : fact.modified <= than;
    };
  const fresh = octree !== null && (understood.making.length === 0 || inputs.every(notOlder(octree.modified)));
  const since = (name: string): boolean =>
    fresh && (facts(name)?.modified ?? Number.NEGATIVE_INFINITY) >= octree.modified;
  const mapped = understood.photonMaps.every(since);
  return {
    octree: fresh && mapped && (octree.frozen || understood.making.length === 0),
    view: (view) => since(view.picture) && mapped,
  };
}
