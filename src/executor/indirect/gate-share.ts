import type { Passage } from '../../ambient/passage.ts';
import type { Share } from './shares.ts';

/** A file that others use at the same time. */
export class GateShare implements Share {
  readonly args: readonly string[];
  readonly #passage: Passage;

  constructor(passage: Passage, args: readonly string[]) {
    this.#passage = passage;
    this.args = args;
  }

  get notes(): readonly string[] {
    return this.#passage.notes;
  }

  opened(): void {
    this.#passage.opened();
  }

  alone(deed: () => void | Promise<void>, manner?: 'end' | 'pause'): Promise<void> {
    return this.#passage.alone(deed, manner);
  }

  async leave(heard: string | null): Promise<string | null> {
    return (await this.#passage.leave(heard)).damage;
  }
}
