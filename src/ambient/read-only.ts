import type { AmbientFile } from './ambient-file.ts';
import { checkAmbient } from './check.ts';
import { lookBeside } from './door.ts';
import { type Model, objection } from './fits.ts';
import { holderOf } from './holders.ts';
import type { Passage } from './passage.ts';
import type { Place } from './place.ts';
import { Reading } from './reading.ts';
import { GateError, type Patience } from './waiting.ts';

/**
 * Into a file that this user may not write to: Radiance loads it and leaves it as it is. Nothing of it can be mended or
 * set aside.
 * @param how without patience no lock is taken: where nobody at all writes to it
 * @throws GateError `unusable` where that would be needed
 */
export async function enterReadOnly(
  place: Place,
  file: AmbientFile,
  { model, patience }: { readonly model: Model; readonly patience: Patience | null },
): Promise<Passage> {
  if (patience !== null && !(await patience.until(() => file.tryLock('read'))))
    throw new GateError('locked', `${place.path} is locked by ${holderOf(file.fd, 'read')} for too long.`);
  const header = file.header();
  const refuse = (why: string) => new GateError('unusable', `${place.path} is read-only, and cannot be used: ${why}`);
  if ('problem' in header) throw refuse(header.problem);
  const written = lookBeside(place);
  const sidecar = written?.header === header.name ? written : null;
  const why = objection(model, { header, modified: file.stats.mtimeMs, sidecar });
  if (why !== null) throw refuse(`${why}.`);
  const { problem } = await checkAmbient(file.fd);
  if (problem !== null) throw refuse(problem);
  return new ReadOnlyPassage(place, file, patience !== null);
}

class ReadOnlyPassage implements Passage {
  readonly notes: readonly string[] = [];
  readonly fd: number;
  readonly mayHaveWritten = false;
  readonly #place: Place;
  readonly #file: AmbientFile;
  readonly #bytes: number;
  readonly #reading = new Reading();
  #isLocked: boolean;
  #hasLeft = false;

  constructor(place: Place, file: AmbientFile, isLocked: boolean) {
    this.#place = place;
    this.#file = file;
    this.#isLocked = isLocked;
    this.fd = file.fd;
    this.#bytes = file.stats.size;
  }

  opened(): void {
    if (this.#isLocked && !this.#hasLeft) this.#file.unlock();
    this.#isLocked = false;
  }

  hasRead(pid: number): boolean {
    return this.#reading.isOver(pid, this.#file.stats, this.#bytes);
  }

  /** Its process takes no lock. */
  keeperFrom(): null {
    return null;
  }

  /** Its process never writes. */
  async alone(deed: () => void | Promise<void>): Promise<void> {
    await deed();
  }

  async quarantine(): Promise<string> {
    return `${this.#place.path} is read-only and stays where it is.`;
  }

  async leave(): Promise<{ readonly damage: string | null }> {
    if (!this.#hasLeft) {
      this.#hasLeft = true;
      this.#file.close();
      this.#place.close();
    }
    return { damage: null };
  }
}
