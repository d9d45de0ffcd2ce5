import type { Stats } from 'node:fs';
import type { AmbientFile } from './ambient-file.ts';
import { type Check, checkAmbient } from './check.ts';

/** More files than a host shares at a time. */
const most = 64;

interface Found {
  /** Of the header. */
  readonly name: string;
  readonly check: Check;
  readonly stats: Stats;
}

/**
 * What was found of ambient files, so that what is sound is not read at each start: while simulations of this host use a
 * file, only what is new is looked at, and nothing of one that has not changed since. One that others have changed
 * meanwhile is read anew: it may be a copy that somebody has put back.
 */
export class Known {
  readonly #files = new Map<string, Found>();
  readonly #users = new Map<string, number>();
  /** When somebody who entered had the file for himself. */
  readonly #alone = new Map<string, number>();

  /** The caller has a lock. */
  async check(file: AmbientFile): Promise<Check> {
    const header = file.header();
    const { stats } = file;
    const key = keyOf(stats);
    const before = this.#files.get(key);
    const known =
      before !== undefined &&
      'name' in header &&
      header.name === before.name &&
      (this.#users.has(key) || isUnchanged(before.stats, stats));
    const check = await checkAmbient(file.fd, known ? before.check : undefined);
    this.#files.delete(key);
    if ('name' in header) this.#files.set(key, { name: header.name, check, stats });
    if (this.#files.size > most) this.#files.delete(this.#files.keys().next().value ?? '');
    return check;
  }

  /** A simulation of this host uses the file from now on, or does not any more: one call each. */
  uses(file: AmbientFile, change: 1 | -1): void {
    const key = keyOf(file.stats);
    const users = (this.#users.get(key) ?? 0) + change;
    if (users > 0) this.#users.set(key, users);
    else this.#users.delete(key);
  }

  hadAlone(door: string, when: number): void {
    this.#alone.delete(door);
    this.#alone.set(door, when);
    if (this.#alone.size > most) this.#alone.delete(this.#alone.keys().next().value ?? '');
  }

  lastAlone(door: string): number {
    return this.#alone.get(door) ?? Number.NEGATIVE_INFINITY;
  }
}

function keyOf({ dev, ino }: Stats): string {
  return `${dev}:${ino}`;
}

function isUnchanged(one: Stats, other: Stats): boolean {
  return one.size === other.size && one.mtimeMs === other.mtimeMs && one.ctimeMs === other.ctimeMs;
}
