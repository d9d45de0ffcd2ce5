import type { Model } from '../../ambient/fits.ts';
import { Gate } from '../../ambient/gate.ts';
import type { Passage } from '../../ambient/passage.ts';
import type { LockProbe } from '../../ambient/probe.ts';
import { GateError } from '../../ambient/waiting.ts';
import type { Clock } from '../clock.ts';
import type { Environment } from '../run.ts';
import { Filling } from './filling.ts';
import { enterFrozen, isFrozen, putAside } from './frozen.ts';
import { GateShare } from './gate-share.ts';
import { argsWith, type LitDeed, Models, pathOf } from './models.ts';
import type { Origin } from './origin.ts';
import { PrivateShares } from './private-shares.ts';
import { fileHoldsValues, holdsValues } from './values.ts';

/** What the ambient file of a program asks of its start, its pauses and its end. */
export interface Share extends Pick<Passage, 'opened' | 'hasRead' | 'keeperFrom' | 'alone' | 'mayHaveWritten'> {
  /** With the file's name. */
  readonly args: readonly string[];
  /** Sentences: what was found and done; grows. */
  readonly notes: readonly string[];
  /** What its values belong to. */
  readonly origin: Pick<Origin, 'trouble'>;
  /**
   * The program is gone.
   * @param heard what it said of damage, or what else is wrong with what it has written
   * @returns what is wrong with the file that it leaves, a sentence; null if nothing is
   */
  leave(heard: string | null): Promise<string | null>;
}

/** Where a program runs that keeps its indirect light. */
export interface Setting {
  /** Descriptor of the project. */
  readonly directory: number;
  readonly env: Environment;
  readonly attempt: string;
  /** Where it may have a file that others cannot reach: see {@link OwnFile.elsewhere}. */
  readonly tmp: { readonly fd: number; readonly path: string } | null;
  /** Asked now and then by what waits. */
  readonly giveUp: () => boolean;
}

/** A program on its way to its file. */
interface Comer {
  readonly deed: LitDeed;
  readonly setting: Setting;
  readonly model: Model;
  readonly origin: Origin;
  readonly path: string;
}

/** The ambient files of all projects that simulations of this host use. */
export class Shares {
  readonly #gate: Gate;
  readonly #locks: Pick<LockProbe, 'ask'>;
  readonly #models = new Models();
  readonly #private: PrivateShares;
  readonly #filling = new Filling();

  constructor(clock: Clock, locks: Pick<LockProbe, 'ask'>) {
    this.#gate = new Gate(clock);
    this.#locks = locks;
    this.#private = new PrivateShares(clock);
  }

  /**
   * Settles when the program may start; null if it need not run.
   * @throws GateError or FileError, a sentence
   */
  async enter(deed: LitDeed, setting: Setting): Promise<Share | null> {
    const { ambient } = deed;
    const { directory, env, attempt } = setting;
    const { model, origin } = await this.#models.of(deed, directory, env);
    const path = pathOf(deed, model);
    const comer = { deed, setting, model, origin, path };
    if (ambient.use === 'frozen')
      return new GateShare(await enterFrozen(directory, path, model), { args: argsWith(deed, path), origin });
    if (ambient.use !== 'fill') return await this.#share(comer);
    const notes: string[] = [];
    if (isFrozen(directory, path)) {
      const problem = await problemOfFrozen(directory, path, model);
      if (problem === null) return null;
      notes.push(putAside(directory, path, problem));
    }
    this.#filling.begin(attempt, directory, path);
    return await this.#share(comer, notes);
  }

  /** The attempt's programs are done: what they filled is what all its views see from now on. @throws as {@link enter} */
  async settle({ attempt, directory }: Pick<Setting, 'attempt' | 'directory'>): Promise<void> {
    await this.#filling.end(attempt, directory);
  }

  /** The attempt came to nothing: what it has filled so far is removed. */
  abandon({ attempt, directory }: Pick<Setting, 'attempt' | 'directory'>): void {
    this.#filling.abandon(attempt, directory);
  }

  async #share(comer: Comer, before: readonly string[] = []): Promise<Share | null> {
    const { deed, setting, model, origin, path } = comer;
    const { directory, attempt, tmp, giveUp } = setting;
    const { use, onlyCold } = deed.ambient;
    const locks = await this.#locks.ask(directory);
    const own = { directory, path, model, origin, attempt, tmp, deed, locks, giveUp };
    if (use === 'private' || !locks.holds) {
      if (onlyCold && fileHoldsValues(directory, path)) return null;
      return await this.#private.enter(own);
    }
    const fills = use === 'fill' || onlyCold;
    let passage: Passage;
    try {
      passage = await this.#gate.enter({ directory, path, ...model, fills }, giveUp);
    } catch (error) {
      if (use !== 'shared' || !isTaken(error)) throw error;
      // Nobody would have anything of an overture in a file of its own.
      return onlyCold ? null : await this.#private.enter(own);
    }
    if (!onlyCold || passage.fd === null || !holdsValues(passage.fd))
      return new GateShare(passage, { args: argsWith(deed, path), origin, before });
    await passage.leave();
    return null;
  }
}

/** By simulations of another model, for as long as they run. */
function isTaken(error: unknown): boolean {
  return error instanceof GateError && error.why === 'in use';
}

async function problemOfFrozen(directory: number, path: string, model: Model): Promise<string | null> {
  try {
    await (await enterFrozen(directory, path, model)).leave();
    return null;
  } catch (error) {
    if (error instanceof GateError) return error.message;
    throw error;
  }
}
