import { closeSync, fchmodSync } from 'node:fs';
import { AmbientFile } from '../../ambient/ambient-file.ts';
import { setAside } from '../../ambient/aside.ts';
import { checkAmbient } from '../../ambient/check.ts';
import type { Model } from '../../ambient/fits.ts';
import type { Passage } from '../../ambient/passage.ts';
import { Place } from '../../ambient/place.ts';
import { enterReadOnly } from '../../ambient/read-only.ts';
import { GateError } from '../../ambient/waiting.ts';
import { fileToDisk, lookBelow, openRegular } from '../below.ts';

/** Ambient files that were filled and that nobody writes to any more: their mode is the sign of it. */

const readOnly = 0o444;
const writable = 0o222;

/** Whether nobody may write to it: then it was filled to its end, and Radiance leaves it as it is. */
export function isFrozen(directory: number, path: string): boolean {
  const stats = lookBelow(directory, path);
  return stats?.isFile() === true && (stats.mode & writable) === 0;
}

/** @throws GateError, a sentence, if it is not there or not sound */
export async function freeze(directory: number, path: string): Promise<void> {
  if (lookBelow(directory, path) === null)
    throw new GateError('unusable', `${path} cannot be frozen: the programs that were to fill it have not made it.`);
  const { fd } = openRegular(directory, path);
  try {
    const { problem } = await checkAmbient(fd);
    if (problem !== null) throw new GateError('unusable', `${path} cannot be frozen: ${problem}`);
    // What was filled is on disk before the sign that says so.
    await fileToDisk(directory, path);
    fchmodSync(fd, readOnly);
  } finally {
    closeSync(fd);
  }
}

/**
 * No lock is needed: nobody writes.
 * @throws GateError, a sentence, if it is not there, or is not what was frozen
 */
export async function enterFrozen(directory: number, path: string, model: Model): Promise<Passage> {
  if (!isFrozen(directory, path))
    throw new GateError('unusable', `${path} is not there, or not read-only any more; it has to be filled anew.`);
  const place = new Place(directory, path);
  try {
    const file = AmbientFile.open(place);
    if (file === null) throw new GateError('unusable', `${path} was removed just now; it has to be filled anew.`);
    try {
      return await enterReadOnly(place, file, { model, patience: null });
    } catch (error) {
      file.close();
      throw error;
    }
  } catch (error) {
    place.close();
    throw error;
  }
}

/** Keeps a frozen file that cannot be used under another name. @returns a sentence that says so */
export function putAside(directory: number, path: string, reason: string): string {
  const place = new Place(directory, path);
  try {
    return `${path} was set aside as ${setAside(place, 'damaged', reason)}.`;
  } finally {
    place.close();
  }
}
