import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { LockProbe } from '../ambient/probe.ts';
import { framePlan } from '../model/frame-plan.ts';
import type { Project } from '../model/job.ts';
import { attemptKey } from '../model/task.ts';
import type { Log } from '../protocol/end.ts';
import type { FromProcwrap, HostSettings, Start, ToProcwrap } from '../protocol/inner.ts';
import type { ProcwrapLink } from '../protocol/link.ts';
import { Attempts, type Signs } from './attempts.ts';
import { Claims } from './claims.ts';
import type { Clock } from './clock.ts';
import { OpenFiles } from './files.ts';
import { Helpers } from './helpers.ts';
import type { Host } from './host.ts';
import { Shares } from './indirect/shares.ts';
import { lockProbe } from './lock-probe.ts';
import { whyAway } from './project.ts';
import { answer } from './questions.ts';
import { Reports } from './reports.ts';
import type { Run } from './run.ts';
import { Containment } from './sandbox/containment.ts';
import { type Assignment, Simulation } from './simulation.ts';
import { Surroundings } from './surroundings.ts';
import { tidy, tidyUnclaimed } from './tidy.ts';
import type { Turn } from './turn.ts';
import { Workplaces } from './workplaces.ts';

/** How long we stay without a server when nothing is to be done, ms. */
const PATIENCE = 60_000;
/** Longer than any simulation takes to end, ms: after that we leave whatever still hangs. */
const LAST_PATIENCE = 20_000;

/** Frames that are made ready for each slot: they follow one another at the spawner, which tells several ends at a time. */
const READY = 4;

/** Exit status of one that left for another to be started in its place (EX_TEMPFAIL). */
const startAgain = 75;

export interface ControlOptions {
  readonly home: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Somebody keeps us: we stay until we are told to leave. */
  readonly stays: boolean;
  /** Called when there are more or fewer simulations. */
  readonly counted: (simulations: number) => void;
  /** The version of the program on disk: ours, until it is upgraded. */
  readonly installed: () => string;
}

type Job = Extract<ToProcwrap, { say: 'job' }>;

interface Server {
  readonly link: ProcwrapLink;
  readonly files: OpenFiles;
}

/** What procwrap has in hand: attempts, questions, and the one server that may command it. */
export class Control {
  /** Settles with the exit status when there is nothing left to stay for. */
  readonly over: Promise<number>;
  readonly #options: ControlOptions;
  readonly #version: string;
  readonly #attempts: Attempts;
  readonly #reports: Reports;
  readonly #surroundings: Surroundings;
  readonly #workplaces: Workplaces;
  readonly #shares: Shares;
  readonly #claims: Claims;
  readonly #containment: Containment;
  readonly #locks: LockProbe;
  readonly #helpers = new Helpers();
  /** What the server said of its jobs. */
  readonly #jobs = new Map<number, Job>();
  #server: Server | null = null;
  /** Those of the last server; nothing starts before there was one. */
  #settings: HostSettings | null = null;
  #questions = 0;
  #farewell = false;
  #ending = false;
  #leave: (status?: number) => void = () => {};
  #takeBack: (() => void) | null = null;

  constructor(options: ControlOptions) {
    const { clock, log } = options;
    this.#options = options;
    this.#version = options.installed();
    this.#reports = new Reports((message) => this.#say(message), clock);
    this.#surroundings = new Surroundings(clock);
    this.#workplaces = new Workplaces(clock);
    this.#locks = lockProbe(clock);
    this.#shares = new Shares(clock, this.#locks);
    this.#claims = new Claims(options.home, this.#locks);
    this.#containment = new Containment(options);
    this.#attempts = new Attempts({
      clock,
      log,
      reports: this.#reports,
      begin: (assignment, signs, turn) => this.#begin(assignment, signs, turn),
      tidy: (project, paths) => tidy(project, paths, log),
      release: (attempt, keeps) => this.#claims.release(attempt, keeps),
      readyPerSlot: READY,
      changed: () => this.consider(),
    });
    this.over = new Promise((settle) => {
      this.#leave = (status = 0) => {
        // Others do not begin what still hangs here.
        if (this.#attempts.live === 0) this.#claims.close();
        settle(status);
      };
    });
  }

  hear(message: ToProcwrap, link: ProcwrapLink): void {
    if (message.say === 'hello') {
      this.#greet(message, link);
    } else if (this.#server?.link !== link) {
      this.#options.log('warn', `procwrap: "${message.say}" from somebody who is not our server, connection closed`);
      link.close();
    } else {
      this.#obey(message, this.#server);
    }
    this.consider();
  }

  lost(link: ProcwrapLink, reason: string): void {
    if (this.#server?.link !== link) return;
    this.#options.log('info', `procwrap: the server is gone (${reason})`);
    void this.#server.files.closeAll();
    this.#server = null;
    this.consider();
  }

  /** Ends all simulations, and then ourselves. */
  end(): void {
    if (this.#ending) return;
    this.#ending = true;
    this.#attempts.end();
    this.#helpers.end();
    this.#options.clock.after(LAST_PATIENCE, () => this.#leave());
    this.consider();
  }

  /** Leaves when it is time to: when nothing runs and all is told, and the server took leave or is away for long. */
  consider(): void {
    this.#takeBack?.();
    this.#takeBack = null;
    this.#options.counted(this.#attempts.live);
    if (this.#questions > 0) return;
    if (this.#ending) {
      if (this.#attempts.live === 0) this.#leave();
      return;
    }
    if (this.#options.stays || this.#attempts.live > 0) return;
    const isUntold = this.#attempts.size > 0;
    if (this.#farewell && !isUntold) this.#leave();
    else if (!this.#server) this.#takeBack = this.#options.clock.after(PATIENCE, () => this.#tire(isUntold));
  }

  /** Ends that nobody was told of keep us, but not when the home is gone, where a server would find us. */
  #tire(isUntold: boolean): void {
    if (isUntold && existsSync(join(this.#options.home, 'run/inner/procwrap.sock'))) this.consider();
    else this.#leave();
  }

  #greet(message: Extract<ToProcwrap, { say: 'hello' }>, link: ProcwrapLink): void {
    if (this.#attempts.size === 0 && this.#questions === 0 && this.#isReplaced()) {
      this.#options.log('info', `procwrap: version ${this.#version} is replaced, leaving for the new one`);
      this.#leave(startAgain);
      return;
    }
    const before = this.#server;
    this.#server = { link, files: before?.link === link ? before.files : new OpenFiles() };
    this.#settings = message.settings;
    this.#farewell = false;
    if (before && before.link !== link) {
      this.#options.log('warn', 'procwrap: another server took over');
      void before.files.closeAll();
      before.link.close();
    }
    this.#options.log('info', `procwrap: server ${message.version} connected`);
    // It introduces its jobs again, before it starts anything of them.
    this.#jobs.clear();
    this.#reports.clear();
    const attempts = this.#attempts.all();
    this.#say({ say: 'welcome', version: this.#version, pid: process.pid, attempts });
    for (const { attempt } of attempts) this.#attempts.tell(attempt);
    this.#attempts.setSlots(message.settings.slots);
  }

  /** Not by what the server is: it may be older than us. */
  #isReplaced(): boolean {
    try {
      return this.#options.installed() !== this.#version;
    } catch {
      // Removed, or just being unpacked: nothing could be started in our place.
      return false;
    }
  }

  #obey(message: Exclude<ToProcwrap, { say: 'hello' }>, server: Server): void {
    switch (message.say) {
      case 'ask':
        void this.#answer(message, server);
        break;
      case 'job':
        this.#jobs.set(message.job, message);
        break;
      case 'start':
        for (const start of message.starts) this.#start(start);
        break;
      case 'stop':
      case 'withdraw':
      case 'pause':
      case 'resume':
      case 'acknowledge':
        for (const name of message.attempts) this.#attempts[message.say](name);
        break;
      case 'forget':
        this.#jobs.delete(message.job);
        this.#claims.forget(message.job);
        break;
      case 'look':
        this.#look(message.project);
        break;
      case 'tidy':
        void this.#tidy(message);
        break;
      case 'farewell':
        this.#farewell = true;
        break;
    }
  }

  async #tidy({ project, paths, holds }: Extract<ToProcwrap, { say: 'tidy' }>): Promise<void> {
    this.#questions += 1;
    try {
      await tidyUnclaimed(project, paths, { claims: this.#claims, holds, log: this.#options.log });
    } finally {
      this.#questions -= 1;
      this.consider();
    }
  }

  #look(project: Project): void {
    const away = whyAway(project);
    if (away !== null) this.#containment.forget(project);
    this.#say({ say: 'looked', project, away });
  }

  async #answer({ id, question }: Extract<ToProcwrap, { say: 'ask' }>, server: Server): Promise<void> {
    this.#questions += 1;
    try {
      server.link.send({
        say: 'answer',
        id,
        answer: await answer(question, this.#host(), server.files, this.#options.log),
      });
    } finally {
      this.#questions -= 1;
      this.consider();
    }
  }

  #start({ attempt, task, frame }: Start): void {
    const { job: id, task: number } = attemptKey(attempt);
    const job = this.#jobs.get(id);
    const plan = task ?? (job?.request ? framePlan(id, job.request, number, frame) : null);
    if (job && plan) {
      this.#attempts.start({ attempt, task: plan, job });
      return;
    }
    this.#options.log('error', `procwrap: attempt ${attempt} of a job that was not introduced, not started`);
    this.#attempts.stop(attempt);
  }

  #begin(assignment: Assignment, signs: Signs, turn: Turn): Simulation {
    const { clock } = this.#options;
    const settings = this.#known();
    return new Simulation(assignment, {
      settings,
      clock,
      env: this.#surroundings.recall(settings).env,
      workplaces: this.#workplaces,
      shares: this.#shares,
      claims: this.#claims,
      containment: this.#containment,
      turn,
      ...signs,
    });
  }

  #say(message: FromProcwrap): void {
    this.#server?.link.send(message);
  }

  /** Looked up each time: Radiance may have been installed a moment ago. */
  #host(): Host {
    const { home, clock } = this.#options;
    const settings = this.#known();
    const { installation, env } = this.#surroundings.look(settings);
    const running = (job: number, log: string) => this.#attempts.running(job, log);
    const helped = (run: Run) => this.#helpers.wait(run);
    return {
      clock,
      home,
      settings,
      installation,
      env,
      containment: this.#containment,
      locks: this.#locks,
      running,
      helped,
    };
  }

  /** Whoever asks or starts has said hello. */
  #known(): HostSettings {
    if (this.#settings === null) throw new Error('no server has said hello');
    return this.#settings;
  }
}
