import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { standsStill } from '../../../src/ambient/reading.ts';
import { Chance } from '../chance.ts';
import { Lab } from '../lab.ts';
import * as checks from '../torture/checks.ts';
import { type Kill, type KillKind, kill } from '../torture/kills.ts';
import { isEndangered } from '../torture/orders.ts';
import { processesBelow } from '../torture/processes.ts';
import { waitUntil } from '../wait-until.ts';
import { ambientLitter, setAside, soundAmbients } from './ambient-checks.ts';
import { AmbientWitness } from './ambient-witness.ts';
import { pause, Visitors } from './visitors.ts';

/** Processes that share the ambient file. */
const slots = 8;
/** How long it may take until something runs, ms. */
const patience = 120_000;

/** Most of it meets single simulations while the others go on: that is what a shared file suffers from. */
const deeds = ['renderer', 'renderer', 'renderer', 'cancel', 'pause', 'pause', 'server', 'procwrap'] as const;
const rare = ['spawner', 'power'] as const;
type Deed = (typeof deeds)[number] | (typeof rare)[number];

export interface StormVerdict {
  readonly violations: readonly string[];
  readonly deeds: Readonly<Partial<Record<Deed, number>>>;
  readonly jobs: number;
  readonly cancelled: number;
  readonly attempts: number;
  /** Simulations that were not paused at a time, at most. */
  readonly together: number;
  /** That were seen in the ambient file: in the middle, and at the end. */
  readonly halfway: number;
  readonly records: number;
  readonly looks: number;
  readonly setAside: readonly string[];
  /** Warnings of tasks, and how often. */
  readonly warnings: Readonly<Record<string, number>>;
  /** Where all lies, for a look: kept when something is wrong. */
  readonly directory: string;
}

/** Eight simulations at a time share an ambient file while they, and all that they need, are killed and paused. */
export class Storm {
  readonly #chance: Chance;
  readonly #lab: Lab;
  readonly #project: string;
  readonly #visitors: Visitors;
  readonly #witness: AmbientWitness;
  readonly #kills: Kill[] = [];
  readonly #done: Partial<Record<Deed, number>> = {};
  #together = 0;
  #halfway = 0;
  #isOver = false;

  private constructor(seed: number, lab: Lab) {
    this.#chance = new Chance(seed);
    this.#lab = lab;
    mkdirSync(join(lab.home, 'config'));
    writeFileSync(join(lab.home, 'config/rayserver.yaml'), `slots: ${slots}\nretries: 1000\n`);
    lab.own(lab.home);
    this.#project = lab.project('room', 'work');
    this.#visitors = new Visitors(this.#chance, lab, this.#project);
    this.#witness = new AmbientWitness(join(this.#project, 'ambfiles'));
  }

  /** Ends early with what is wrong, if something is. */
  static async run(seed: number, rounds: number): Promise<StormVerdict> {
    const storm = new Storm(seed, await Lab.make());
    const witnessing = storm.#keepLooking();
    try {
      await storm.#run(rounds);
    } catch (error) {
      storm.#violations.push((error as Error).message);
    }
    storm.#isOver = true;
    await witnessing;
    return storm.#leave();
  }

  get #violations(): string[] {
    return this.#visitors.ledger.violations;
  }

  async #run(rounds: number): Promise<void> {
    await this.#lab.startDaemon([], { milliseconds: 3_600_000 });
    let isEnough = false;
    const submitting = this.#visitors.keepSubmitting(() => isEnough || this.#isOver);
    submitting.catch(() => {});
    while (this.#rounds < rounds && this.#violations.length === 0) {
      await this.#round();
      if (this.#rounds <= rounds / 2) this.#halfway = this.#witness.records;
    }
    isEnough = true;
    await submitting;
    await this.#visitors.finish();
    await this.#check();
  }

  get #rounds(): number {
    return Object.values(this.#done).reduce((all, one) => all + one, 0);
  }

  /** Counts only where there was something to do it to. */
  async #round(): Promise<void> {
    await waitUntil('simulations', () => this.#isBusy(), { milliseconds: patience });
    await pause(this.#chance.oneOf([20, 100, 400]) * this.#chance.next());
    await this.#visitors.look();
    const deed = this.#choose();
    this.#witness.look();
    if (await this.#do(deed)) this.#done[deed] = (this.#done[deed] ?? 0) + 1;
  }

  /** Where a task would be lost once too often only the server is killed of those whose end all simulations share. */
  #choose(): Deed {
    const deed = this.#chance.below(10) === 0 ? this.#chance.oneOf(rare) : this.#chance.oneOf(deeds);
    const loses = deed === 'procwrap' || deed === 'spawner' || deed === 'power';
    return loses && this.#visitors.tasks.some(isEndangered) ? 'server' : deed;
  }

  async #do(deed: Deed): Promise<boolean> {
    if (deed === 'cancel') return await this.#visitors.cancel();
    if (deed === 'pause') return this.#visitors.pause();
    return await this.#kill(deed);
  }

  async #kill(kind: KillKind): Promise<boolean> {
    const done = kill(this.#lab, kind, (pids) => this.#chance.oneOf(pids));
    this.#kills.push(done);
    if (kind === 'server' || kind === 'power') {
      await this.#lab.daemon?.ended;
      await this.#lab.startDaemon([], { milliseconds: 3_600_000 });
    }
    return done.pids.length > 0;
  }

  async #keepLooking(): Promise<void> {
    while (!this.#isOver) {
      this.#witness.look();
      this.#together = Math.max(this.#together, this.#running());
      await pause(25);
    }
  }

  /** Looks, too: a job is submitted only where another is seen to have ended. */
  async #isBusy(): Promise<boolean> {
    await this.#visitors.look();
    return this.#running() > 1;
  }

  #running(): number {
    return this.#lab.renderers().filter((pid) => !standsStill(pid)).length;
  }

  async #check(): Promise<void> {
    const ended = this.#visitors.ledger.ended();
    const project = this.#project;
    const litter = () => [...checks.unexcusedLitter(ended, project, this.#kills), ...ambientLitter(project)];
    await waitUntil('no litter', () => litter().length === 0).catch(() => undefined);
    await this.#lab.stopDaemon();
    const left = () => checks.leftProcesses(this.#lab.directory);
    await waitUntil('no process', () => left().length === 0).catch(() => undefined);
    this.#violations.push(
      ...this.#witness.lost(),
      ...(await soundAmbients(project)),
      ...checks.wholeResults(ended, project),
      ...checks.wholeLogs(ended, project),
      ...litter(),
      ...left(),
      ...checks.soundStore(join(this.#lab.home, 'state/rayserver.db')),
    );
  }

  async #leave(): Promise<StormVerdict> {
    this.#visitors.leave();
    const verdict = this.#verdict();
    if (verdict.violations.length === 0) await this.#lab.close();
    else for (const { pid } of processesBelow(this.#lab.directory)) process.kill(pid, 'SIGKILL');
    return verdict;
  }

  #verdict(): StormVerdict {
    const ended = this.#visitors.ledger.ended();
    const tasks = ended.flatMap((one) => one.tasks);
    const warnings = tasks.flatMap((task) => task.warnings.map((text) => text.replace(/\d+/g, 'N')));
    return {
      violations: this.#violations,
      deeds: this.#done,
      jobs: ended.length,
      cancelled: ended.filter(({ job }) => job.state === 'cancelled').length,
      attempts: tasks.reduce((all, { attempts }) => all + attempts, 0),
      together: this.#together,
      halfway: this.#halfway,
      records: this.#witness.records,
      looks: this.#witness.looks,
      setAside: setAside(this.#project),
      warnings: Object.fromEntries([...Map.groupBy(warnings, (text) => text)].map(([text, all]) => [text, all.length])),
      directory: this.#lab.directory,
    };
  }
}
