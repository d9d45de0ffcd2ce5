import { chmodSync, closeSync, mkdirSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkAmbient } from '../../src/ambient/check.ts';
import type { LockProbe } from '../../src/ambient/probe.ts';
import { realClock } from '../../src/executor/clock.ts';
import { Shares } from '../../src/executor/indirect/shares.ts';
import { simulationEnvironment } from '../../src/executor/installation.ts';
import { Simulation } from '../../src/executor/simulation.ts';
import type { Project } from '../../src/model/job.ts';
import type { Ambient, Outcome, RunDeed, Step } from '../../src/model/task.ts';
import { RealRoom } from './ambient.ts';
import { makeProject, noLimits, run, type Seen, task, temporary, world } from './executor.ts';

type Locks = Awaited<ReturnType<LockProbe['ask']>>;

export const holding: Locks = { holds: true, why: null, mend: null, mount: null };
export const loose: Locks = {
  holds: false,
  why: 'On /volume (nfs) two processes got the same lock.',
  mend: 'findmnt -T /volume',
  mount: null,
};

export interface Begun {
  readonly simulation: Simulation;
  readonly seen: Seen;
  readonly outcome: Promise<Outcome>;
}

/** A project with the small room, and simulations of it with the real rpict. */
export class LitRoom {
  readonly base = temporary('lit');
  readonly project: Project;
  readonly room: RealRoom;
  /** What is found of the project's locks. */
  locks: Locks = holding;
  readonly shares = new Shares(realClock, { ask: async () => this.locks });
  readonly #begun: Begun[] = [];
  readonly #usualTmp = process.env['TMPDIR'];
  #attempts = 0;

  /** Until it is closed, what this process makes for a while is made in a place that nobody else uses. */
  constructor() {
    mkdirSync(join(this.base.path, 'tmp'));
    process.env['TMPDIR'] = join(this.base.path, 'tmp');
    this.project = makeProject(this.base.path);
    this.room = new RealRoom(this.project.path);
    mkdirSync(join(this.project.path, 'ambfiles'));
  }

  at(name: string): string {
    return join(this.project.path, name);
  }

  log(number = this.#attempts): string {
    return readFileSync(this.at(`logfiles/room.${number}.log`), 'utf8');
  }

  /** What lies in `ambfiles`. */
  files(): string[] {
    return readdirSync(this.at('ambfiles')).sort();
  }

  /** Directories that programs had for files of their own. */
  elsewhere(): string[] {
    return readdirSync(join(this.base.path, 'tmp'));
  }

  ambient(more: Partial<Ambient> = {}): Ambient {
    const usual = { octree: 'room.oct', inputs: [], use: 'shared' as const, filledBy: null, onlyCold: false };
    return { path: 'ambfiles/room.amb', ...usual, ...more };
  }

  deed(ambient: Partial<Ambient> = {}, pixels = 32, more: readonly string[] = []): RunDeed {
    const options = '-t 1 -ab 2 -ad 16 -as 0 -aa .15 -ar 64 -vh 60 -vv 60 -vp 0.5 0.5 1.5 -vd 1 1 -.1';
    const size = ['-x', `${pixels}`, '-y', `${pixels}`];
    const args = [...options.split(' '), ...size, ...more, '-af', 'ambient', 'room.oct'];
    return run('rpict', args, { ambient: this.ambient(ambient), stdout: { to: 'null' } });
  }

  begin(deeds: RunDeed | RunDeed[], more: Partial<Seen> = {}, step: Step = 'view'): Begun {
    this.#attempts += 1;
    const number = this.#attempts;
    const plan = { ...task([deeds].flat(), { number, step, name: `room.${number}`, directories: ['ambfiles'] }) };
    const env = simulationEnvironment(RealRoom.installation, process.env);
    const seen: Seen = { ...world(realClock), env, shares: this.shares, ...more };
    const job = { name: 'room', user: 'anna', project: this.project, limits: noLimits };
    const simulation = new Simulation({ attempt: `12.${number}.1`, task: plan, job }, seen);
    const begun = { simulation, seen, outcome: simulation.live() };
    this.#begun.push(begun);
    return begun;
  }

  live(deeds: RunDeed | RunDeed[], more: Partial<Seen> = {}): Promise<Outcome> {
    return this.begin(deeds, more).outcome;
  }

  /** A program of this name that is found before Radiance's: a shell script. */
  standIn(script: string): Partial<Seen> {
    const bin = join(this.base.path, 'bin');
    mkdirSync(bin, { recursive: true });
    const real = RealRoom.installation.found ? RealRoom.installation.rpict : 'rpict';
    writeFileSync(
      join(bin, 'rpict'),
      [
        '#!/bin/sh',
        `real() { ${real} "$@"; }`,
        // Asked from anywhere.
        'if [ "$1" = -version ]; then real -version; exit; fi',
        script,
        '',
      ].join('\n'),
    );
    chmodSync(join(bin, 'rpict'), 0o755);
    const env = simulationEnvironment(RealRoom.installation, process.env);
    return { env: { ...env, PATH: `${bin}:${env['PATH']}` } };
  }

  async check(name = 'ambfiles/room.amb'): Promise<{ is: string; records: number }> {
    const fd = openSync(this.at(name), 'r');
    try {
      const { is, records } = await checkAmbient(fd);
      return { is, records };
    } finally {
      closeSync(fd);
    }
  }

  async close(): Promise<void> {
    for (const { simulation, outcome } of this.#begun) {
      simulation.resume();
      simulation.stop();
      await outcome;
    }
    if (this.#usualTmp === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = this.#usualTmp;
    this.base[Symbol.dispose]();
  }
}
