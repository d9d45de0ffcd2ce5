import type { Rif } from './rif.ts';
import type { Understood, UnderstoodView } from './understood.ts';
import { isInside } from './words.ts';

/** A file as it is now. `modified` in milliseconds since 1970. */
export interface FileFact {
  readonly modified: number;
  /** Of an octree: it holds its scene (oconv -f). */
  readonly frozen: boolean;
}

/** What is known of a file, by the names that {@link filesToLookAt} gives; null if it is not there. */
export type Facts = (path: string) => FileFact | null;

/** The files whose state decides what must be done. Names that begin with `/` or contain `..` lie outside the project. */
export function filesToLookAt(understood: Understood, rif: Rif): string[] {
  const files = [understood.octree, ...inputsOf(rif), ...understood.photonMaps];
  for (const view of understood.views) files.push(view.picture, ...(view.ambient === null ? [] : [view.ambient]));
  return [...new Set(files)];
}

/** Everything that goes into the octree. */
export function inputsOf(rif: Rif): string[] {
  return [...new Set([...rif.materials, ...rif.scene, ...rif.objects, ...rif.illum])];
}

export interface Currency {
  /** The octree need not be made: it is there, not older than what goes into it, frozen, and so are the photon maps. */
  readonly octree: boolean;
  readonly view: (view: UnderstoodView) => boolean;
  /** The ambient file holds values for this octree. */
  readonly ambient: (view: UnderstoodView) => boolean;
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
    ambient: (view) => view.ambient !== null && since(view.ambient),
  };
}
