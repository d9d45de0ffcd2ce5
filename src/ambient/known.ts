import type { AmbientFile } from './ambient-file.ts';
import { type Check, checkAmbient } from './check.ts';

/** More files than a host shares at a time. */
const most = 64;

interface Found {
  /** Of the header. */
  readonly name: string;
  readonly check: Check;
}

/** What was found of ambient files, so that what is sound is read once and not at each start. */
export class Known {
  readonly #files = new Map<string, Found>();
  /** When somebody who entered had the file for himself. */
  readonly #alone = new Map<string, number>();

  /** The caller has a lock. */
  async check(file: AmbientFile): Promise<Check> {
    const header = file.header();
    const { dev, ino } = file.stats;
    const key = `${dev}:${ino}`;
    const before = this.#files.get(key);
    const known = before && !('problem' in header) && header.name === before.name;
    const check = await checkAmbient(file.fd, known ? before.check : undefined);
    this.#files.delete(key);
    if (!('problem' in header)) this.#files.set(key, { name: header.name, check });
    if (this.#files.size > most) this.#files.delete(this.#files.keys().next().value ?? '');
    return check;
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
