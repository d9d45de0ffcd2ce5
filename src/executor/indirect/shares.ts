import { Gate } from '../../ambient/gate.ts';
import type { Passage } from '../../ambient/passage.ts';
import type { LockProbe } from '../../ambient/probe.ts';
import { lookBelow, removeBelow } from '../below.ts';
import type { Clock } from '../clock.ts';
import type { Environment } from '../run.ts';
import { freeze, isFrozen } from './frozen.ts';
import { GateShare } from './gate-share.ts';
import { argsWith, type LitDeed, Models, pathOf } from './models.ts';
import { PrivateShares } from './private-shares.ts';

/** What the ambient file of a program asks of its start, its pauses and its end. */
export interface Share extends Pick<Passage, 'opened' | 'alone'> {
  /** With the file's name. */
  readonly args: readonly string[];
  /** Sentences: what was found and done; grows. */
  readonly notes: readonly string[];
  /**
   * The program is gone.
   * @param heard what it said of damage
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
  /** Asked now and then by what waits. */
  readonly giveUp: () => boolean;
}

/** What was filled for this program is gone: it has to be filled again. The message is a sentence. */
export class Gone extends Error {}

/** The ambient files of all projects that simulations of this host use. */
export class Shares {
  readonly #gate: Gate;
  readonly #locks: Pick<LockProbe, 'ask'>;
  readonly #models = new Models();
  readonly #private: PrivateShares;
  /** Files that attempts fill, to be frozen, each with its attempt. */
  readonly #filling = new Set<string>();

  constructor(clock: Clock, locks: Pick<LockProbe, 'ask'>) {
    this.#gate = new Gate(clock);
    this.#locks = locks;
    this.#private = new PrivateShares(clock);
  }

  /**
   * Settles when the program may start; null if it need not run.
   * @throws GateError, FileError or Gone, a sentence
   */
  async enter(deed: LitDeed, setting: Setting): Promise<Share | null> {
    const { ambient } = deed;
    const { directory, env, attempt, giveUp } = setting;
    const model = await this.#models.of(deed, directory, env);
    const path = pathOf(deed, model);
    const args = argsWith(deed, path);
    const frozen = isFrozen(directory, path);
    if (ambient.use === 'fill') {
      if (frozen) return null;
      this.#beginFilling(attempt, directory, path);
    }
    if (ambient.use === 'frozen' && !frozen)
      throw new Gone(`${path} is not there any more, or somebody may write to it.`);
    const { holds, why } = await this.#locks.ask(directory);
    if (ambient.use === 'private' || (ambient.use === 'shared' && !holds && !frozen)) {
      return await this.#private.enter({ directory, path, model, attempt, deed, why });
    }
    const fills = ambient.use === 'fill' || ambient.onlyCold;
    const passage = await this.#gate.enter({ directory, path, ...model, fills }, giveUp);
    if (!ambient.onlyCold || passage.fd === null) return new GateShare(passage, args);
    await passage.leave();
    return null;
  }

  /** The program's task is done: what it filled is what all its views see from now on. */
  async settle(deed: LitDeed, { directory, env, attempt }: Omit<Setting, 'giveUp'>): Promise<void> {
    if (deed.ambient.use !== 'fill') return;
    const path = pathOf(deed, await this.#models.of(deed, directory, env));
    if (this.#filling.delete(`${attempt} ${path}`)) await freeze(directory, path);
  }

  /** What an attempt left that was lost is not what it would have been. */
  #beginFilling(attempt: string, directory: number, path: string): void {
    const name = `${attempt} ${path}`;
    if (this.#filling.has(name)) return;
    this.#filling.add(name);
    if (lookBelow(directory, path) !== null) removeBelow(directory, path);
  }
}
