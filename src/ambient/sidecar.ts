import { createHash } from 'node:crypto';

/** What stands beside an ambient file, for people and for the gate: which model its values belong to. */
export interface Sidecar {
  readonly octree: { readonly path: string; readonly sha256: string };
  readonly parameters: string;
  /** Version of the programs that were to make it. */
  readonly radiance: string;
  /** ISO 8601, UTC. */
  readonly made: string;
  /** Of the ambient file's header: a file that somebody put in its place has another one. Null until there is one. */
  readonly header: string | null;
  /** Where the gate has cut the file, and when it did so last: for who used it before. Null: never. */
  readonly cut: Cut | null;
}

export interface Cut {
  /** Bytes that were left. */
  readonly to: number;
  /** ISO 8601, UTC. */
  readonly at: string;
}

/** Longer than any that is written here, bytes. */
export const longestSidecar = 65_536;

export function writeSidecar(sidecar: Sidecar): string {
  return `${JSON.stringify(sidecar, null, 2)}\n`;
}

/** Null for what was not written by {@link writeSidecar}, or not to its end. */
export function readSidecar(text: string): Sidecar | null {
  try {
    const { octree, parameters, radiance, made, header, cut = null } = JSON.parse(text) as Sidecar;
    const words: unknown[] = [octree.path, octree.sha256, parameters, radiance, made, header ?? '', cut?.at ?? ''];
    if (!words.every((word) => typeof word === 'string')) return null;
    if (cut !== null && (typeof cut.to !== 'number' || cut.at === undefined)) return null;
    return { octree, parameters, radiance, made, header, cut };
  } catch {
    return null;
  }
}

/** How every text of {@link writeSidecar} begins. */
const firstBytes = Buffer.from('{\n  "octree": {\n    "path": "');

/**
 * Whether a file that begins so may be written over: a sidecar, the beginning of one, or nothing but zeroes, which a
 * loss of power leaves. Anything else is somebody's own.
 */
export function isOurs(beginning: Buffer): boolean {
  const length = Math.min(beginning.length, firstBytes.length);
  if (beginning.subarray(0, length).equals(firstBytes.subarray(0, length))) return true;
  return beginning.every((byte) => byte === 0);
}

/** Stands for a header; it tells files apart that were made in different seconds. */
export function nameOfHeader(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
