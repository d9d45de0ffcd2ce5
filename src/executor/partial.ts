import { closeSync, constants, ftruncateSync, writeSync } from 'node:fs';
import { posix } from 'node:path';
import type { PictureSink, RunDeed } from '../model/task.ts';
import { depthOf, leftBehind, mendHeader, type Partial, resumingArgs } from '../renderers/radiance/resume.ts';
import { besideBelow, linkBelow, lookBelow, namesToDisk, removeBelow } from './below.ts';
import { naming } from './file-error.ts';
import { copyBelow, haveSameBytes, headOf, isOurs, isSame, lookAt, openOwn } from './partial-files.ts';
import { hasRecord, makingOf, writeRecord } from './partial-record.ts';
import type { Environment } from './run.ts';

/**
 * The half picture of an attempt that was lost. While it is gone on with, rpict has it under a name of its own and
 * writes a new one from the first line on: so it keeps a second name, and after the next loss the longer one counts.
 */

/** How a picture is begun: the command, and where it goes on. */
export interface Beginning {
  readonly deed: RunDeed;
  /** Scan lines that are there already, of so many; null if it begins anew. */
  readonly from: { readonly lines: number; readonly height: number } | null;
}

/**
 * Gets everything ready for rpict: what is left of an earlier attempt at the same picture is gone on with, anything
 * else that has its names is removed.
 * @throws FileError
 */
export async function beginPicture(
  directory: number,
  deed: RunDeed,
  sink: PictureSink,
  env: Environment,
  link = linkBelow,
): Promise<Beginning> {
  await removeLeftBehind(directory, sink);
  const making = await makingOf(directory, deed, sink, env);
  if (making !== null && hasRecord(directory, sink.record, making)) {
    const best = await longest(directory, deed, sink);
    if (best !== null) {
      await setAside(directory, best, sink, link);
      const args = resumingArgs(deed.args, sink.path);
      const { kept, height } = best.partial;
      return { deed: { ...deed, args, stdout: { to: 'null' } }, from: { lines: kept.lines, height } };
    }
  }
  forget(directory, deed, sink);
  // Not before the old picture is gone for good: it must never be found beside this record.
  await namesToDisk(directory, [sink.path]);
  if (making !== null) await writeRecord(directory, sink.record, making);
  return { deed: { ...deed, stdout: { to: 'file', path: sink.path } }, from: null };
}

/** After the last run of rpict, when the picture is finished. */
export function finishPicture(directory: number, sink: PictureSink, from: Beginning['from']): void {
  if (from !== null) mend(directory, sink.path);
  removeBelow(directory, sink.aside);
  removeBelow(directory, sink.record);
}

/**
 * Removes the old picture that rpict did not come to remove, under the name that it gave it. It is certainly ours: the
 * same file as the one set aside, or where there are no second names its equal to the last byte.
 */
export async function removeLeftBehind(directory: number, sink: PictureSink): Promise<void> {
  const aside = lookBelow(directory, sink.aside);
  if (!aside?.isFile()) return;
  for (const path of besideBelow(directory, sink.path).filter((each) => leftBehind.test(posix.basename(each)))) {
    const stats = lookBelow(directory, path);
    if (!stats?.isFile() || stats.size !== aside.size) continue;
    if (isSame(stats, aside) || (await haveSameBytes(directory, path, sink.aside))) removeBelow(directory, path);
  }
}

interface Candidate {
  readonly path: string;
  readonly partial: Partial;
}

/** The one of the two with the most scan lines, cut to those that count; null if there is none. */
async function longest(directory: number, deed: RunDeed, sink: PictureSink): Promise<Candidate | null> {
  const distances = distancesOf(directory, deed.args);
  if (distances === 'unsound') return null;
  let best: Candidate | null = null;
  for (const path of [sink.path, sink.aside]) {
    const partial = await lookAt(directory, path, { names: [sink.path, sink.aside], args: deed.args, distances });
    if (partial && partial.kept.lines > (best?.partial.kept.lines ?? 0)) best = { path, partial };
  }
  if (best !== null) cut(directory, best.path, best.partial.kept.offset);
  return best;
}

/** Bytes in the distance file; null if there is to be none. rpict opens it by its name, so it must be a plain file. */
function distancesOf(directory: number, args: readonly string[]): number | null | 'unsound' {
  const depth = depthOf(args);
  if (depth === null) return null;
  const stats = lookBelow(directory, depth);
  return stats?.isFile() && stats.nlink === 1 && isOurs(stats) ? stats.size : 'unsound';
}

/** Gives the best one both names. At every moment it has one of them. */
async function setAside(directory: number, best: Candidate, sink: PictureSink, link: typeof linkBelow): Promise<void> {
  const other = best.path === sink.path ? sink.aside : sink.path;
  const [here, there] = [lookBelow(directory, best.path), lookBelow(directory, other)];
  if (here && there && isSame(here, there)) return;
  removeBelow(directory, other);
  try {
    link(directory, best.path, other);
  } catch {
    // A file system without second names.
    await copyBelow(directory, best.path, other);
  }
}

/** Removes everything of an earlier attempt. The distance file, too: rpict would write into whatever has its name. */
function forget(directory: number, deed: RunDeed, sink: PictureSink): void {
  const depth = depthOf(deed.args);
  for (const path of [sink.record, sink.aside, sink.path, ...(depth === null ? [] : [depth])]) {
    removeBelow(directory, path);
  }
}

function cut(directory: number, path: string, length: number): void {
  const fd = openOwn(directory, path, constants.O_WRONLY);
  try {
    naming(path, () => ftruncateSync(fd, length));
  } finally {
    closeSync(fd);
  }
}

function mend(directory: number, path: string): void {
  const fd = openOwn(directory, path, constants.O_RDWR);
  try {
    const mended = mendHeader(headOf(fd), path);
    if (mended !== null) naming(path, () => writeSync(fd, mended.blanks, mended.offset));
  } finally {
    closeSync(fd);
  }
}
