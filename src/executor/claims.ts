import { createHash } from 'node:crypto';
import { fstatSync } from 'node:fs';
import { hostname } from 'node:os';
import type { LockProbe } from '../ambient/probe.ts';
import { attemptKey, type TaskPlan } from '../model/task.ts';
import { lookBelow } from './below.ts';
import { ClaimFile, type Maker, type Refused } from './claim-file.ts';
import { quietly } from './quietly.ts';

/** Something that this host makes. */
interface Claim {
  /** The last one that makes it. */
  attempt: string;
  /** Between two tasks of a job: what the first one made is for the second. */
  isKept: boolean;
  /** Null where file locks do not hold. */
  readonly file: ClaimFile | null;
}

/**
 * What tasks make must not be made by another rayserver at the same time, on this host or on another one that has the
 * project, too: they have one name for what is not finished yet. Within one rayserver the scheduler sees to that, and
 * is believed. Where file locks do not hold nobody is kept from anything.
 */
export class Claims {
  readonly #own: Maker;
  readonly #locks: Pick<LockProbe, 'ask'>;
  readonly #claims = new Map<string, Claim>();
  /** Who was killed while he made a thing, as we have seen. */
  readonly #killed = new Map<string, Maker>();
  /** What is waited for, of each thing the last. */
  readonly #last = new Map<string, Promise<unknown>>();

  constructor(home: string, locks: Pick<LockProbe, 'ask'>) {
    this.#own = { host: hostname(), pid: process.pid, home };
    this.#locks = locks;
  }

  /**
   * Until it is given up nobody else makes what the task makes.
   * @returns why others must be waited for, a sentence; null if they need not
   * @throws FileError
   */
  async claim(attempt: string, directory: number, task: Pick<TaskPlan, 'holds'>): Promise<string | null> {
    const thing = thingOf(task.holds);
    if (thing === null) return null;
    const key = keyOf(directory, thing);
    const refused = await this.#inTurn(key, () => this.#take(key, directory, thing, attempt));
    return refused === null ? null : sentence(refused, thing);
  }

  /**
   * The attempt is over, and its files are tidied away. `keeps`: what it made is for another task of its job, which
   * claims it next.
   */
  release(attempt: string, keeps = false): void {
    for (const [key, claim] of this.#claims) {
      if (claim.attempt !== attempt) continue;
      if (keeps) claim.isKept = true;
      else this.#drop(key, claim);
    }
  }

  /** Nothing of the job comes any more. */
  forget(job: number): void {
    for (const [key, claim] of this.#claims)
      if (claim.isKept && attemptKey(claim.attempt).job === job) this.#drop(key, claim);
  }

  /** Nothing runs any more, and we go. */
  close(): void {
    for (const [key, claim] of this.#claims) this.#drop(key, claim);
  }

  /** Removes what tasks that are over have left, unless others make the same thing by now. */
  async tidy(directory: number, holds: readonly string[], remove: () => void): Promise<void> {
    const thing = thingOf(holds);
    if (thing === null) return remove();
    const key = keyOf(directory, thing);
    // Who makes something has it there.
    if (lookBelow(directory, 'proc') === null) return remove();
    await this.#inTurn(key, async () => {
      if (!this.#claims.has(key) && (await this.#take(key, directory, thing, '')) !== null) return;
      const claim = this.#claims.get(key);
      try {
        remove();
      } finally {
        if (claim && (claim.attempt === '' || claim.isKept)) this.#drop(key, claim);
      }
    });
  }

  async #take(key: string, directory: number, thing: string, attempt: string): Promise<Refused | null> {
    const known = this.#claims.get(key);
    if (known) {
      known.attempt = attempt;
      known.isKept = false;
      return null;
    }
    // On the disk of one host, too, there may be two of us.
    const { holds } = await this.#locks.ask(directory);
    const taken = holds ? ClaimFile.take(directory, fileOf(thing), this.#own, this.#killed.get(key)) : null;
    this.#killed.delete(key);
    if (taken !== null && !(taken instanceof ClaimFile)) {
      if (taken.ended && taken.by !== null) this.#killed.set(key, taken.by);
      return taken;
    }
    this.#claims.set(key, { attempt, isKept: false, file: taken });
    return null;
  }

  #drop(key: string, { file }: Claim): void {
    this.#claims.delete(key);
    quietly(() => file?.release());
  }

  /** One after another: what is tidied away must not be what the next one has begun. */
  async #inTurn<T>(key: string, deed: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key);
    const now = before === undefined ? deed() : before.then(deed, deed);
    this.#last.set(key, now);
    try {
      return await now;
    } finally {
      if (this.#last.get(key) === now) this.#last.delete(key);
    }
  }
}

/** Such as `octree:octrees/room.oct`, for all who have the project; null of a task that makes nothing of ours. */
function thingOf([hold]: readonly string[]): string | null {
  // The server adds which project it is, as its own host knows it.
  return hold?.replace(/@[^@]*$/, '') ?? null;
}

function keyOf(directory: number, thing: string): string {
  const { dev, ino } = fstatSync(directory, { bigint: true });
  return `${dev}:${ino} ${thing}`;
}

function fileOf(thing: string): string {
  const digest = createHash('sha256').update(thing).digest('hex');
  return `proc/${thing.split(':', 1)[0]}-${digest.slice(0, 16)}.lock`;
}

function sentence({ by, ended }: Refused, thing: string): string {
  const what = thing.replace(/^fill:/, 'the ambient file of ').replace(/^\w+:/, '');
  if (by === null) return `Another rayserver (see ${fileOf(thing)}) makes ${what}; the job goes on when that is done.`;
  const { host, pid } = by;
  return ended
    ? `Another rayserver, on host ${host} with process ${pid}, was ended while it made ${what}; the job goes on in a moment.`
    : `Another rayserver, on host ${host} with process ${pid}, makes ${what}; the job goes on when that is done.`;
}
