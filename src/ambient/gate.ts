import { AmbientFile } from './ambient-file.ts';
import { Door } from './door.ts';
import { Entry } from './entry.ts';
import type { Model } from './fits.ts';
import type { Inside } from './inside.ts';
import { Known } from './known.ts';
import { type Limits, type Passage, usual } from './passage.ts';
import { Place } from './place.ts';
import { enterReadOnly } from './read-only.ts';
import { SharedPassage } from './shared-passage.ts';
import { type GateClock, Patience, Queue } from './waiting.ts';

export interface Wanted extends Model {
  /** A descriptor; it may be closed when the passage is there. */
  readonly directory: number;
  /** Of the ambient file, below the directory. */
  readonly path: string;
  /**
   * The process fills the file for others: where it makes the file, they wait until it has left and not only until the
   * file is there.
   */
  readonly fills?: boolean;
}

/**
 * What lets a simulation touch a shared ambient file. Radiance has locks of its own, but loads without one and cuts off
 * what it does not understand, creates without one, and writes without one when a signal ends it. So it starts, is
 * paused and is ended only while a lock of ours keeps the others from writing.
 */
export class Gate {
  readonly #clock: GateClock;
  readonly #limits: Limits;
  readonly #known = new Known();
  readonly #queue = new Queue();

  constructor(clock: GateClock, limits: Partial<Limits> = {}) {
    this.#clock = clock;
    this.#limits = { ...usual, ...limits };
  }

  /**
   * Settles when the process may be started: the file is sound, belongs to the model, and stays as it is until the process
   * has read it; or there is none, and nobody else makes it.
   * @param giveUp asked now and then while it waits
   * @throws GateError a sentence
   */
  async enter(wanted: Wanted, giveUp: () => boolean): Promise<Passage> {
    const place = new Place(wanted.directory, wanted.path);
    try {
      const file = AmbientFile.open(place);
      if (file !== null && !file.writable) return await this.#read(place, file, { model: wanted, giveUp });
      file?.close();
      return await this.#share(place, wanted, giveUp);
    } catch (error) {
      place.close();
      throw place.unusable(error);
    }
  }

  async #share(place: Place, model: Wanted, giveUp: () => boolean): Promise<Passage> {
    const door = new Door(place);
    const common = { place, door, model, known: this.#known, clock: this.#clock, limits: this.#limits };
    const inside: Inside = { ...common, notes: [] };
    try {
      const entry = new Entry(inside, giveUp);
      const file = await this.#queue.in(door.key, () => entry.pass());
      return new SharedPassage(inside, file, model.fills === true);
    } catch (error) {
      door.close();
      throw error;
    }
  }

  async #read(place: Place, file: AmbientFile, wish: { model: Model; giveUp: () => boolean }): Promise<Passage> {
    const patience = new Patience(this.#clock, this.#limits.enter, wish.giveUp);
    try {
      return await enterReadOnly(place, file, { model: wish.model, patience });
    } catch (error) {
      file.close();
      throw error;
    }
  }
}
