import { type AttemptKey, attemptText } from '../model/task.ts';
import type { ToProcwrap } from '../protocol/inner.ts';
import type { Order } from '../scheduler/messages.ts';
import type { Change, Store } from '../store/store.ts';
import type { Log } from './options.ts';
import type { Watchers } from './watchers.ts';

export interface Hands {
  readonly store: Store;
  readonly watchers: Watchers;
  readonly log: Log;
  /** Says it to the host's procwrap; lost if there is no connection, which `host joined` puts right. */
  readonly say: (host: string, message: ToProcwrap) => unknown;
  /** Resolves after that many milliseconds, or at once when the farm closes. */
  readonly pause: (milliseconds: number) => Promise<void>;
  readonly isClosing: () => boolean;
}

/** Orders -> deeds. What is to be kept is on disk before anything else of the same batch is done. */
export class Conductor {
  readonly #hands: Hands;
  #waiting: Order[] = [];
  /** Carries out what waits, one turn later, so that what happens at the same time is written together. */
  #next: Promise<void> | null = null;
  #last: Promise<void> = Promise.resolve();

  constructor(hands: Hands) {
    this.#hands = hands;
  }

  /** Batches are carried out one after another. Resolves when these orders are done. */
  conduct(orders: readonly Order[]): Promise<void> {
    this.#waiting.push(...orders);
    this.#next ??= this.#last.then(() => this.#work());
    this.#last = this.#next;
    return this.#next;
  }

  /** Resolves when everything ordered so far is done. */
  settled(): Promise<void> {
    return this.#last;
  }

  async #work(): Promise<void> {
    const batch = this.#waiting;
    this.#waiting = [];
    this.#next = null;
    if (!(await this.#keep(batch))) return;
    for (const order of batch) this.#act(order);
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
        if (failures > 0) this.#hands.log('info', 'the store can be written again');
        return true;
      } catch (error) {
        if (failures === 0) this.#hands.log('error', `the store cannot be written, jobs wait: ${messageOf(error)}`);
        if (this.#hands.isClosing()) return false;
        await this.#hands.pause(1000);
      }
    }
  }

  #act(order: Order): void {
    const { say, log } = this.#hands;
    switch (order.order) {
      case 'keep':
      case 'tell':
        break;
      case 'start': {
        const { attempt, project, task, job } = order;
        say(order.host, { say: 'start', attempt: attemptText(attempt), project, task, job: job.name, user: job.user });
        break;
      }
      case 'stop':
      case 'acknowledge':
        say(order.host, plain(order.order, order.attempt));
        break;
      case 'tidy':
        say(order.host, { say: 'tidy', project: order.project, paths: [...order.paths] });
        break;
      case 'log':
        log(order.level, order.text);
        break;
    }
  }
}

function plain(say: 'stop' | 'acknowledge', attempt: AttemptKey): ToProcwrap {
  return { say, attempt: attemptText(attempt) };
}

/** One change a job, with all its tasks that are to be kept. */
function changesOf(batch: readonly Order[]): Change[] {
  const byJob = new Map<number, Change>();
  for (const order of batch) {
    if (order.order !== 'keep') continue;
    const before = byJob.get(order.job.id)?.tasks ?? [];
    const tasks =
      before === 'all' || order.tasks === 'all' ? ('all' as const) : [...new Set([...before, ...order.tasks])];
    byJob.set(order.job.id, { job: order.job, tasks });
  }
  return [...byJob.values()];
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
