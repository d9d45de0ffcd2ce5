import type { Job } from '../model/job.ts';
import { attemptText } from '../model/task.ts';
import type { Start, ToProcwrap } from '../protocol/inner.ts';
import type { Order } from '../scheduler/messages.ts';

type Say = (host: string, message: ToProcwrap) => unknown;
type Delivered = Extract<Order, { host: string }>;

/** Orders on their way to hosts: neighbours of a kind travel in one message, and each job is introduced once. */
export class Deliveries {
  readonly #say: Say;
  /** By host, the jobs that it was told of since it joined. */
  readonly #introduced = new Map<string, Set<number>>();
  /** By host, what has been collected of one kind. */
  readonly #open = new Map<string, ToProcwrap>();

  constructor(say: Say) {
    this.#say = say;
  }

  joined(host: string): void {
    this.#introduced.set(host, new Set());
  }

  deliver(orders: readonly Order[]): void {
    for (const order of orders) {
      if ('host' in order) this.#take(order);
      else if (order.order === 'forget') this.#forget(order.job);
    }
    for (const host of [...this.#open.keys()]) this.#flush(host);
  }

  #take(order: Delivered): void {
    const { host } = order;
    switch (order.order) {
      case 'start':
        this.#introduce(host, order.job);
        this.#collect(host, { say: 'start', starts: [startOf(order)] });
        break;
      case 'stop':
      case 'withdraw':
      case 'pause':
      case 'resume':
      case 'acknowledge':
        this.#collect(host, { say: order.order, attempts: [attemptText(order.attempt)] });
        break;
      case 'look':
        this.#collect(host, { say: 'look', project: order.project });
        break;
      case 'tidy':
        this.#collect(host, { say: 'tidy', project: order.project, paths: [...order.paths], holds: [...order.holds] });
        break;
    }
  }

  #introduce(host: string, job: Job): void {
    const known = this.#introduced.get(host) ?? new Set();
    this.#introduced.set(host, known);
    if (known.has(job.id)) return;
    known.add(job.id);
    const { id, name, user, project, limits, request } = job;
    const command = request.kind === 'command' ? request : null;
    this.#collect(host, { say: 'job', job: id, name, user, project, limits, request: command });
  }

  #forget(job: number): void {
    for (const [host, known] of this.#introduced) if (known.delete(job)) this.#collect(host, { say: 'forget', job });
  }

  #collect(host: string, message: ToProcwrap): void {
    const open = this.#open.get(host);
    if (open?.say === 'start' && message.say === 'start') open.starts.push(...message.starts);
    else if (open && 'attempts' in open && 'attempts' in message && open.say === message.say)
      open.attempts.push(...message.attempts);
    else {
      this.#flush(host);
      this.#open.set(host, message);
    }
  }

  #flush(host: string): void {
    const message = this.#open.get(host);
    this.#open.delete(host);
    if (message) this.#say(host, message);
  }
}

function startOf({ attempt, task, job }: Extract<Order, { order: 'start' }>): Start {
  const isFrame = job.request.kind === 'command';
  return { attempt: attemptText(attempt), task: isFrame ? null : task, frame: job.tasks.frameOf(task.number) };
}
