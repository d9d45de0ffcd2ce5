import { AmbientFile } from './ambient-file.ts';
import { setAside } from './aside.ts';
import { objection, sidecarOf } from './fits.ts';
import { holderOf } from './holders.ts';
import type { Inside } from './inside.ts';
import { mendShared } from './mend.ts';
import { GateError, Patience } from './waiting.ts';

/** How long an ambient file may be entered by some while others load it, before those who write to it get their turn. */
const sharingMilliseconds = 1000;
/** How long to wait for simulations that use the file with other parameters. */
const otherUseMilliseconds = 5000;

/**
 * One way into an ambient file. Locks are taken in this order: the turn at the door, then the file; so nobody waits for
 * another in a circle. Who waits for the file keeps the turn, so that nobody overtakes him.
 */
export class Entry {
  readonly #in: Inside;
  readonly #patience: Patience;
  readonly #giveUp: () => boolean;

  constructor(inside: Inside, giveUp: () => boolean) {
    this.#in = inside;
    this.#patience = new Patience(inside.clock, inside.limits.enter, giveUp);
    this.#giveUp = giveUp;
  }

  /**
   * @returns the file, sound, with a read lock on it; or null if the process is to make it: then it is our turn, and
   *   nobody else's until we say so
   */
  async pass(): Promise<AmbientFile | null> {
    // A file that must be mended is entered anew, alone.
    for (let alone = false; ; ) {
      await this.#takeTurn();
      const file = AmbientFile.open(this.#in.place);
      if (file === null) return this.#prepare();
      try {
        const is = await this.#judge(file, alone);
        if (is === 'fit') return file;
        if (is === 'unsound') alone = true;
      } catch (error) {
        file.close();
        throw error;
      }
      file.close();
    }
  }

  async #takeTurn(): Promise<void> {
    const { door, place } = this.#in;
    if (!(await this.#patience.until(() => door.tryTurn())))
      throw this.#locked(`${place.path} is being entered or made by ${holderOf(door.fd, 'write', door.turn)}`);
    if (!door.isThere) throw new GateError('unusable', `${place.path}.json was removed or replaced meanwhile.`);
  }

  async #judge(file: AmbientFile, alone: boolean): Promise<'fit' | 'unsound' | 'gone'> {
    await this.#lock(file, alone);
    if (!file.isThere) return 'gone';
    const header = file.header();
    if ('problem' in header) return this.#replace(file, header.problem);
    const written = this.#in.door.read();
    const sidecar = written?.header === header.name ? written : null;
    const why = objection(this.#in.model, { header, modified: file.stats.mtimeMs, sidecar });
    if (why !== null) return this.#replace(file, `The file could not be used: ${why}.`);
    if (sidecar === null) this.#in.door.write(sidecarOf(this.#in.model, header.name));
    this.#in.door.use();
    return this.#check(file, alone);
  }

  /** Who writes must get in now and then, while others come and load. */
  async #lock(file: AmbientFile, alone: boolean): Promise<void> {
    const { known, door, clock } = this.#in;
    const share = !alone && clock.passed() - known.lastAlone(door.key) < sharingMilliseconds;
    const attempt = () => {
      if (!file.tryLock('write')) return share && file.tryLock('read');
      known.hadAlone(door.key, clock.passed());
      return true;
    };
    if (!(await this.#patience.until(attempt))) throw this.#lockedBy(file);
  }

  async #check(file: AmbientFile, alone: boolean): Promise<'fit' | 'unsound'> {
    if (!alone) {
      // From here on others may enter, too: this takes long if the file is long and nobody has looked at it yet.
      file.tryLock('read');
      this.#in.door.endTurn();
    }
    const check = await this.#in.known.check(file);
    if (check.problem !== null && !alone) return 'unsound';
    if (check.problem !== null) {
      await mendShared(file.fd, this.#in.door, check);
      const bytes = check.fileBytes - check.soundBytes;
      this.#in.notes.push(`${this.#in.place.path}: ${check.problem} The last ${bytes} bytes were cut off.`);
    }
    if (alone) {
      file.tryLock('read');
      this.#in.door.endTurn();
    }
    return 'fit';
  }

  /** Those who still use it would read a file of the same name for more of it. */
  async #replace(file: AmbientFile, reason: string): Promise<'gone'> {
    const { place, door, clock } = this.#in;
    if (!(await this.#patience.until(() => file.tryLock('write')))) throw this.#lockedBy(file);
    if (!(await new Patience(clock, otherUseMilliseconds, this.#giveUp).until(() => door.tryUseAlone())))
      throw new GateError('in use', `${place.path} is in use by other simulations. ${reason}`);
    if (file.stats.size === 0) {
      place.remove('');
      this.#in.notes.push(`${place.path} was empty and has been removed.`);
    } else {
      const name = setAside(place, 'other', reason);
      this.#in.notes.push(`${place.path} was set aside as ${name}. ${reason}`);
    }
    return 'gone';
  }

  #prepare(): null {
    this.#in.door.use();
    this.#in.door.write(sidecarOf(this.#in.model, null));
    this.#in.notes.push(`${this.#in.place.path} is made anew.`);
    return null;
  }

  #lockedBy(file: AmbientFile): GateError {
    return this.#locked(`${this.#in.place.path} is locked by ${holderOf(file.fd, 'write')}`);
  }

  #locked(says: string): GateError {
    return new GateError('locked', `${says}; nobody came in for too long.`);
  }
}
