import type { LogView } from '../protocol/api.ts';
import { Refused } from './errors.ts';
import type { AwayOptions, Patience } from './patience.ts';
import type { RayserverClient } from './rayserver-client.ts';

export interface FollowLogOptions extends AwayOptions {
  /** The task whose log is read; default: one after the other, from the one that tells most. */
  task?: number | undefined;
}

/** Where we are: the next byte of the log of an attempt. `attempt` 0: none has begun it. */
interface Place {
  readonly task: number | null;
  readonly attempt: number;
  readonly offset: number;
}

/** What one question came to. `place` null: all has been read. `rest`: nothing new just now. */
interface Step {
  readonly part: LogView | null;
  readonly place: Place | null;
  readonly rest: boolean;
}

const restMilliseconds = 500;
/** Tasks that are looked through for the next one that has begun. */
const lookedThrough = 100;

/**
 * A log as it grows: of one task, or of one task after the other until the job has ended. It goes on at the same byte
 * when the server was away. A new attempt begins its log anew, which `attempt` of the parts tells.
 */
export async function* followLog(
  client: RayserverClient,
  id: number,
  options: FollowLogOptions = {},
): AsyncGenerator<LogView, void, void> {
  const patience = client.patience(options);
  const reader = new Reader(client, id, options);
  for (let place: Place | null = { task: options.task ?? null, attempt: 0, offset: 0 }; place !== null; ) {
    const step: Step | null = await bearing(patience, reader.step(place));
    if (step === null) continue;
    if (step.part !== null && step.part.text !== '') yield step.part;
    if (step.rest) await patience.rest(restMilliseconds);
    place = step.place;
  }
}

/** Null for a fault that is borne. */
async function bearing<T>(patience: Patience, question: Promise<T>): Promise<T | null> {
  try {
    const answer = await question;
    patience.heard();
    return answer;
  } catch (error) {
    await patience.bear(error);
    return null;
  }
}

function isNotBegun({ attempt, text, ended }: LogView): boolean {
  return attempt === 0 && text === '' && !ended;
}

class Reader {
  readonly #client: RayserverClient;
  readonly #id: number;
  readonly #options: FollowLogOptions;
  /** Tasks whose logs have been read to their ends. */
  readonly #read = new Set<number>();
  #hadEnded: boolean | null = null;

  constructor(client: RayserverClient, id: number, options: FollowLogOptions) {
    this.#client = client;
    this.#id = id;
    this.#options = options;
  }

  async step(place: Place): Promise<Step> {
    this.#hadEnded ??= await this.#hasEnded();
    const part = await this.#part(place);
    // A task that is not begun is not the one to stay with, where none is named.
    if (part === null || isNotBegun(part)) return { part: null, place, rest: true };
    const { task } = part;
    const attempt = part.attempt || place.attempt;
    // What has come is from the middle of another log than the one that we were reading.
    if (place.offset > 0 && attempt !== place.attempt) {
      return { part: null, place: { task, attempt, offset: 0 }, rest: false };
    }
    const next: Place = { task, attempt, offset: part.next };
    if (part.text !== '') return { part, place: next, rest: false };
    return part.ended ? this.#after(next, task) : { part, place: next, rest: true };
  }

  async #after(place: Place, task: number): Promise<Step> {
    const end: Step = { part: null, place: null, rest: false };
    if (this.#options.task !== undefined || this.#hadEnded) return end;
    this.#read.add(task);
    // Asked first, so that what has begun until then is found.
    const hasEnded = await this.#hasEnded();
    const next = await this.#nextTask(task);
    if (next !== null) return { part: null, place: { task: next, attempt: 0, offset: 0 }, rest: false };
    return hasEnded ? end : { part: null, place, rest: true };
  }

  async #hasEnded(): Promise<boolean> {
    return (await this.#client.job(this.#id, this.#call())).finishedAt !== null;
  }

  /** The next one that has begun; one with a smaller number may have begun later. */
  async #nextTask(after: number): Promise<number | null> {
    const { tasks } = await this.#client.tasks(this.#id, { after, limit: lookedThrough }, this.#call());
    const begun = tasks.find(({ number, attempts, skipped }) => attempts > 0 && !skipped && !this.#read.has(number));
    if (begun) return begun.number;
    const telling = await this.#part({ task: null, attempt: 0, offset: 0 });
    return telling === null || this.#read.has(telling.task) ? null : telling.task;
  }

  /** Null while no task of the job has begun. */
  async #part({ task, offset }: Place): Promise<LogView | null> {
    const query = { offset, ...(task === null ? {} : { task }) };
    try {
      return await this.#client.log(this.#id, query, this.#call());
    } catch (error) {
      if (!(error instanceof Refused && error.code === 'no-such-file')) throw error;
      if (await this.#hasEnded()) throw error;
      return null;
    }
  }

  #call(): { signal?: AbortSignal } {
    const { signal } = this.#options;
    return signal ? { signal } : {};
  }
}
