import { readFileSync, readlinkSync } from 'node:fs';
import { type ProbeClock, type StartChild, tryLocks, type Verdict } from './lock-trial.ts';
import { isOfFileSystem, optionTrouble, trialTrouble } from './lock-words.ts';
import { isOfThisHost, lockTrouble, type Mount, mountOf } from './mounts.ts';

/** How long an answer is taken for granted, ms: somebody may start or end a lock manager at any time. */
const FRESH = 5 * 60_000;
/** And one that says no: somebody may be mending it. */
const FRESH_BAD = 30_000;

/** Whether file locks hold in a directory: between processes, and between hosts as far as this host can tell. */
export interface Locks {
  readonly holds: boolean;
  /** A sentence that says why they do not; null if they hold. */
  readonly why: string | null;
  /** The command that mends it. */
  readonly mend: string | null;
  /** The file system, if it is known. */
  readonly mount: Mount | null;
}

interface Known {
  readonly at: number;
  readonly locks: Promise<Locks>;
  settled: Locks | null;
}

/**
 * Finds out whether file locks hold, with processes that can be killed: where an NFS server has no rpc.statd, even a
 * lock that need not wait hangs. It never touches a directory's file system itself, and never waits for longer than
 * a child may take.
 */
export class LockProbe {
  readonly #clock: ProbeClock;
  readonly #start: StartChild;
  readonly #mountinfo: () => string;
  readonly #known = new Map<string, Known>();

  constructor(clock: ProbeClock, start: StartChild, mountinfo = ownMountinfo) {
    this.#clock = clock;
    this.#start = start;
    this.#mountinfo = mountinfo;
  }

  /**
   * For each start of a simulation: what the mount's options say, else what was found a moment ago, for its whole file
   * system. On a disk of this host the kernel's locks hold without a trial.
   * @param directory its descriptor
   */
  async ask(directory: number): Promise<Locks> {
    const { path, mount } = this.#place(directory);
    if (mount && lockTrouble(mount) === null && isOfThisHost(mount)) return holding(mount);
    const known = this.#known.get(mount?.id ?? path);
    return known && this.#isFresh(known) ? await known.locks : await this.#look(path, mount);
  }

  /** For people: tried at this moment, whatever is known of it. */
  look(directory: number): Promise<Locks> {
    const { path, mount } = this.#place(directory);
    return this.#look(path, mount);
  }

  /** Where the kernel says it is: that touches no file system but /proc. */
  #place(directory: number): { path: string; mount: Mount | null } {
    const path = readlinkSync(`/proc/self/fd/${directory}`);
    return { path, mount: mountOf(this.#mountinfo(), path) };
  }

  #isFresh({ at, settled }: Known): boolean {
    return this.#clock.passed() - at < (settled?.holds === false ? FRESH_BAD : FRESH);
  }

  /** Whoever asks while it is tried is told the same. */
  async #look(path: string, mount: Mount | null): Promise<Locks> {
    const key = mount?.id ?? path;
    const before = this.#known.get(key);
    if (before && before.settled === null) return await before.locks;
    const known: Known = { at: this.#clock.passed(), locks: this.#try(key, path, mount), settled: null };
    // A mount that is gone is not asked for again.
    for (const [old, of] of this.#known) if (of.settled && !this.#isFresh(of)) this.#known.delete(old);
    this.#known.set(key, known);
    known.settled = await known.locks;
    return known.settled;
  }

  /** What says nothing of the whole file system is not kept. */
  async #try(key: string, path: string, mount: Mount | null): Promise<Locks> {
    const option = mount && lockTrouble(mount);
    if (mount && option !== null) return { holds: false, ...optionTrouble(mount, option), mount };
    const verdict = await tryLocks(path, this.#start, this.#clock).catch((): Verdict => 'gone');
    if (!isOfFileSystem(verdict)) this.#known.delete(key);
    const trouble = trialTrouble(verdict, path, mount);
    return trouble === null ? holding(mount) : { holds: false, ...trouble, mount };
  }
}

function holding(mount: Mount | null): Locks {
  return { holds: true, why: null, mend: null, mount };
}

function ownMountinfo(): string {
  try {
    return readFileSync('/proc/self/mountinfo', 'utf8');
  } catch {
    // Without it nothing is known of options, and each directory is tried by itself.
    return '';
  }
}
