import { lookBelow, removeBelow } from '../below.ts';
import { quietly } from '../quietly.ts';
import { freeze } from './frozen.ts';

/** Ambient files that attempts fill, to be frozen when their programs have ended. */
export class Filling {
  readonly #paths = new Map<string, Set<string>>();

  /** What an earlier attempt left is not what it would have been: the first program of an attempt begins anew. */
  begin(attempt: string, directory: number, path: string): void {
    const paths = this.#paths.get(attempt) ?? new Set();
    if (paths.has(path)) return;
    if (lookBelow(directory, path) !== null) removeBelow(directory, path);
    this.#paths.set(attempt, paths.add(path));
  }

  /**
   * All of them are filled: nobody writes to them any more.
   * @throws GateError or FileError, a sentence
   */
  async end(attempt: string, directory: number): Promise<void> {
    for (const path of this.#paths.get(attempt) ?? []) await freeze(directory, path);
    this.#paths.delete(attempt);
  }

  /** The attempt came to nothing. */
  abandon(attempt: string, directory: number): void {
    for (const path of this.#paths.get(attempt) ?? []) quietly(() => removeBelow(directory, path));
    this.#paths.delete(attempt);
  }
}
