import { fstatSync, ftruncate } from 'node:fs';
import { promisify } from 'node:util';
import type { Check } from './check.ts';
import type { Door } from './door.ts';
import { portions } from './portions.ts';

const cut = promisify(ftruncate);

type Keep = (bytes: Buffer) => Promise<void>;

/**
 * Cuts what is not sound off the end of an ambient file. The caller holds the write lock since before the check.
 * @param keep takes what is cut off, piece by piece, before it is; where it fails nothing is cut
 * @throws Error, a sentence, if the file holds nothing that could stay, or is not what was checked
 */
export async function mendAmbient(fd: number, check: Check, keep?: Keep): Promise<void> {
  if (check.header === null) throw new Error('Only an ambient file can be mended.');
  const { size } = fstatSync(fd);
  if (size !== check.fileBytes) throw new Error('The file has changed since it was checked.');
  if (check.soundBytes === size) return;
  // Kept bytes may be gigabytes: a file with a hole in it is damaged there.
  if (keep) for await (const bytes of portions(fd, { from: check.soundBytes, to: size, unit: 1 })) await keep(bytes);
  await cut(fd, check.soundBytes);
}

/**
 * The same for a file that others may be using, in one's turn: they are told that it is shorter, and why. Before it is,
 * since what cannot be told must not be done; nobody may look meanwhile.
 */
export async function mendShared(fd: number, door: Door, check: Check, keep?: Keep): Promise<void> {
  if (check.header !== null && check.soundBytes < check.fileBytes) door.noteCut(check.soundBytes);
  await mendAmbient(fd, check, keep);
}
