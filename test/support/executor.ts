import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Claims } from '../../src/executor/claims.ts';
import { type Clock, realClock } from '../../src/executor/clock.ts';
import type { Host, Running } from '../../src/executor/host.ts';
import { Shares } from '../../src/executor/indirect/shares.ts';
import { findRadiance, simulationEnvironment } from '../../src/executor/installation.ts';
import { lockProbe } from '../../src/executor/lock-probe.ts';
import type { Environment, Run } from '../../src/executor/run.ts';
import { Containment } from '../../src/executor/sandbox/containment.ts';
import type { World } from '../../src/executor/simulation.ts';
import { Turn } from '../../src/executor/turn.ts';
import { Workplaces } from '../../src/executor/workplaces.ts';
import type { JobLimits, Project } from '../../src/model/job.ts';
import type { Deed, RunDeed, TaskPlan } from '../../src/model/task.ts';
import type { HostSettings, ServiceSettings } from '../../src/protocol/inner.ts';

/** The directory whose bin/ holds the stand-ins for Radiance's programs. */
export const fixtures = join(import.meta.dirname, '../../../test/fixtures');

/** As they are without settings, but for what a test says. */
export function services(more: Partial<ServiceSettings> = {}): HostSettings['services'] {
  const one: ServiceSettings = {
    mode: 'try',
    network: false,
    readable: [],
    writable: [],
    devices: [],
    tmpBytes: 2 ** 30,
    memory: null,
    processes: 512,
    files: 4096,
    ...more,
  };
  return { radiance: one, povray: one, blender: one, command: one };
}

export const settings: HostSettings = {
  radiance: fixtures,
  planSeconds: 20,
  logBytes: 65_536,
  services: services(),
  reportSeconds: 1,
  slots: 2,
};

export const noLimits: JobLimits = { retries: 0, seconds: null, progressSeconds: null };

/** A directory that is removed after the test; its owner may be anybody. */
export function temporary(name: string): { path: string; [Symbol.dispose](): void } {
  const path = mkdtempSync(join(tmpdir(), `${name}-`));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

/** A location at `base/volume` with a project `room` in it. */
export function makeProject(base: string): Project {
  const root = join(base, 'volume');
  mkdirSync(join(root, 'room'), { recursive: true });
  return { location: 'proj', root, rest: 'room', path: join(root, 'room') };
}

export function task(deeds: Deed[], more: Partial<TaskPlan> = {}): TaskPlan {
  return {
    number: 3,
    step: 'view',
    name: 'room.inside',
    view: 'inside',
    deeds,
    after: [],
    holds: [],
    directories: [],
    makes: [],
    litter: [],
    afterwards: [],
    unless: null,
    weight: 1,
    ...more,
  };
}

export function run(program: string, args: string[] = [], more: Partial<RunDeed> = {}): RunDeed {
  return { do: 'run', program, args, stdin: null, stdout: { to: 'log' }, ambient: null, ...more };
}

/** Time that passes when it is told to. */
export class HandClock implements Clock {
  #now = Date.UTC(2026, 0, 2, 3, 4, 5);
  #passed = 0;
  #pending: { at: number; deed: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  passed(): number {
    return this.#passed;
  }

  after(milliseconds: number, deed: () => void): () => void {
    const pending = { at: this.#passed + milliseconds, deed };
    this.#pending.push(pending);
    return () => {
      this.#pending = this.#pending.filter((other) => other !== pending);
    };
  }

  pass(milliseconds: number): void {
    this.#now += milliseconds;
    this.#passed += milliseconds;
    const due = this.#pending.filter(({ at }) => at <= this.#passed);
    this.#pending = this.#pending.filter(({ at }) => at > this.#passed);
    for (const { deed } of due) deed();
  }

  /** Somebody sets the machine's clock: no time passes. */
  set(milliseconds: number): void {
    this.#now += milliseconds;
  }
}

export interface Seen extends World {
  readonly pids: number[];
  readonly fractions: number[];
}

export function world(clock: Clock, more: Partial<HostSettings> = {}): Seen {
  const [pids, fractions]: number[][] = [[], []];
  const given = { ...process.env, SECRET: 'of the daemon' };
  const env = simulationEnvironment(findRadiance(fixtures, given, '/nowhere'), given);
  return {
    clock,
    settings: { ...settings, ...more },
    env,
    workplaces: new Workplaces(clock),
    shares: new Shares(clock, lockProbe(realClock)),
    claims: new Claims('/nowhere', lockProbe(realClock)),
    containment: new Containment({ home: '/nowhere', clock, log: () => {} }),
    turn: new Turn(false),
    pids: pids ?? [],
    fractions: fractions ?? [],
    started: (pid) => pids?.push(pid),
    freed: () => {},
    progressed: (fraction) => fractions?.push(fraction),
  };
}

/** A host whose time passes by hand, with stand-ins for Radiance's programs; nothing else of it is made up. */
export interface HandHost extends Host {
  readonly clock: HandClock;
  env: Environment;
  /** What is said to run, by `JOB LOG`. */
  readonly inHand: Map<string, Running>;
  /** Programs that run for a question. */
  readonly helpers: Set<Run>;
}

export function handHost(home: string, programs = '.'): HandHost {
  const radiance = join(fixtures, programs);
  const installation = findRadiance(radiance, process.env, '/nowhere');
  const running = new Map<string, Running>();
  const helpers = new Set<Run>();
  return {
    clock: new HandClock(),
    home,
    settings: { ...settings, radiance },
    installation,
    env: simulationEnvironment(installation, process.env),
    inHand: running,
    containment: new Containment({ home, clock: realClock, log: () => {} }),
    locks: lockProbe(realClock),
    running: (job, log) => running.get(`${job} ${log}`) ?? null,
    helpers,
    helped: async (run) => {
      helpers.add(run);
      const ending = await run.ended;
      helpers.delete(run);
      return ending;
    },
  };
}
