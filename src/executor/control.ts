import { closeSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { attemptKey, type Outcome } from '../model/task.ts';
import type { Log } from '../protocol/end.ts';
import type { FromProcwrap, HostSettings, ToProcwrap } from '../protocol/inner.ts';
import type { ProcwrapLink } from '../protocol/link.ts';
import { removeBelow } from './below.ts';
import type { Clock } from './clock.ts';
import { OpenFiles } from './files.ts';
import type { Host } from './host.ts';
import { findRadiance, packageDirectory, simulationEnvironment } from './installation.ts';
import { openProject } from './project.ts';
import { answer } from './questions.ts';
import type { Ending, Run } from './run.ts';
import { type Assignment, Simulation } from './simulation.ts';

/** How long we stay without a server when nothing is to be done, ms. */
const PATIENCE = 60_000;
/** Longer than any simulation takes to end, ms: after that we leave whatever still hangs. */
const LAST_PATIENCE = 20_000;

export interface ControlOptions {
  readonly home: string;
  readonly clock: Clock;
  readonly log: Log;
}

/** An attempt that runs here, or has ended and was not acknowledged. */
interface Attempt {
  readonly job: number;
  readonly log: string;
  readonly simulation: Simulation;
  pid: number | null;
  fraction: number | null;
  outcome: Outcome | null;
}

interface Server {
  readonly link: ProcwrapLink;
  readonly settings: HostSettings;
  readonly files: OpenFiles;
}

/** What procwrap has in hand: attempts, questions, and the one server that may command it. */
export class Control {
  /** Settles when there is nothing left to stay for. */
  readonly over: Promise<void>;
  readonly #options: ControlOptions;
  readonly #version = ownVersion();
  readonly #attempts = new Map<string, Attempt>();
  readonly #helpers = new Set<Run>();
  #server: Server | null = null;
  #questions = 0;
  #farewell = false;
  #ending = false;
  #leave: () => void = () => {};
  #takeBack: (() => void) | null = null;

  constructor(options: ControlOptions) {
    this.#options = options;
    this.over = new Promise((settle) => {
      this.#leave = settle;
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
    for (const { simulation } of this.#attempts.values()) simulation.stop();
    for (const helper of this.#helpers) helper.stop('at once');
    this.#options.clock.after(LAST_PATIENCE, () => this.#leave());
    this.consider();
  }

  /** Leaves when it is time to: when nothing runs and all is told, and the server took leave or is away for long. */
  consider(): void {
    this.#takeBack?.();
    this.#takeBack = null;
    const runs = [...this.#attempts.values()].some(({ outcome }) => outcome === null);
    if (this.#ending) {
      if (!runs && this.#questions === 0) this.#leave();
      return;
    }
    if (this.#attempts.size > 0 || this.#questions > 0) return;
    if (this.#farewell) this.#leave();
    else if (!this.#server) this.#takeBack = this.#options.clock.after(PATIENCE, () => this.#leave());
  }

  #greet(message: Extract<ToProcwrap, { say: 'hello' }>, link: ProcwrapLink): void {
    const before = this.#server;
    this.#server = { link, settings: message.settings, files: before?.link === link ? before.files : new OpenFiles() };
    this.#farewell = false;
    if (before && before.link !== link) {
      this.#options.log('warn', 'procwrap: another server took over');
      void before.files.closeAll();
      before.link.close();
    }
    this.#options.log('info', `procwrap: server ${message.version} connected`);
    this.#say({ say: 'welcome', version: this.#version, pid: process.pid, attempts: [...this.#attempts.keys()] });
    for (const name of this.#attempts.keys()) this.#tell(name);
  }

  #obey(message: Exclude<ToProcwrap, { say: 'hello' }>, server: Server): void {
    switch (message.say) {
      case 'ask':
        void this.#answer(message, server);
        break;
      case 'start':
        this.#start(message, server);
        break;
      case 'stop':
        this.#stop(message.attempt);
        break;
      case 'acknowledge':
        if (this.#attempts.get(message.attempt)?.outcome) this.#attempts.delete(message.attempt);
        break;
      case 'tidy':
        tidy(message, this.#options.log);
        break;
      case 'farewell':
        this.#farewell = true;
        break;
    }
  }

  async #answer({ id, question }: Extract<ToProcwrap, { say: 'ask' }>, server: Server): Promise<void> {
    this.#questions += 1;
    try {
      server.link.send({
        say: 'answer',
        id,
        answer: await answer(question, this.#host(server), server.files, this.#options.log),
      });
    } finally {
      this.#questions -= 1;
      this.consider();
    }
  }

  /**
   * An attempt that is known already is not started again: its server only did not hear of it.
   * While we end nothing is started: the server sees that the attempt is lost as soon as we are gone.
   */
  #start(assignment: Assignment, server: Server): void {
    if (this.#ending) return;
    const name = assignment.attempt;
    if (this.#attempts.has(name)) {
      this.#tell(name);
      return;
    }
    const { settings, clock, env } = this.#host(server);
    const { log } = this.#options;
    const simulation = new Simulation(assignment, {
      settings,
      clock,
      env,
      started: (pid) => {
        attempt.pid = pid;
        this.#say({ say: 'started', attempt: name, pid });
      },
      progressed: (fraction) => {
        attempt.fraction = fraction;
        this.#say({ say: 'progressed', attempt: name, fraction });
      },
    });
    const { job } = attemptKey(name);
    const attempt: Attempt = { job, log: assignment.task.name, simulation, pid: null, fraction: null, outcome: null };
    this.#attempts.set(name, attempt);
    void simulation.live().then((outcome) => {
      attempt.outcome = outcome;
      const why = outcome.is === 'failed' ? `: ${outcome.reason}` : '';
      log('info', `attempt ${name} (${assignment.project.path}, ${assignment.task.name}): ${outcome.is}${why}`);
      this.#tell(name);
      this.consider();
    });
  }

  #stop(name: string): void {
    const attempt = this.#attempts.get(name);
    if (attempt?.outcome) this.#tell(name);
    else if (attempt) attempt.simulation.stop();
    else this.#say({ say: 'ended', attempt: name, outcome: { is: 'stopped' } });
  }

  /** Says again all that is known of an attempt. */
  #tell(name: string): void {
    const attempt = this.#attempts.get(name);
    if (!attempt) return;
    const { outcome, pid, fraction } = attempt;
    // Stopped because we end: the server would start it again here, and again, until we are gone.
    if (outcome?.is === 'stopped' && this.#ending) return;
    if (outcome) {
      this.#say({ say: 'ended', attempt: name, outcome });
      return;
    }
    if (pid !== null) this.#say({ say: 'started', attempt: name, pid });
    if (fraction !== null) this.#say({ say: 'progressed', attempt: name, fraction });
  }

  #say(message: FromProcwrap): void {
    this.#server?.link.send(message);
  }

  /** Looked up each time: Radiance may have been installed a moment ago. */
  #host({ settings }: Server): Host {
    const { home, clock } = this.#options;
    const installation = findRadiance(settings.radiance, process.env, packageDirectory());
    const env = simulationEnvironment(installation, process.env);
    const isRunning = (job: number, log: string) =>
      [...this.#attempts.values()].some((one) => one.outcome === null && one.job === job && one.log === log);
    return { clock, home, settings, installation, env, isRunning, helped: (run) => this.#helped(run) };
  }

  async #helped(run: Run): Promise<Ending> {
    this.#helpers.add(run);
    try {
      return await run.ended;
    } finally {
      this.#helpers.delete(run);
    }
  }
}

/** Whoever deleted the project has no use for its order. */
function tidy({ project, paths }: Extract<ToProcwrap, { say: 'tidy' }>, log: Log): void {
  try {
    const directory = openProject(project);
    try {
      for (const path of paths) removeBelow(directory, path);
    } finally {
      closeSync(directory);
    }
  } catch (error) {
    log('warn', `procwrap: ${(error as Error).message}`);
  }
}

function ownVersion(): string {
  const { version } = JSON.parse(readFileSync(join(packageDirectory(), 'package.json'), 'utf8')) as { version: string };
  return version;
}
