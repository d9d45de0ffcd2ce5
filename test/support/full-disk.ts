import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** Why a small disk cannot be mounted here; null if it can. */
export function noSmallDisk(): string | null {
  if (process.getuid?.() !== 0) return 'only root can mount a small disk';
  try {
    execFileSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'none', '/mnt'], { stdio: 'ignore' });
    return null;
  } catch {
    return 'nothing can be mounted here';
  }
}

/** A file system of its own, of few megabytes, that can be filled to the last byte and emptied again. */
export class SmallDisk {
  readonly path: string;
  readonly #filler: string;

  constructor(path: string, megabytes: number) {
    this.path = path;
    this.#filler = join(path, 'filler');
    mkdirSync(path, { recursive: true });
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=755`, 'none', path]);
  }

  /** Leaves nothing, also where others write at the same time. */
  fill(): void {
    const filler = openSync(this.#filler, 'a');
    try {
      for (;;) writeSync(filler, Buffer.alloc(4096));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    } finally {
      closeSync(filler);
    }
  }

  empty(): void {
    rmSync(this.#filler, { force: true });
  }

  remove(): void {
    execFileSync('umount', ['--lazy', this.path]);
  }
}
