import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Claims } from '../../src/executor/claims.ts';
import { realClock } from '../../src/executor/clock.ts';
import { Shares } from '../../src/executor/indirect/shares.ts';
import { findRadiance, packageDirectory, simulationEnvironment } from '../../src/executor/installation.ts';
import { lockProbe } from '../../src/executor/lock-probe.ts';
import { Containment } from '../../src/executor/sandbox/containment.ts';
import { Simulation, type World } from '../../src/executor/simulation.ts';
import { Turn } from '../../src/executor/turn.ts';
import { Workplaces } from '../../src/executor/workplaces.ts';
import type { Project } from '../../src/model/job.ts';
import type { Outcome, TaskPlan } from '../../src/model/task.ts';
import { readPartial, takeScanLines } from '../../src/renderers/radiance/resume.ts';
import { fixtures, noLimits, run, settings, task } from './executor.ts';
import { waitUntil } from './wait-until.ts';

export const radiance = findRadiance(null, process.env, packageDirectory());
export const environment = simulationEnvironment(radiance, process.env);

/** rpict is nice: on a busy machine it waits for everybody else, ms. */
const patience = 120_000;

/**
 * Direct light without chance, in so many scan lines: two pictures of it are equal to the last byte. A thousand lines
 * take a second.
 */
export const steady = (lines: number): string[] => [
  ...['-t', '1', '-vp', '.5', '.5', '1.5', '-vd', '1', '1', '-.1', '-x', '30', '-y', String(lines), '-pa', '0'],
  ...['-ps', '1', '-pj', '0', '-dj', '0', '-ab', '0', '-ds', '.05', '-dt', '0', '-dc', '1'],
];
export const quickLines = 500;
export const quick = steady(quickLines);

/** Pictures of a room with the real rpict, in attempts that can be ended in the middle. */
export class Painting {
  readonly #project: Project;
  #attempts = 0;

  constructor(project: Project) {
    this.#project = project;
    cpSync(join(fixtures, 'room'), project.path, { recursive: true });
    this.freeze();
  }

  at(path: string): string {
    return join(this.#project.path, path);
  }

  freeze(...more: string[]): void {
    const args = ['-f', 'materials.rad', 'room.rad', ...more];
    writeFileSync(
      this.at('room.oct'),
      execFileSync('oconv', args, { cwd: this.#project.path, env: { ...environment } }),
    );
  }

  plan(args: readonly string[] = quick, inputs: string[] = []): TaskPlan {
    const depth = args.includes('-z') ? [args[args.indexOf('-z') + 1] ?? ''] : [];
    const [path, aside, record] = ['x.unf', 'x.unf.aside', 'proc/x.partial'] as const;
    const stdout = { to: 'picture', path, aside, record, inputs } as const;
    return task([run('rpict', [...args, 'room.oct'], { stdout }), { do: 'rename', from: path, to: 'x.hdr' }], {
      makes: ['x.hdr', ...depth],
      litter: [path, aside, record, ...depth],
    });
  }

  begin(plan: TaskPlan = this.plan()): Attempt {
    this.#attempts += 1;
    return new Attempt(this.#project, plan, this.#attempts);
  }

  async finish(plan?: TaskPlan): Promise<Outcome> {
    return await this.begin(plan).outcome;
  }

  /** Begins an attempt and has rpict killed when there are so many bytes of the picture. */
  async lose(bytes: number, plan?: TaskPlan): Promise<Attempt> {
    const attempt = this.begin(plan);
    await this.grown(bytes);
    await attempt.kill();
    return attempt;
  }

  async grown(bytes: number): Promise<void> {
    await waitUntil(`${bytes} bytes`, () => existsSync(this.at('x.unf')) && statSync(this.at('x.unf')).size >= bytes, {
      milliseconds: patience,
    });
  }

  /** Whole scan lines in a partial picture. */
  lines(path = 'x.unf', args: readonly string[] = quick): number {
    const bytes = readFileSync(this.at(path));
    const partial = readPartial(bytes, [...args, 'room.oct'], 'x.unf', null);
    return partial === null ? 0 : takeScanLines(partial, bytes.subarray(partial.offset)).lines;
  }

  /** The picture without what two runs never share: when it was made. */
  picture(path = 'x.hdr'): string {
    const text = readFileSync(this.at(path), 'latin1');
    return text.replace(/^(CAPDATE|GMT)=.*\n/gm, '').replace(/ +$/m, '');
  }

  /** Names in the project that were not there at first. */
  left(): string[] {
    const first = new Set([...readdirSync(join(fixtures, 'room')), 'room.oct', 'proc', 'logfiles']);
    return [...readdirSync(this.#project.path), ...readdirSync(this.at('proc')).map((name) => `proc/${name}`)]
      .filter((name) => !first.has(name))
      .sort();
  }

  log(): string {
    return readFileSync(this.at('logfiles/room.inside.log'), 'utf8');
  }

  /** The scan line after which the last attempt went on; 0 if it began anew. */
  wentOnAfter(): number {
    return Number(/^# goes on after scan line (\d+) of /m.exec(this.log())?.[1] ?? 0);
  }

  /** What rpict has reported last: rays of this attempt, and the part of the picture that is finished. */
  report(): { rays: number; part: number } {
    const last = [...this.log().matchAll(/^rpict: (\d+) rays, .*?([\d.]+)% after /gm)].at(-1);
    return { rays: Number(last?.[1] ?? 0), part: Number(last?.[2] ?? 0) / 100 };
  }
}

const containment = new Containment({ home: '/nowhere', clock: realClock, log: () => {} });

export class Attempt {
  readonly outcome: Promise<Outcome>;
  readonly simulation: Simulation;
  readonly fractions: number[] = [];
  readonly #log: string;
  readonly #number: number;
  #pid = 0;

  constructor(project: Project, plan: TaskPlan, number: number) {
    this.#log = join(project.path, `logfiles/${plan.name}.log`);
    this.#number = number;
    const attempt = `12.3.${number}`;
    let now = 0;
    // Each look at the clock is a second later: no report is left out.
    const clock = { now: Date.now, passed: () => (now += 1000), after: realClock.after };
    const world: World = {
      clock,
      workplaces: new Workplaces(clock),
      shares: new Shares(clock, lockProbe(clock)),
      claims: new Claims('/nowhere', lockProbe(clock)),
      containment,
      turn: new Turn(false),
      settings,
      env: environment,
      started: (pid) => {
        this.#pid = pid;
      },
      freed: () => {},
      progressed: (fraction) => this.fractions.push(fraction),
    };
    this.simulation = new Simulation(
      { attempt, task: plan, job: { name: 'room', user: 'anna', project, limits: noLimits } },
      world,
    );
    this.outcome = this.simulation.live();
  }

  /** Waits until it has reported how far it is, and its log is there. */
  async reported(): Promise<void> {
    await waitUntil('a report in the log', () => this.fractions.length > 0 && this.#hasLog(), {
      milliseconds: patience,
    });
  }

  #hasLog(): boolean {
    return existsSync(this.#log) && readFileSync(this.#log, 'utf8').includes(` attempt ${this.#number}, `);
  }

  async signal(signal: NodeJS.Signals): Promise<void> {
    await waitUntil('rpict', () => this.#pid > 0);
    process.kill(this.#pid, signal);
  }

  async kill(): Promise<Outcome> {
    await this.signal('SIGKILL');
    return await this.outcome;
  }
}
