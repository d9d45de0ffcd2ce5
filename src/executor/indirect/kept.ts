import { closeSync, constants, writeFileSync } from 'node:fs';
import { AmbientFile } from '../../ambient/ambient-file.ts';
import { setAside } from '../../ambient/aside.ts';
import { checkAmbient } from '../../ambient/check.ts';
import { Door, lookBeside } from '../../ambient/door.ts';
import { type Model, objection, sidecarOf } from '../../ambient/fits.ts';
import { mendShared } from '../../ambient/mend.ts';
import { mergeAmbient } from '../../ambient/merge.ts';
import { Place } from '../../ambient/place.ts';
import { portions } from '../../ambient/portions.ts';
import type { Locks } from '../../ambient/probe.ts';
import { type GateClock, GateError, Patience } from '../../ambient/waiting.ts';
import { fileToDisk, renameBelow } from '../below.ts';
import { oneAtATime } from './one-at-a-time.ts';
import { placeInProject } from './own-file.ts';

/** How long to wait for those who share the file, ms. */
const patience = 30_000;
const anew = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL;

export interface KeptFile {
  readonly directory: number;
  readonly path: string;
  readonly attempt: string;
  readonly locks: Pick<Locks, 'holds'>;
}

/** The ambient file that is kept when the programs that used copies of it have ended. */
export class Kept {
  readonly #place: Place;
  readonly #directory: number;
  readonly #attempt: string;
  readonly #locksHold: boolean;
  readonly #clock: GateClock;

  /** Where locks do not hold the file is never changed, but replaced by another. */
  constructor({ directory, path, attempt, locks }: KeptFile, clock: GateClock) {
    this.#directory = directory;
    this.#place = new Place(directory, path);
    this.#attempt = attempt;
    this.#locksHold = locks.holds;
    this.#clock = clock;
  }

  /**
   * Makes a copy of what is sound; none where there is nothing.
   * @returns its bytes; null if the values are not those of the model
   */
  async copyTo(own: Place, model: Model, giveUp = () => false): Promise<number | null> {
    const kept = AmbientFile.open(this.#place);
    if (kept === null) return 0;
    try {
      await this.#wait(() => kept.tryLock('read'), giveUp);
      const { header, soundBytes } = await checkAmbient(kept.fd);
      if (this.#objection(kept, model) !== null) return null;
      if (header === null) return 0;
      const fd = own.open('', anew);
      try {
        await copy(kept.fd, fd, soundBytes);
      } finally {
        closeSync(fd);
      }
      return soundBytes;
    } finally {
      kept.close();
    }
  }

  /**
   * Gives one that {@link copyTo} does not take another name, so that the model can have its own. Only where the file is
   * never changed: then all have copies, and it is taken away from nobody. Another host may have done so just now, and
   * put a new one in its place: that stays.
   * @returns a sentence that says so; null if it is not in the way any more
   */
  async giveWay(model: Model, giveUp = () => false): Promise<string | null> {
    return await oneAtATime(this.#place, this.#clock, async () => this.#setAside(model), giveUp);
  }

  #setAside(model: Model): string | null {
    const kept = AmbientFile.open(this.#place);
    if (kept === null) return null;
    try {
      const why = this.#objection(kept, model);
      if (why === null) return null;
      const reason = `The file could not be used: ${why}.`;
      return `${this.#place.path} was set aside as ${setAside(this.#place, 'other', reason)}. ${reason}`;
    } finally {
      kept.close();
    }
  }

  /**
   * Adds what a program has found.
   * @param copied bytes that its file began with
   * @returns why nothing was added, as the end of a sentence; null if all is well
   */
  async add(made: AmbientFile, model: Model, copied: number): Promise<string | null> {
    try {
      if (this.#locksHold) return await this.#addTo(made, model, copied);
      return await oneAtATime(this.#place, this.#clock, () => this.#replace(made, model, copied));
    } catch (error) {
      const { message } = this.#place.unusable(error) as Error;
      return message.replace(/\.$/, '');
    }
  }

  close(): void {
    this.#place.close();
  }

  /** In the order in which all take their locks: the turn at the door, then the file. */
  async #addTo(made: AmbientFile, model: Model, copied: number): Promise<string | null> {
    const door = new Door(this.#place);
    try {
      await this.#wait(() => door.tryTurn());
      const kept = AmbientFile.open(this.#place) ?? make(this.#place);
      try {
        if (!kept.writable) return 'it is read-only';
        await this.#wait(() => kept.tryLock('write'));
        return await this.#merge(kept, door, { made, model, copied });
      } finally {
        kept.close();
      }
    } finally {
      door.close();
    }
  }

  async #merge(
    kept: AmbientFile,
    door: Door,
    { made, model, copied }: { readonly made: AmbientFile; readonly model: Model; readonly copied: number },
  ): Promise<string | null> {
    const found = await checkAmbient(kept.fd);
    if (this.#objection(kept, model) !== null) return 'it holds the light of another model';
    if (found.header !== null) await mendShared(kept.fd, door, found);
    try {
      await mergeAmbient(kept.fd, made.fd, found.soundBytes < copied ? 0 : copied);
    } finally {
      // An empty one ends every Radiance that is started by hand.
      if (kept.stats.size === 0) this.#place.remove('');
    }
    describe(door, kept, model);
    return null;
  }

  /** The file is always sound: who reads it without a lock has the old one or the new one. */
  async #replace(made: AmbientFile, model: Model, copied: number): Promise<string | null> {
    const fresh = placeInProject(this.#directory, this.#attempt);
    try {
      const bytes = await this.copyTo(fresh, model);
      if (bytes === null) return 'it holds the light of another model';
      const file = AmbientFile.open(fresh) ?? make(fresh);
      try {
        await mergeAmbient(file.fd, made.fd, bytes < copied ? 0 : copied);
        await this.#putInPlace(fresh, file, model);
      } finally {
        file.close();
      }
      return null;
    } finally {
      fresh.remove('');
      fresh.close();
    }
  }

  async #putInPlace(fresh: Place, file: AmbientFile, model: Model): Promise<void> {
    await fileToDisk(this.#directory, fresh.path);
    const door = new Door(this.#place);
    try {
      describe(door, file, model);
      renameBelow(this.#directory, fresh.path, this.#place.path);
    } finally {
      door.close();
    }
  }

  async #wait(attempt: () => boolean, giveUp = () => false): Promise<void> {
    if (!this.#locksHold || (await new Patience(this.#clock, patience, giveUp).until(attempt))) return;
    throw new GateError('locked', `${this.#place.path} is locked by others; nobody came in for too long.`);
  }

  /** Why nothing of it is used or changed, as the end of a sentence; null of what was hardly begun. */
  #objection(kept: AmbientFile, model: Model): string | null {
    const header = kept.header();
    if ('problem' in header) return header.incomplete ? null : 'it is no ambient file';
    const written = lookBeside(this.#place);
    const sidecar = written?.header === header.name ? written : null;
    return objection(model, { header, modified: kept.stats.mtimeMs, sidecar });
  }
}

async function copy(from: number, into: number, bytes: number): Promise<void> {
  for await (const portion of portions(from, { from: 0, to: bytes, unit: 1 })) writeFileSync(into, portion);
}

function make(place: Place): AmbientFile {
  closeSync(place.open('', anew));
  const file = AmbientFile.open(place);
  if (file === null) throw new GateError('unusable', `${place.path} was removed just now.`);
  return file;
}

/** What it belongs to, where that is not written down yet. */
function describe(door: Door, kept: AmbientFile, model: Model): void {
  const header = kept.header();
  if (!('problem' in header) && door.read()?.header !== header.name) door.write(sidecarOf(model, header.name));
}
