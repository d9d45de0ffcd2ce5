import type { Passage } from '../../ambient/passage.ts';
import type { Share } from './shares.ts';

/** A file that others use at the same time, or that nobody may write to. */
export class GateShare implements Share {
  readonly args: readonly string[];
  readonly #passage: Passage;
  readonly #before: readonly string[];

  /** @param before notes of what was found on the way */
  constructor(passage: Passage, args: readonly string[], before: readonly string[] = []) {
    this.#passage = passage;
    this.args = args;
    this.#before = before;
  }

  get notes(): readonly string[] {
    return [...this.#before, ...this.#passage.notes];
  }

  opened(): void {
    this.#passage.opened();
  }

  hasRead(pid: number): boolean {
    return this.#passage.hasRead(pid);
  }

  keeperFrom(pid: number): string | null {
    return this.#passage.keeperFrom(pid);
  }

  alone(...how: Parameters<Passage['alone']>): Promise<void> {
    return this.#passage.alone(...how);
  }

  async leave(heard: string | null): Promise<string | null> {
    return (await this.#passage.leave(heard)).damage;
  }
}
