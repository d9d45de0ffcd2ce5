import { fstatSync } from 'node:fs';

/** The file that a program writes to, by which it is seen whether it comes on. */
export class Sink {
  /** Null before there is one, and when all that is in it is wanted. */
  path: string | null = null;
  #fd: number | null = null;
  #seen = 0;

  open(path: string, fd: number): void {
    this.path = path;
    this.#fd = fd;
    this.#seen = 0;
  }

  /** Its descriptor is not ours to look at any more. */
  close(): void {
    this.#fd = null;
  }

  /** It is whole. */
  keep(): void {
    this.close();
    this.path = null;
  }

  /** Since it was asked last. */
  hasGrown(): boolean {
    if (this.#fd === null) return false;
    const { size } = fstatSync(this.#fd);
    const hasGrown = size > this.#seen;
    this.#seen = size;
    return hasGrown;
  }
}
