import type { Rif } from './rif.ts';
import { ambientFilesOf, type Understood } from './understood.ts';

/** A file as it is now. `modified` in milliseconds since 1970. */
export interface FileFact {
  readonly modified: number;
  /** A file of Radiance, by its first bytes; one with nothing in it; a directory; or anything else. */
  readonly is: 'radiance' | 'empty' | 'directory' | 'other';
  /** Of an octree: it holds its scene (oconv -f). */
  readonly frozen: boolean;
}

/** What is known of a file, by the names that {@link filesToLookAt} gives; null if it is not there. */
export type Facts = (path: string) => FileFact | null;

/** The files whose state decides what must be done. Names that begin with `/` or contain `..` lie outside the project. */
export function filesToLookAt(understood: Understood, rif: Rif): string[] {
  return [...new Set([...inputsOf(rif), understood.octree, ...outputsOf(understood).map(({ path }) => path)])];
}

/** Everything that goes into the octree. */
export function inputsOf(rif: Rif): string[] {
  return [...new Set([...rif.materials, ...rif.scene, ...rif.objects, ...rif.illum])];
}

export interface OutputFile {
  readonly path: string;
  readonly what: 'octree' | 'picture' | 'raw picture' | 'distance file' | 'photon map' | 'ambient file';
  /** It has a name that only such a file can have, or Radiance's header does not tell it. */
  readonly named: boolean;
}

/** Every file that the job may write, under its final name. */
export function outputsOf(understood: Understood): OutputFile[] {
  const outputs: OutputFile[] = [];
  const add = (what: OutputFile['what'], path: string | null, named = false): void => {
    if (path !== null) outputs.push({ path, what, named });
  };
  for (const command of understood.making) {
    if (command.is === 'program' && command.program === 'oconv') add('octree', command.output);
  }
  for (const path of understood.photonMaps) add('photon map', path);
  for (const path of ambientFilesOf(understood)) add('ambient file', path);
  for (const view of understood.views) {
    add('raw picture', view.raw);
    add('picture', view.picture);
    if (view.keptRaw !== view.picture) add('raw picture', view.keptRaw);
    add('distance file', view.depth, true);
  }
  return outputs;
}
