import type { AmbientHeader } from './header.ts';
import { difference, parametersOfHeader } from './parameters.ts';
import type { Sidecar } from './sidecar.ts';

/** What a simulation wants of an ambient file. */
export interface Model {
  /** `modified` in milliseconds since 1970. */
  readonly octree: { readonly path: string; readonly sha256: string; readonly modified: number };
  /** As {@link parametersOf} puts them. */
  readonly parameters: string;
  readonly radiance: string;
}

/**
 * Why the values in a file are not those of the model, as the end of a sentence; null if they are.
 * @param sidecar of this very file; null if nothing tells what it belongs to. Then what Radiance wrote down must do:
 *   the options, as far as a header has them, and a date, since an octree is older than its light
 */
export function objection(
  model: Model,
  file: { readonly header: AmbientHeader; readonly modified: number; readonly sidecar: Sidecar | null },
): string | null {
  const differs = difference(file.sidecar?.parameters ?? parametersOfHeader(file.header), model.parameters);
  if (differs !== null) return `it was made with other options (${differs})`;
  if (file.sidecar) return file.sidecar.octree.sha256 === model.octree.sha256 ? null : 'it was made for another octree';
  return file.modified <= model.octree.modified ? 'it is not newer than the octree' : null;
}

/** What is to stand beside a file whose values are those of the model. */
export function sidecarOf({ octree, parameters, radiance }: Model, header: string | null): Sidecar {
  const { path, sha256 } = octree;
  return { octree: { path, sha256 }, parameters, radiance, made: new Date().toISOString(), header, cut: null };
}
