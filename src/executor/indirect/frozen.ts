import { closeSync, fchmodSync } from 'node:fs';
import { checkAmbient } from '../../ambient/check.ts';
import { fileToDisk, lookBelow, openRegular } from '../below.ts';

const readOnly = 0o444;
const writable = 0o222;

/** Whether nobody may write to it: then it was filled to its end, and Radiance leaves it as it is. */
export function isFrozen(directory: number, path: string): boolean {
  const stats = lookBelow(directory, path);
  return stats?.isFile() === true && (stats.mode & writable) === 0;
}

/** @throws Error, a sentence, if it is not sound */
export async function freeze(directory: number, path: string): Promise<void> {
  const { fd } = openRegular(directory, path);
  try {
    const { problem } = await checkAmbient(fd);
    if (problem !== null) throw new Error(`${path} cannot be frozen: ${problem}`);
    // What was filled is there before the sign that says so.
    await fileToDisk(directory, path);
    fchmodSync(fd, readOnly);
  } finally {
    closeSync(fd);
  }
}
