import { join } from 'node:path';
import type { TaskView } from '../../../src/protocol/api.ts';
import { Chance } from '../chance.ts';
import { waitUntil } from '../wait-until.ts';
import * as checks from './checks.ts';
import { Customer } from './customer.ts';
import { type Kill, type KillKind, kill } from './kills.ts';
import { Ledger } from './ledger.ts';
import { isEndangered, orderOf } from './orders.ts';
import { processesBelow } from './processes.ts';
import { makeStage, type Stage } from './stage.ts';
import { type Verdict, verdictOf } from './verdict.ts';

/** Jobs that are not done yet and are waited for before another is submitted. */
const mostOpen = 5;
/** Every so many jobs one is cancelled soon after it was submitted. */
const cancelEvery = 5;
/** How long all may stand still before it counts as stuck, ms. */
const patience = 120_000;

/** A daemon that works and is killed, again and again, in an order that the seed decides. */
export class Torture {
  readonly #chance: Chance;
  readonly #stage: Stage;
  readonly #customer: Customer;
  readonly #ledger: Ledger;
  readonly #kills: Kill[] = [];
  #submitted = 0;
  #rounds = 0;
  #tasks: readonly TaskView[] = [];
  #enough = false;

  private constructor(seed: number, stage: Stage) {
    this.#chance = new Chance(seed);
    this.#stage = stage;
    this.#customer = new Customer(stage.lab);
    this.#ledger = new Ledger(stage.marks);
  }

  /** Ends early with what is wrong, if something is. */
  static async run(seed: number, rounds: number): Promise<Verdict> {
    const torture = new Torture(seed, await makeStage());
    try {
      await torture.#run(rounds);
    } catch (error) {
      torture.#ledger.violations.push(`round ${torture.#rounds}: ${(error as Error).message}`);
    }
    return torture.#leave();
  }

  async #run(rounds: number): Promise<void> {
    const { lab } = this.#stage;
    await lab.startDaemon([], { milliseconds: 3_600_000 });
    await this.#submit();
    await this.#finish();
    const submitting = this.#keepSubmitting();
    submitting.catch(() => {});
    while (this.#rounds < rounds && this.#ledger.violations.length === 0) {
      this.#rounds += 1;
      await this.#round();
    }
    this.#enough = true;
    await submitting;
    await this.#finish();
    await this.#check();
  }

  async #round(): Promise<void> {
    await pause(this.#chance.oneOf([5, 50, 150, 400]) * this.#chance.next());
    await this.#look();
    const kind = this.#choose();
    if (kind === 'start') {
      await this.#killAtStart();
      return;
    }
    this.#kills.push(kill(this.#stage.lab, kind));
    if (kind === 'server' || kind === 'power') await this.#startAgain();
  }

  /** Where a task would be lost once too often only the server is killed. */
  #choose(): KillKind {
    const kind = this.#chance.oneOf<KillKind>(['server', 'start', 'procwrap', 'spawner', 'renderer', 'power']);
    return this.#tasks.some(isEndangered) && kind !== 'start' ? 'server' : kind;
  }

  async #killAtStart(): Promise<void> {
    const { lab } = this.#stage;
    this.#kills.push(kill(lab, 'server'));
    await lab.daemon?.ended;
    const starting = lab.startDaemon([], { milliseconds: 3_600_000 }).catch(() => null);
    await pause(600 * this.#chance.next());
    this.#kills.push(kill(lab, 'start'));
    await starting;
    await this.#startAgain();
  }

  async #startAgain(): Promise<void> {
    const { lab } = this.#stage;
    await lab.daemon?.ended;
    await lab.startDaemon([], { milliseconds: 3_600_000 });
  }

  async #keepSubmitting(): Promise<void> {
    while (!this.#enough) {
      if (this.#ledger.open().length < mostOpen) await this.#submit();
      else await pause(20);
    }
  }

  async #submit(): Promise<void> {
    const number = this.#submitted++;
    const { name, body } = orderOf(number, this.#stage, this.#chance);
    const id = await this.#customer.submit(name, body);
    if (id === null) return;
    this.#ledger.acknowledge(name, id);
    if (number % cancelEvery === 1) await this.#cancel(id);
    if (number % 5 !== 0) return;
    const again = await this.#customer.submit(name, body);
    if (again !== null) this.#ledger.acknowledge(name, again);
  }

  async #cancel(id: number): Promise<void> {
    this.#ledger.cancelled.add(id);
    await pause(1000 * this.#chance.next());
    await this.#customer.change(id, 'cancel');
  }

  #finishedPictures(): string[] {
    const done = this.#ledger.ended().filter(({ job }) => job.state === 'done');
    return done.flatMap(({ job }) => (job.rif === null ? [] : [job.rif.replace('.rif', '_v1.hdr')]));
  }

  /** Asks for all that is open; true if something has moved since the last time. */
  async #look(): Promise<boolean> {
    const before = JSON.stringify(this.#tasks.map(({ state, attempts, progress }) => [state, attempts, progress]));
    const tasks: TaskView[] = [];
    for (const id of this.#ledger.open()) {
      const seen = await this.#customer.look(id);
      if (!seen) continue;
      this.#ledger.note(seen.job, seen.tasks);
      tasks.push(...seen.tasks);
    }
    this.#tasks = tasks;
    return before !== JSON.stringify(tasks.map(({ state, attempts, progress }) => [state, attempts, progress]));
  }

  /** Until every acknowledged job has ended. */
  async #finish(): Promise<void> {
    let movedAt = Date.now();
    while (this.#ledger.open().length > 0) {
      if (await this.#look()) movedAt = Date.now();
      if (Date.now() - movedAt > patience) throw new Error(`stuck: jobs ${this.#ledger.open().join(', ')} do not end`);
      await pause(20);
    }
  }

  async #check(): Promise<void> {
    const { lab, project, marks } = this.#stage;
    const ended = this.#ledger.ended();
    const litter = () => checks.unexcusedLitter(ended, project, this.#kills);
    await waitUntil('no litter', () => litter().length === 0).catch(() => undefined);
    await lab.stopDaemon();
    const left = () => checks.leftProcesses(lab.directory);
    await waitUntil('no process', () => left().length === 0).catch(() => undefined);
    this.#ledger.checkNothingRanAgain();
    this.#ledger.violations.push(
      ...checks.explainedStarts(ended, marks, this.#kills),
      ...checks.numberedStarts(ended, marks),
      ...checks.wholeFrames(ended, project),
      ...checks.wholeResults(ended, project),
      ...checks.samePictures(project, this.#finishedPictures()),
      ...checks.wholeLogs(ended, project),
      ...litter(),
      ...left(),
      ...checks.soundStore(join(lab.home, 'state/rayserver.db')),
    );
  }

  async #leave(): Promise<Verdict> {
    this.#customer.leave();
    const { lab } = this.#stage;
    const verdict = verdictOf(this.#ledger, this.#kills, this.#stage, this.#rounds);
    if (verdict.violations.length === 0) await lab.close();
    else for (const { pid } of processesBelow(lab.directory)) process.kill(pid, 'SIGKILL');
    return verdict;
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
