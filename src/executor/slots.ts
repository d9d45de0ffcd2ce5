/** What becomes of who waits for a slot. */
export interface SlotsOptions<Waiting> {
  /** It is not in the queue any more. `waits`: it is only made ready, and is {@link Slots.next} until it has its turn. */
  readonly begin: (waiting: Waiting, waits: boolean) => void;
  /** One that is next has its turn: it takes a slot before this returns. */
  readonly go: (next: Waiting) => void;
  /** Whether it is made ready before there is a slot for it. */
  readonly isMadeReady: (waiting: Waiting) => boolean;
  /** How many of these there are at most for each slot. */
  readonly readyPerSlot: number;
}

/** The simulations that this host has at a time: who holds a slot, who comes next, who waits. */
export class Slots<Waiting, Holder> {
  readonly #options: SlotsOptions<Waiting>;
  #count = 1;
  /** In the order in which they get slots. */
  #queue = new Set<Waiting>();
  readonly #next = new Set<Waiting>();
  readonly #holders = new Set<Holder>();

  constructor(options: SlotsOptions<Waiting>) {
    this.#options = options;
  }

  setCount(count: number): void {
    this.#count = count;
    this.fill();
  }

  queue(waiting: Waiting): void {
    this.#queue.add(waiting);
  }

  queueFirst(waiting: Waiting): void {
    this.#queue = new Set([waiting, ...this.#queue]);
  }

  /** It has no slot yet, and is to have none. */
  forget(waiting: Waiting): void {
    this.#queue.delete(waiting);
    this.#next.delete(waiting);
  }

  next(waiting: Waiting): void {
    this.#next.add(waiting);
  }

  /** Whether there is one or not: who resumes has been counted elsewhere. */
  take(holder: Holder): void {
    this.#holders.add(holder);
  }

  /** One that has none is fine. */
  leave(holder: Holder): void {
    this.#holders.delete(holder);
  }

  /** A few are made ready beside those that run: frames come by the thousand. */
  fill(): void {
    const { begin, go, isMadeReady, readyPerSlot } = this.#options;
    for (const next of this.#next) if (this.#isFree) go(next);
    for (const waiting of this.#queue) {
      const waits = !this.#isFree;
      if (waits && (!isMadeReady(waiting) || this.#next.size >= readyPerSlot * this.#count)) return;
      this.#queue.delete(waiting);
      begin(waiting, waits);
    }
  }

  get #isFree(): boolean {
    return this.#holders.size < this.#count;
  }
}
