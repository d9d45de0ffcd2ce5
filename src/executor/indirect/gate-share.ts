import type { Passage } from '../../ambient/passage.ts';
import type { Share } from './shares.ts';

/** A file that others use at the same time, or that nobody may write to. */
export class GateShare implements Share {
  readonly args: Share['args'];
  readonly origin: Share['origin'];
  readonly #passage: Passage;
  readonly #before: readonly string[];

  /** @param parts `before`: notes of what was found on the way */
  constructor(passage: Passage, parts: Pick<Share, 'args' | 'origin'> & { readonly before?: readonly string[] }) {
    this.#passage = passage;
    this.args = parts.args;
    this.origin = parts.origin;
    this.#before = parts.before ?? [];
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

  get mayHaveWritten(): boolean {
    return this.#passage.mayHaveWritten;
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
