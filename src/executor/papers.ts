import { closeSync, writeSync } from 'node:fs';
import { removeBelow } from './below.ts';
import type { Clock } from './clock.ts';
import { quietly } from './quietly.ts';
import { SimulationLog } from './simulation-log.ts';
import type { Workplace } from './workplaces.ts';

/** How long a simulation runs before its files are made, ms: most small tasks are done by then. */
const PATIENCE = 100;

/**
 * The log and the pid file of one simulation. They are made when it has run for a tenth of a second, or said much;
 * of one that is done before that there is only the log, written at once.
 */
export class Papers {
  readonly log: SimulationLog;
  readonly #place: Workplace;
  readonly #name: string;
  readonly #clock: Clock;
  #pidFile = false;
  #takeBack: () => void = () => {};

  constructor(place: Workplace, name: string, logBytes: number, clock: Clock) {
    this.#place = place;
    this.#name = name;
    this.#clock = clock;
    this.log = new SimulationLog(() => place.create('logfiles', `${name}.log`), logBytes);
  }

  /** A program runs. */
  note(pid: number): void {
    if (this.#pidFile) this.#write(pid);
    else this.#takeBack = this.#clock.after(PATIENCE, () => this.#write(pid));
  }

  /** It has ended; another may follow. */
  forget(): void {
    this.#takeBack();
  }

  async close(last: string): Promise<void> {
    this.#takeBack();
    await this.log.close(last);
    if (this.#pidFile) quietly(() => removeBelow(this.#place.directory, `proc/${this.#name}.pid`));
  }

  #write(pid: number): void {
    this.log.open();
    quietly(() => {
      const fd = this.#place.create('proc', `${this.#name}.pid`);
      this.#pidFile = true;
      try {
        writeSync(fd, `${pid}\n`);
      } finally {
        closeSync(fd);
      }
    });
  }
}
