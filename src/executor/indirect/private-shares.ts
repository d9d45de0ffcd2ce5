import { closeSync, constants, fstatSync, writeSync } from 'node:fs';
import { AmbientFile } from '../../ambient/ambient-file.ts';
import { checkAmbient } from '../../ambient/check.ts';
import { Door, lookBeside } from '../../ambient/door.ts';
import { type Model, objection, sidecarOf } from '../../ambient/fits.ts';
import { mergeAmbient } from '../../ambient/merge.ts';
import { Place } from '../../ambient/place.ts';
import { portions } from '../../ambient/portions.ts';
import { GateError, Patience, Queue } from '../../ambient/waiting.ts';
import { attemptKey } from '../../model/task.ts';
import type { Clock } from '../clock.ts';
import { argsWith, type LitDeed } from './models.ts';
import type { Share } from './shares.ts';

/** How long to wait for those who share the file, ms. */
const patience = 30_000;

interface Wanted {
  readonly directory: number;
  /** Of the file that is kept. */
  readonly path: string;
  readonly model: Model;
  readonly attempt: string;
  readonly deed: LitDeed;
  /** Why locks do not hold there; null if they do. */
  readonly why: string | null;
}

/**
 * Simulations that have an ambient file for themselves: a copy of the one that is kept. What they add is merged into that
 * when they have ended.
 */
export class PrivateShares {
  readonly #clock: Clock;
  /** By the file that is kept: one reads or adds at a time. */
  readonly #queue = new Queue();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async enter(wanted: Wanted): Promise<Share> {
    const { directory, path, attempt, deed, why } = wanted;
    const { job, task } = attemptKey(attempt);
    // The same for each attempt: a half picture is gone on with by the same command only.
    const own = `${path}.${job}.${task}.own`;
    const notes: string[] = [];
    if (why !== null)
      notes.push(
        `${why} So this simulation has an ambient file of its own: values that others find meanwhile are computed again.`,
      );
    const place = new Place(directory, own);
    try {
      place.remove('');
      const after = await this.#exclusively(wanted, (kept) => copyInto(place, kept, wanted.model));
      if (after === null)
        notes.push(`${path} belongs to another model: nothing of it is used, and nothing added to it.`);
      const end = async () => {
        const problem = await this.#exclusively(wanted, (kept) => mergeBack(place, kept, wanted.model, after));
        place.remove('');
        place.close();
        return problem;
      };
      return new PrivateShare(argsWith(deed, own), notes, end);
    } catch (error) {
      place.close();
      throw error;
    }
  }

  async #exclusively<T>({ directory, path, why }: Wanted, deed: (kept: Kept) => Promise<T>): Promise<T> {
    const { dev, ino } = fstatSync(directory);
    return await this.#queue.in(`${dev}:${ino} ${path}`, async () => {
      const place = new Place(directory, path);
      const waits = why === null ? new Patience(this.#clock, patience) : null;
      try {
        return await deed({ place, waits });
      } finally {
        place.close();
      }
    });
  }
}

class PrivateShare implements Share {
  readonly args: readonly string[];
  readonly notes: string[];
  readonly #end: () => Promise<string | null>;

  constructor(args: readonly string[], notes: string[], end: () => Promise<string | null>) {
    this.args = args;
    this.notes = notes;
    this.#end = end;
  }

  /** Nobody waits for it. */
  opened(): void {}

  async alone(deed: () => void | Promise<void>): Promise<void> {
    await deed();
  }

  async leave(heard: string | null): Promise<string | null> {
    const problem = await this.#end();
    return heard ?? problem;
  }
}

/** The kept file, with patience for its lock where locks hold. */
interface Kept {
  readonly place: Place;
  readonly waits: Patience | null;
}

/** @returns how many bytes were copied; null if the values there are those of another model */
async function copyInto(own: Place, { place, waits }: Kept, model: Model): Promise<number | null> {
  const kept = AmbientFile.open(place);
  if (kept === null) return 0;
  try {
    await lock(kept, 'read', waits);
    const { header, soundBytes } = await checkAmbient(kept.fd);
    if (header === null) return 0;
    if (!fits(place, kept, model)) return null;
    const fd = own.open('', constants.O_RDWR | constants.O_CREAT | constants.O_EXCL);
    try {
      for await (const bytes of portions(kept.fd, { from: 0, to: soundBytes, unit: 1 })) writeSync(fd, bytes);
    } finally {
      closeSync(fd);
    }
    return soundBytes;
  } finally {
    kept.close();
  }
}

function fits(place: Place, kept: AmbientFile, model: Model): boolean {
  const header = kept.header();
  if ('problem' in header) return false;
  const written = lookBeside(place);
  const sidecar = written?.header === header.name ? written : null;
  return objection(model, { header, modified: kept.stats.mtimeMs, sidecar }) === null;
}

/** @returns what is wrong with the file that the program leaves; null if nothing is */
async function mergeBack(
  own: Place,
  { place, waits }: Kept,
  model: Model,
  after: number | null,
): Promise<string | null> {
  const made = AmbientFile.open(own);
  if (made === null) return null;
  try {
    const check = await checkAmbient(made.fd);
    if (after === null || check.header === null) return null;
    if (check.is === 'damaged') return check.problem;
    const fd = place.open('', constants.O_RDWR | constants.O_CREAT);
    closeSync(fd);
    const kept = AmbientFile.open(place);
    if (kept === null || !kept.writable) return null;
    try {
      await lock(kept, 'write', waits);
      await mergeAmbient(kept.fd, made.fd, after);
      beside(place, kept, model);
      return null;
    } finally {
      kept.close();
    }
  } finally {
    made.close();
  }
}

function beside(place: Place, kept: AmbientFile, model: Model): void {
  const header = kept.header();
  if ('problem' in header) return;
  const door = new Door(place);
  try {
    if (door.read()?.header !== header.name) door.write(sidecarOf(model, header.name));
  } finally {
    door.close();
  }
}

async function lock(file: AmbientFile, kind: 'read' | 'write', waits: Patience | null): Promise<void> {
  if (waits === null || (await waits.until(() => file.tryLock(kind)))) return;
  throw new GateError('locked', 'The ambient file is locked by others for too long.');
}
