import { closeSync, constants, fsync, openSync, unlinkSync, write } from 'node:fs';
import { basename, dirname } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Check } from '../ambient/check.ts';
import { Door, lookBeside } from '../ambient/door.ts';
import { mendAmbient, mendShared } from '../ambient/mend.ts';
import { Place } from '../ambient/place.ts';
import { tryLock } from '../unix/locks.ts';

const writeSome = promisify(write);
const toDisk = promisify(fsync);

/** Radiance holds its lock for one write; another doctor, or whoever lets a simulation start, for some time. */
const lockTries = 10;
const betweenTriesMilliseconds = 50;

/**
 * Does something to an ambient file with the door at which simulations wait for it; with null where none ever used it, or
 * where nothing is to be changed.
 */
export async function inTurn<T>(path: string, changes: boolean, deed: (door: Door | null) => Promise<T>): Promise<T> {
  if (!changes) return await deed(null);
  const directory = openSync(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    const place = new Place(directory, basename(path));
    try {
      return await atDoor(place, deed);
    } finally {
      place.close();
    }
  } finally {
    closeSync(directory);
  }
}

async function atDoor<T>(place: Place, deed: (door: Door | null) => Promise<T>): Promise<T> {
  const door = lookBeside(place) === null ? null : new Door(place);
  try {
    return await deed(door);
  } finally {
    door?.close();
  }
}

/** In the order in which all take them: the turn at the door, then the file. False if others kept theirs all the time. */
export async function lock(fd: number, door: Door | null): Promise<boolean> {
  for (let tries = 1; !((door === null || door.tryTurn()) && tryLock(fd)); tries += 1) {
    if (tries === lockTries) return false;
    await after(betweenTriesMilliseconds);
  }
  return true;
}

/**
 * Cuts what is not sound off the end. Simulations of other hosts would take the file for damaged: they are told. The
 * caller has the turn and the write lock.
 * @returns where that is kept, if it is
 */
export async function cutOff(
  path: string,
  fd: number,
  { check, door, mend }: { readonly check: Check; readonly door: Door | null; readonly mend: 'cut' | 'keep' },
): Promise<string | null> {
  const cut = async (keep?: (bytes: Buffer) => Promise<void>) =>
    door === null ? await mendAmbient(fd, check, keep) : await mendShared(fd, door, check, keep);
  if (mend === 'cut') {
    await cut();
    return null;
  }
  const kept = newBeside(path);
  try {
    await cut(async (bytes) => {
      for (let written = 0; written < bytes.length; )
        written += (await writeSome(kept.fd, bytes, written, bytes.length - written)).bytesWritten;
      await toDisk(kept.fd);
    });
    return kept.path;
  } catch (error) {
    unlinkSync(kept.path);
    throw error;
  } finally {
    closeSync(kept.fd);
  }
}

function newBeside(path: string): { fd: number; path: string } {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOCTTY | constants.O_NOFOLLOW;
  for (let number = 1; ; number += 1) {
    const name = `${path}.cut-${number}`;
    try {
      return { fd: openSync(name, flags, 0o664), path: name };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}
