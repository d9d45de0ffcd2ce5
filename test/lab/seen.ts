import { closeSync, constants, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkAmbient } from '../../src/ambient/check.ts';
import { Patience } from '../../src/ambient/waiting.ts';
import { realClock } from '../../src/executor/clock.ts';
import { type LockKind, tryLock } from '../../src/unix/locks.ts';

export const ambient = 'ambfiles/room.amb';

/** The project's ambient file, open and locked as Radiance would. */
export async function lockedAmbient(project: string, kind: LockKind): Promise<number> {
  const fd = openSync(join(project, ambient), constants.O_RDWR | constants.O_APPEND);
  if (await new Patience(realClock, 240_000).until(() => tryLock(fd, kind))) return fd;
  throw new Error(`${ambient} stays locked.`);
}

/** What this host has seen in a shared ambient file: nobody may take that out again. */
export class Seen {
  readonly problems: string[] = [];
  readonly #project: string;
  #bytes = Buffer.alloc(0);

  constructor(project: string) {
    this.#project = project;
  }

  get bytes(): number {
    return this.#bytes.length;
  }

  /** Under a lock, since NFS promises nothing to who reads without one; whole records, since half of one is cut off. */
  async look(): Promise<void> {
    const fd = await lockedAmbient(this.#project, 'read');
    const { soundBytes } = await checkAmbient(fd);
    const now = readFileSync(fd).subarray(0, soundBytes);
    closeSync(fd);
    if (!now.subarray(0, this.bytes).equals(this.#bytes))
      this.problems.push(`${this.bytes} bytes of the file were changed or lost; ${now.length} of it are sound.`);
    this.#bytes = now;
  }

  /** Beside the project's files, for {@link keptBy}. */
  keep(): void {
    writeFileSync(keptBy(this.#project, process.env['HOST'] ?? ''), this.#bytes);
  }
}

/** Where a host has kept what it saw. */
export function keptBy(project: string, host: string): string {
  return join(project, `seen.${host}`);
}
