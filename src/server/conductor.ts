import type { Job } from '../model/job.ts';
import type { Task } from '../model/task.ts';
import type { ToProcwrap } from '../protocol/inner.ts';
import type { Order } from '../scheduler/messages.ts';
import type { Change, Store } from '../store/store.ts';
import { Deliveries } from './deliveries.ts';
import type { Log } from './options.ts';
import type { Watchers } from './watchers.ts';

/** How long what is not urgent waits for more of its kind, ms; and how many changes are enough for one commit. */
const PATIENCE = 20;
const ENOUGH = 128;
/** Between two tries to write the store, ms. */
const RETRY = 1000;

export interface Hands {
  readonly store: Pick<Store, 'commit'>;
  readonly watchers: Pick<Watchers, 'tell'>;
  readonly log: Log;
  /** Says it to the host's procwrap; lost if there is no connection, which `host joined` puts right. */
  readonly say: (host: string, message: ToProcwrap) => unknown;
  /** That many milliseconds from now, say that the time of this wake has come. */
  readonly wake: (wake: number, milliseconds: number) => void;
  /** Resolves after that many milliseconds, or at once when the farm closes. */
  readonly pause: (milliseconds: number) => Promise<void>;
  readonly isClosing: () => boolean;
}

/**
 * Orders -> deeds. What is to be kept is on disk before anything else of the same batch is done. Batches are carried
 * out one after another; what happens at the same time, or while one is written, is written together.
 */
export class Conductor {
  readonly #hands: Hands;
  readonly #deliveries: Deliveries;
  #waiting: Order[] = [];
  #changes = 0;
  #next: { readonly done: Promise<void>; hurry(): void } | null = null;
  #last: Promise<void> = Promise.resolve();
  /** Why the store cannot be written, while that is so. */
  #trouble: string | null = null;
  /** Who wants to hear of that. */
  readonly #impatient = new Set<(trouble: string) => void>();

  constructor(hands: Hands) {
    this.#hands = hands;
    this.#deliveries = new Deliveries(hands.say);
  }

  /** `urgent`: somebody waits for it. Resolves when these orders are done. */
  conduct(orders: readonly Order[], urgent = true): Promise<void> {
    for (const order of orders) {
      this.#waiting.push(order);
      if (order.order === 'keep') this.#changes += 1;
    }
    this.#next ??= this.#plan();
    if (urgent || this.#changes >= ENOUGH) this.#next.hurry();
    return this.#next.done;
  }

  /** As {@link conduct}, for somebody who must not wait without end: null when it is done, else what holds it up. */
  conductOrSay(orders: readonly Order[]): Promise<string | null> {
    return this.#orTrouble(this.conduct(orders));
  }

  /** Null when all that was ordered so far is on disk, else what holds it up. Whoever asks makes nothing urgent. */
  kept(): Promise<string | null> {
    return this.#orTrouble(this.#last);
  }

  #orTrouble(done: Promise<void>): Promise<string | null> {
    const { promise, resolve } = Promise.withResolvers<string | null>();
    this.#impatient.add(resolve);
    void done.then(() => {
      this.#impatient.delete(resolve);
      resolve(null);
    });
    if (this.#trouble !== null) resolve(this.#trouble);
    return promise;
  }

  /** Resolves when everything ordered so far is done. */
  settled(): Promise<void> {
    this.#next?.hurry();
    return this.#last;
  }

  /** A host joined: what it was told before is forgotten there. */
  joined(host: string): void {
    this.#deliveries.joined(host);
  }

  #plan(): { readonly done: Promise<void>; hurry(): void } {
    const { promise, resolve } = Promise.withResolvers<void>();
    const late = setTimeout(resolve, PATIENCE);
    const hurry = () => {
      clearTimeout(late);
      resolve();
    };
    const done = Promise.all([this.#last, promise]).then(() => this.#work());
    this.#last = done;
    return { done, hurry };
  }

  async #work(): Promise<void> {
    const batch = this.#waiting;
    this.#waiting = [];
    this.#changes = 0;
    this.#next = null;
    if (!(await this.#keep(batch))) return;
    this.#deliveries.deliver(batch);
    for (const order of batch) {
      if (order.order === 'log') this.#hands.log(order.level, order.text);
      if (order.order === 'wake') this.#hands.wake(order.wake, order.milliseconds);
    }
    // Once a job: whoever watches is told how it is now, not what led there.
    for (const job of new Set(batch.flatMap((order) => (order.order === 'tell' ? [order.job] : []))))
      this.#hands.watchers.tell(job);
  }

  /** @returns false if the farm closes before the store could be written: a restart goes on from what is there */
  async #keep(batch: readonly Order[]): Promise<boolean> {
    const changes = changesOf(batch);
    if (changes.length === 0) return true;
    for (let failures = 0; ; failures++) {
      try {
        await this.#hands.store.commit(changes);
        if (failures === 0) return true;
        this.#trouble = null;
        this.#hands.log('info', 'the store can be written again');
        return true;
      } catch (error) {
        if (failures === 0) this.#hands.log('error', `the store cannot be written, jobs wait: ${messageOf(error)}`);
        this.#trouble = messageOf(error);
        for (const say of this.#impatient) say(this.#trouble);
        this.#impatient.clear();
        if (this.#hands.isClosing()) return false;
        await this.#hands.pause(RETRY);
      }
    }
  }
}

/** One change a job, with all its tasks that are to be kept, as they are now; more than one only around a retry. */
function changesOf(batch: readonly Order[]): Change[] {
  const changes: Change[] = [];
  const open = new Map<number, { job: Job; tasks: Map<number, Task> }>();
  const close = (id: number) => {
    const one = open.get(id);
    open.delete(id);
    if (one) changes.push({ job: one.job, tasks: [...one.tasks.values()] });
  };
  for (const order of batch) {
    if (order.order !== 'keep') continue;
    const { job, tasks } = order;
    if (tasks === 'retried') {
      close(job.id);
      changes.push({ job, tasks });
      continue;
    }
    const one = open.get(job.id) ?? { job, tasks: new Map() };
    open.set(job.id, one);
    for (const task of tasks) one.tasks.set(task.plan.number, task);
  }
  for (const id of [...open.keys()]) close(id);
  return changes;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
