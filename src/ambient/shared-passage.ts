import { locksOn } from '../unix/lock-table.ts';
import { whoHolds } from '../unix/locks.ts';
import { AmbientFile } from './ambient-file.ts';
import { sidecarOf } from './fits.ts';
import { holderOf } from './holders.ts';
import type { Inside } from './inside.ts';
import { type Entered, keepOut, lastLook, quarantine } from './leaving.ts';
import type { Passage } from './passage.ts';
import { Reading } from './reading.ts';
import { GateError, Patience } from './waiting.ts';

/** A passage into a file that its process may write to. */
export class SharedPassage implements Passage {
  readonly notes: readonly string[];
  readonly #in: Inside;
  /** Null until the process has made it. */
  #file: AmbientFile | null;
  readonly #entered: Entered;
  #state: 'opening' | 'open' | 'left' = 'opening';
  /** It is still its turn at the door: it makes the file. */
  #hasTurn: boolean;
  /** Until it has left, or has had enough time: what it fills serves those who wait. */
  readonly #fills: boolean;
  /** Deeds that want no writer now. */
  #deeds = 0;
  readonly #forget: () => void;
  readonly #reading = new Reading();

  constructor(inside: Inside, file: AmbientFile | null, fills: boolean) {
    this.#in = inside;
    this.notes = inside.notes;
    this.#file = file;
    if (file) inside.known.uses(file, 1);
    this.#entered = { bytes: file?.stats.size ?? 0, cut: inside.door.read()?.cut ?? null };
    this.#hasTurn = file === null;
    this.#fills = this.#hasTurn && fills;
    const { open, fill } = inside.limits;
    this.#forget = inside.clock.after(this.#fills ? fill : open, () => this.#takesTooLong());
  }

  get fd(): number | null {
    return this.#file?.fd ?? null;
  }

  opened(): void {
    if (this.#state !== 'opening') return;
    this.#state = 'open';
    if (this.#file) this.#letWrite(this.#file);
    else this.#adopt();
    if (this.#fills) return;
    this.#forget();
    if (this.#hasTurn) this.#endTurn();
  }

  hasRead(pid: number): boolean {
    if (this.#file) return this.#reading.isOver(pid, this.#file.stats, this.#entered.bytes);
    // Who makes the file has nothing to read.
    const made = this.#look();
    const isMade = made !== null && !('problem' in made.header());
    made?.close();
    return isMade;
  }

  get mayHaveWritten(): boolean {
    return this.#file === null || this.#state !== 'opening';
  }

  keeperFrom(pid: number): string | null {
    const file = this.#file;
    if (!file || !locksOn(file.stats).some((lock) => lock.waits && lock.pid === pid)) return null;
    return whoHolds(file.fd, 'write') && holderOf(file.fd, 'write');
  }

  async alone(
    deed: () => void | Promise<void>,
    manner: 'end' | 'pause' = 'end',
    isWanted: () => boolean = () => true,
  ): Promise<void> {
    const { clock, limits } = this.#in;
    // Nothing of it may be touched after it has been closed.
    const patience = new Patience(clock, limits.alone, () => this.#state === 'left' || !isWanted());
    try {
      if (manner === 'pause' && !(await patience.until(() => this.#state !== 'opening')))
        this.#note('The simulation was paused before it had read the file: until it goes on nobody can write to it.');
      await this.#withoutWriters(deed, patience);
      // Nobody waits for what fills nothing.
      if (manner === 'pause' && this.#state === 'open' && this.#hasTurn) this.#endTurn();
    } catch (error) {
      if (!(error instanceof GateError) || error.why !== 'given up') throw error;
    }
  }

  async #withoutWriters(deed: () => void | Promise<void>, patience: Patience): Promise<void> {
    this.#deeds += 1;
    // Who is still reading has a lock that keeps all from writing; beside one who makes the file there is nobody.
    const file = this.#state === 'open' ? this.#file : null;
    try {
      if (file) await keepOut(this.#in, file, { hasTurn: this.#hasTurn, patience });
      await this.#inTime(deed);
    } finally {
      this.#deeds -= 1;
      if (this.#state === 'open' && this.#file) this.#letWrite(this.#file);
    }
  }

  async quarantine(reason: string): Promise<string> {
    if (this.#state === 'left') return `${this.#in.place.path} is not there any more.`;
    this.#stopReading();
    return await this.#setAside(reason);
  }

  async #setAside(reason: string): Promise<string> {
    const { path } = this.#in.place;
    if (!this.#file) return `${path} is not there any more.`;
    try {
      return await quarantine(this.#in, this.#file, { hasTurn: this.#hasTurn, reason });
    } catch (error) {
      return `${path} stays where it is: ${error instanceof Error ? error.message : error}.`;
    }
  }

  async leave(heard: string | null = null): Promise<{ readonly damage: string | null }> {
    if (this.#state === 'left') return { damage: null };
    this.#forget();
    try {
      this.#stopReading();
      this.#state = 'left';
      const file = this.#file;
      const look = { hasTurn: this.#hasTurn, entered: this.#entered };
      const damage = heard ?? (file && (await lastLook(this.#in, file, look)));
      if (damage !== null) this.#in.notes.push(await this.#setAside(damage));
      return { damage };
    } finally {
      this.#state = 'left';
      this.#close();
    }
  }

  /** Whatever the file's disk says: others wait for the locks that end with it. */
  #close(): void {
    try {
      if (this.#file) this.#in.known.uses(this.#file, -1);
    } finally {
      this.#file?.close();
      this.#in.door.close();
      this.#in.place.close();
    }
  }

  /** The process is gone. It may have been killed while it made the file, or have ended too early to say anything. */
  #stopReading(): void {
    if (this.#state !== 'opening') return;
    if (this.#file) this.#file.unlock();
    else this.#adopt();
  }

  /** What the process has made is now the file. Its header is on disk at once or, if the process was killed, never. */
  #adopt(): void {
    this.#file = this.#look();
    if (!this.#file) return;
    this.#in.known.uses(this.#file, 1);
    const header = this.#file.header();
    if ('problem' in header) return;
    try {
      this.#in.door.write(sidecarOf(this.#in.model, header.name));
    } catch (error) {
      // The disk may be full. Others are let in by what the header says.
      this.#note(
        `What it belongs to could not be written beside it: ${error instanceof Error ? error.message : error}.`,
      );
    }
  }

  #look(): AmbientFile | null {
    try {
      return AmbientFile.open(this.#in.place);
    } catch (error) {
      this.#note(error instanceof Error ? error.message : String(error));
      return null;
    }
  }

  #letWrite(file: AmbientFile): void {
    if (this.#deeds === 0) file.unlock();
  }

  #endTurn(): void {
    this.#hasTurn = false;
    this.#in.door.endTurn();
  }

  #takesTooLong(): void {
    const { open, fill } = this.#in.limits;
    if (this.#state === 'opening') {
      const seconds = (this.#fills ? fill : open) / 1000;
      this.#note(`The simulation has not read the file in ${seconds} s; others may write to it from now on.`);
      this.#openAnyway();
    }
    if (this.#hasTurn) this.#endTurn();
  }

  /** Nobody is there to hear of a disk that fails. */
  #openAnyway(): void {
    try {
      this.opened();
    } catch (error) {
      this.#note(`It could not be unlocked: ${error instanceof Error ? error.message : error}.`);
    }
  }

  /** Others must not wait for ever for a process that cannot be ended. */
  async #inTime(deed: () => void | Promise<void>): Promise<void> {
    const { clock, limits } = this.#in;
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const forget = clock.after(limits.alone, () => {
      this.#note(`A simulation did not stand still in ${limits.alone / 1000} s.`);
      resolve();
    });
    await Promise.race([deed(), late]).finally(forget);
  }

  #note(says: string): void {
    this.#in.notes.push(`${this.#in.place.path}: ${says}`);
  }
}
