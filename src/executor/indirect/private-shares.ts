import { fstatSync } from 'node:fs';
import type { AmbientFile } from '../../ambient/ambient-file.ts';
import { checkAmbient } from '../../ambient/check.ts';
import type { Model } from '../../ambient/fits.ts';
import type { Locks } from '../../ambient/probe.ts';
import { Reading } from '../../ambient/reading.ts';
import { Queue } from '../../ambient/waiting.ts';
import type { Clock } from '../clock.ts';
import { Kept } from './kept.ts';
import { argsWith, type LitDeed } from './models.ts';
import type { Origin } from './origin.ts';
import { OwnFile } from './own-file.ts';
import type { Setting, Share } from './shares.ts';

interface Wanted {
  readonly directory: number;
  /** Of the file that is kept. */
  readonly path: string;
  readonly model: Model;
  readonly origin: Origin;
  readonly attempt: string;
  readonly tmp: Setting['tmp'];
  readonly deed: LitDeed;
  readonly locks: Pick<Locks, 'holds' | 'why' | 'mend'>;
  readonly giveUp: () => boolean;
}

/**
 * Simulations that have an ambient file for themselves: a copy of the one that is kept. What they add goes into that when
 * they have ended.
 */
export class PrivateShares {
  readonly #clock: Clock;
  /** By the file that is kept: one of this host reads or adds at a time. */
  readonly #queue = new Queue();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @throws GateError, or a system error */
  async enter(wanted: Wanted): Promise<Share> {
    const { directory, path, attempt, tmp, deed, locks, model, origin } = wanted;
    const notes = warningsOf(wanted);
    const own = locks.holds ? OwnFile.inProject(directory, attempt) : OwnFile.elsewhere(directory, attempt, tmp);
    try {
      const copied = await this.#withKept(wanted, (kept) => copyOf(kept, own, { wanted, notes }));
      if (copied === null)
        notes.push(`${path} holds the light of another model: nothing of it is used, and nothing added to it.`);
      const add = async (made: AmbientFile) => {
        if (copied === null) return null;
        const problem = await this.#withKept(wanted, (kept) => kept.add(made, model, copied));
        return problem && `What this simulation has found was not added to ${path}: ${problem}.`;
      };
      return new PrivateShare({ args: argsWith(deed, own.name), origin, notes, own, copied: copied ?? 0, add });
    } catch (error) {
      own.close();
      throw error;
    }
  }

  async #withKept<T>(wanted: Wanted, deed: (kept: Kept) => Promise<T>): Promise<T> {
    const { directory, path } = wanted;
    const { dev, ino } = fstatSync(directory);
    return await this.#queue.in(`${dev}:${ino} ${path}`, async () => {
      const kept = new Kept(wanted, this.#clock);
      try {
        return await deed(kept);
      } finally {
        kept.close();
      }
    });
  }
}

/** Where all have copies since locks do not hold, the name goes to those who come, as it does where they share the file. */
async function copyOf(
  kept: Kept,
  own: OwnFile,
  { wanted, notes }: { readonly wanted: Wanted; readonly notes: string[] },
): Promise<number | null> {
  const { model, giveUp, locks, deed } = wanted;
  const copied = await kept.copyTo(own.place, model, giveUp);
  if (copied !== null || locks.holds || deed.ambient.use !== 'shared') return copied;
  const note = await kept.giveWay(model, giveUp);
  if (note !== null) notes.push(note);
  return await kept.copyTo(own.place, model, giveUp);
}

/** Whoever asked for a file of his own knows what that costs. */
function warningsOf({ locks, deed }: Wanted): string[] {
  if (locks.why === null || deed.ambient.use !== 'shared') return [];
  const mend = locks.mend === null ? '' : ` To mend it: ${locks.mend}`;
  return [
    `${locks.why} So this simulation had an ambient file of its own: what others found meanwhile was computed again, and ` +
      `several at a time take about as long as one after another.${mend}`,
  ];
}

interface Parts extends Pick<Share, 'args' | 'origin'> {
  readonly notes: string[];
  readonly own: OwnFile;
  /** Bytes that it began with. */
  readonly copied: number;
  /** Keeps what is in it. @returns a sentence where it cannot */
  readonly add: (made: AmbientFile) => Promise<string | null>;
}

class PrivateShare implements Share {
  readonly args: Share['args'];
  readonly origin: Share['origin'];
  readonly notes: string[];
  readonly mayHaveWritten = true;
  readonly #parts: Parts;
  readonly #reading = new Reading();

  constructor(parts: Parts) {
    this.args = parts.args;
    this.origin = parts.origin;
    this.notes = parts.notes;
    this.#parts = parts;
  }

  opened(): void {
    this.#parts.own.take();
  }

  hasRead(pid: number): boolean {
    const { own, copied } = this.#parts;
    const file = own.look();
    return file !== null && this.#reading.isOver(pid, file, Math.max(1, copied));
  }

  /** Nobody else has it. */
  keeperFrom(): null {
    return null;
  }

  async alone(deed: () => void | Promise<void>): Promise<void> {
    await deed();
  }

  async leave(heard: string | null): Promise<string | null> {
    const { own, copied, add } = this.#parts;
    try {
      const made = own.take();
      if (heard !== null || made === null) return heard;
      const { is, header, soundBytes, problem } = await checkAmbient(made.fd);
      // A partial record, or none at all, is left by a program that was killed.
      if (is === 'damaged') return problem;
      const note = header === null || soundBytes <= copied ? null : await add(made);
      if (note !== null) this.notes.push(note);
      return null;
    } finally {
      own.close();
    }
  }
}
