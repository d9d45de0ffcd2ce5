import { join } from 'node:path';
import type { TaskView } from '../../../src/protocol/api.ts';
import type { Chance } from '../chance.ts';
import type { Lab } from '../lab.ts';
import { Customer } from '../torture/customer.ts';
import { Ledger } from '../torture/ledger.ts';
import { litRif } from './lit-rif.ts';

const viewsOfJob = 4;
/** Every so many jobs one keeps its light to itself until its simulations end. */
const privateEvery = 4;
/** Jobs that are not done yet and are waited for before another is submitted. */
const mostOpen = 4;
/** How long all may stand still before it counts as stuck, ms. */
const patience = 120_000;

/** People who submit jobs whose light goes into one ambient file, and who cancel and pause some of them. */
export class Visitors {
  readonly ledger: Ledger;
  /** Of the jobs that have not ended, as they were seen last. */
  tasks: readonly TaskView[] = [];
  readonly #chance: Chance;
  readonly #lab: Lab;
  readonly #project: string;
  readonly #customer: Customer;
  readonly #pauses = new Set<Promise<void>>();
  #submitted = 0;

  constructor(chance: Chance, lab: Lab, project: string) {
    this.#chance = chance;
    this.#lab = lab;
    this.#project = project;
    this.#customer = new Customer(lab);
    this.ledger = new Ledger(join(lab.directory, 'no-marks'));
  }

  async keepSubmitting(isOver: () => boolean): Promise<void> {
    while (!isOver()) {
      if (this.ledger.open().length < mostOpen) await this.#submit();
      else await pause(20);
    }
  }

  async #submit(): Promise<void> {
    const number = this.#submitted++;
    const name = `light${number}`;
    const views = Array.from({ length: viewsOfJob }, () => this.#view());
    this.#lab.write(join(this.#project, `${name}.rif`), litRif({ name, views, error: 0.04 }));
    const ambient = number % privateEvery === 3 ? 'private' : 'shared';
    const body = { kind: 'radiance', project: { path: this.#project }, rif: `${name}.rif`, ambient };
    const id = await this.#customer.submit(name, body);
    if (id !== null) this.ledger.acknowledge(name, id);
  }

  #view(): string {
    const angle = 2 * Math.PI * this.#chance.next();
    const [x, y] = [Math.cos(angle), Math.sin(angle)].map((part) => part.toFixed(3));
    const at = [0.4 + 3 * this.#chance.next(), 0.4 + 2 * this.#chance.next()].map((part) => part.toFixed(3));
    return `-vp ${at.join(' ')} 1.2 -vd ${x} ${y} -.2`;
  }

  /** @returns false if there is none to cancel */
  async cancel(): Promise<boolean> {
    const id = this.#oneOpen();
    if (id === null) return false;
    this.ledger.cancelled.add(id);
    await this.#customer.change(id, 'cancel');
    return true;
  }

  /** For a moment; meanwhile other things happen. @returns false if there is none to pause */
  pause(): boolean {
    const id = this.#oneOpen();
    if (id === null) return false;
    const pausing = this.#pauseFor(id, 1500 * this.#chance.next()).finally(() => this.#pauses.delete(pausing));
    this.#pauses.add(pausing);
    return true;
  }

  async #pauseFor(id: number, milliseconds: number): Promise<void> {
    await this.#customer.change(id, 'pause');
    await pause(milliseconds);
    await this.#customer.change(id, 'resume');
  }

  #oneOpen(): number | null {
    const open = this.ledger.open();
    return open.length === 0 ? null : this.#chance.oneOf(open);
  }

  /** Asks for all that is open; true if something has moved since the last time. */
  async look(): Promise<boolean> {
    const before = movesOf(this.tasks);
    const seen = await Promise.all(this.ledger.open().map((id) => this.#customer.look(id)));
    this.tasks = seen.flatMap((one) => one?.tasks ?? []);
    for (const one of seen) if (one) this.ledger.note(one.job, one.tasks);
    return before !== movesOf(this.tasks);
  }

  /** Until every acknowledged job has ended. @throws Error if they do not */
  async finish(): Promise<void> {
    await Promise.all(this.#pauses);
    let movedAt = Date.now();
    while (this.ledger.open().length > 0) {
      if (await this.look()) movedAt = Date.now();
      if (Date.now() - movedAt > patience) throw new Error(`stuck: jobs ${this.ledger.open().join(', ')} do not end`);
      await pause(20);
    }
  }

  leave(): void {
    this.#customer.leave();
  }
}

function movesOf(tasks: readonly TaskView[]): string {
  return JSON.stringify(tasks.map(({ state, attempts, progress }) => [state, attempts, progress]));
}

export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
