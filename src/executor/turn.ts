/**
 * When the program of a simulation may start. One whose slot is free starts at once. One that comes next may wait for
 * its turn at the spawner, all made ready, so that no slot is empty while the end of another is told and written down.
 */
export class Turn {
  #state: 'waiting' | 'come' | 'cancelled';
  #deeds: (() => void)[] = [];
  /** Reaches the spawner while the start waits there. */
  #tell: ((what: 'go' | 'cancel') => void) | null = null;
  readonly #came: () => void;

  /** @param came its turn came after it had to wait: heard before anything else is heard of the program */
  constructor(waits: boolean, came: () => void = () => {}) {
    this.#state = waits ? 'waiting' : 'come';
    this.#came = came;
  }

  get isCome(): boolean {
    return this.#state === 'come';
  }

  /** It is not to start. Whoever is told so when it has its turn already goes on. */
  get isCancelled(): boolean {
    return this.#state === 'cancelled';
  }

  /** Now, or as soon as its turn has come, in this order; never if it is cancelled. */
  whenCome(deed: () => void): void {
    if (this.isCome) deed();
    else this.#deeds.push(deed);
  }

  /** Settles when it has come, or with false when it was cancelled: for what must not be made ready before. */
  comes(): Promise<boolean> {
    if (this.#state !== 'waiting') return Promise.resolve(this.isCome);
    return new Promise((settle) => {
      this.whenCome(() => settle(true));
      this.waitAt((what) => {
        if (what === 'cancel') settle(false);
      });
    });
  }

  /** Its start is at the spawner. */
  waitAt(tell: (what: 'go' | 'cancel') => void): void {
    this.#tell = tell;
    if (this.isCancelled) tell('cancel');
  }

  /** The spawner gave it its turn, or there is nothing to wait for. */
  come(): void {
    if (this.isCome) return;
    this.#state = 'come';
    const deeds = this.#deeds;
    this.#deeds = [];
    this.#came();
    for (const deed of deeds) deed();
  }

  /** There is a slot for it. */
  go(): void {
    if (this.#state !== 'waiting') return;
    this.#tell?.('go');
    this.come();
  }

  /** It is not to start, if it can still be kept from it. */
  cancel(): void {
    if (this.#state !== 'waiting') return;
    this.#state = 'cancelled';
    this.#tell?.('cancel');
  }
}
