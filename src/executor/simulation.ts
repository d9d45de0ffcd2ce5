import { closeSync, fstatSync, ftruncateSync, writeSync } from 'node:fs';
import type { Project } from '../model/job.ts';
import { attemptKey, type Deed, type Outcome, type RunDeed, type TaskPlan } from '../model/task.ts';
import type { HostSettings } from '../protocol/inner.ts';
import { makeDirectory, makeFresh, openRegular, removeBelow, renameBelow, requirePlainFile } from './below.ts';
import type { Clock } from './clock.ts';
import { commandLine } from './command-line.ts';
import { sentenceOf } from './file-error.ts';
import { isCurrent } from './octree.ts';
import { noStart, Output } from './output.ts';
import { openProject } from './project.ts';
import { collectResults } from './results.ts';
import { type Command, type Environment, LostSpawner, type Run, start } from './run.ts';
import { SimulationLog } from './simulation-log.ts';

/** What a server asks for when it starts an attempt. */
export interface Assignment {
  readonly attempt: string;
  readonly project: Project;
  readonly task: TaskPlan;
  /** The job's name. */
  readonly job: string;
  readonly user: string;
}

/** What a simulation needs of its host. */
export interface World {
  readonly clock: Clock;
  readonly settings: HostSettings;
  readonly env: Environment;
  /** A program of it runs. */
  readonly started: (pid: number) => void;
  readonly progressed: (fraction: number) => void;
}

type Failed = Extract<Outcome, { is: 'failed' }>;

/** One attempt's life: from the opened project to its outcome. It never throws, whatever happens to the project. */
export class Simulation {
  readonly #assignment: Assignment;
  readonly #world: World;
  readonly #warnings: string[] = [];
  #stopping = false;
  /** The spawner died and took the program along: nobody asked for it, and it is not the program's fault. */
  #lost = false;
  #run: Run | null = null;
  #sink: string | null = null;
  #runsDone = 0;

  constructor(assignment: Assignment, world: World) {
    this.#assignment = assignment;
    this.#world = world;
  }

  /** Ends it; its outcome is then `stopped`, unless it was over already. */
  stop(): void {
    this.#stopping = true;
    // TERM makes Radiance write its last ambient values without a lock, over those of others.
    const shares = this.#assignment.task.holds.some((hold) => hold.startsWith('ambient:'));
    this.#run?.stop(shares ? 'at once' : 'gently');
  }

  async live(): Promise<Outcome> {
    const { project } = this.#assignment;
    let directory: number | null = null;
    try {
      directory = openProject(project);
      const outcome = await this.#prepare(directory);
      return outcome.is === 'failed' && isGone(directory) ? { ...outcome, reason: deleted(project) } : outcome;
    } catch (error) {
      return failure(directory !== null && isGone(directory) ? deleted(project) : sentenceOf(error, project));
    } finally {
      if (directory !== null) closeSync(directory);
    }
  }

  async #prepare(directory: number): Promise<Outcome> {
    const { task } = this.#assignment;
    for (const path of new Set(['proc', 'logfiles', ...task.directories])) makeDirectory(directory, path);
    if (task.unless && isCurrent(directory, task.unless)) {
      return { is: 'done', results: await collectResults(directory, task.makes), skipped: true, warnings: [] };
    }
    const pidPath = `proc/${task.name}.pid`;
    const pidFile = makeFresh(directory, pidPath);
    try {
      return await this.#logged(directory, pidFile);
    } finally {
      closeSync(pidFile);
      quietly(() => removeBelow(directory, pidPath));
    }
  }

  async #logged(directory: number, pidFile: number): Promise<Outcome> {
    const { task } = this.#assignment;
    const log = new SimulationLog(directory, `logfiles/${task.name}.log`, this.#world.settings.logBytes);
    try {
      await log.write(this.#firstLines());
      const outcome = await this.#work(directory, pidFile, log);
      if (outcome.is !== 'done') this.#clean(directory);
      await log.write(`# ${lastWords(outcome)}, ${this.#time()}\n`);
      if (outcome.is === 'done' && log.problem) outcome.warnings.push(`The log is incomplete: ${log.problem.message}.`);
      return outcome;
    } finally {
      await log.close();
    }
  }

  async #work(directory: number, pidFile: number, log: SimulationLog): Promise<Outcome> {
    const { task, project } = this.#assignment;
    try {
      for (const deed of task.deeds) {
        if (this.#stopping) return { is: 'stopped' };
        const failed = await this.#do(deed, directory, pidFile, log);
        if (this.#stopping || this.#lost) return { is: 'stopped' };
        if (failed) return failed;
      }
      const results = await collectResults(directory, task.makes);
      const empty = results.find(({ bytes }) => bytes === 0);
      if (empty) return failure(`Nothing was written to ${empty.path}.`);
      return { is: 'done', results, skipped: false, warnings: this.#warnings };
    } catch (error) {
      return failure(sentenceOf(error, project));
    }
  }

  async #do(deed: Deed, directory: number, pidFile: number, log: SimulationLog): Promise<Failed | null> {
    switch (deed.do) {
      case 'run':
        return await this.#perform(deed, directory, pidFile, log);
      case 'rename':
        renameBelow(directory, deed.from, deed.to);
        return null;
      case 'remove':
        removeBelow(directory, deed.path);
        return null;
      case 'guard':
        requirePlainFile(directory, deed.path);
        return null;
    }
  }

  async #perform(deed: RunDeed, directory: number, pidFile: number, log: SimulationLog): Promise<Failed | null> {
    await log.write(`${commandLine(deed)}\n`);
    const runs = this.#assignment.task.deeds.filter((other) => other.do === 'run').length;
    const output = new Output(deed.program, log, this.#world.clock, (fraction) =>
      this.#world.progressed((this.#runsDone + fraction) / runs),
    );
    const stdin = deed.stdin === null ? null : openRegular(directory, deed.stdin).fd;
    let stdout: number | null = null;
    try {
      if (deed.stdout.to === 'file') {
        this.#sink = deed.stdout.path;
        stdout = makeFresh(directory, deed.stdout.path);
      }
      const { program, args } = deed;
      const { env, settings } = this.#world;
      const { processes } = settings;
      const where = stdout ?? (deed.stdout.to === 'log' ? 'heard' : 'dropped');
      const failed = await this.#spawn(
        { program, args, env, directory, stdin, stdout: where, attempt: this.#assignment.attempt, processes },
        pidFile,
        output,
      );
      if (failed) return failed;
    } finally {
      if (stdin !== null) closeSync(stdin);
      if (stdout !== null) closeSync(stdout);
    }
    this.#sink = null;
    this.#runsDone += 1;
    return null;
  }

  async #spawn(command: Command, pidFile: number, output: Output): Promise<Failed | null> {
    let run: Run;
    try {
      run = await start(command, (stream, portion) => output.hear(stream, portion), this.#world.clock);
    } catch (error) {
      this.#lost = error instanceof LostSpawner;
      return failure(noStart(command.program, error as NodeJS.ErrnoException));
    }
    this.#run = run;
    if (this.#stopping) this.stop();
    quietly(() => writePid(pidFile, run.pid));
    this.#world.started(run.pid);
    const ending = await run.ended;
    this.#run = null;
    this.#lost = ending.lost;
    const empty = typeof command.stdout === 'number' ? fstatSync(command.stdout).size === 0 : null;
    const verdict = output.judge(ending, empty);
    this.#warnings.push(...verdict.warnings);
    if (verdict.reason === null) return null;
    const { exit, signal } = ending;
    return { is: 'failed', reason: verdict.reason, exit, signal, lastLines: output.lastLines() };
  }

  /** Removes what a failed or stopped attempt leaves unfinished. */
  #clean(directory: number): void {
    const { litter } = this.#assignment.task;
    for (const path of this.#sink === null ? litter : [this.#sink, ...litter]) {
      quietly(() => removeBelow(directory, path));
    }
  }

  #firstLines(): string {
    const { attempt, user, job, task } = this.#assignment;
    const key = attemptKey(attempt);
    const first = `# rayserver job ${key.job} task ${key.task} attempt ${key.attempt}, ${oneLine(user)}, ${this.#time()}`;
    return `${first}\n# ${oneLine(job)}, ${oneLine(task.name)}\n`;
  }

  #time(): string {
    return new Date(this.#world.clock.now()).toISOString();
  }
}

function failure(reason: string): Failed {
  return { is: 'failed', reason, exit: null, signal: null, lastLines: [] };
}

function deleted(project: Project): string {
  return `The project was deleted while the simulation ran: ${project.path}`;
}

function isGone(directory: number): boolean {
  return fstatSync(directory).nlink === 0;
}

function lastWords(outcome: Outcome): string {
  return outcome.is === 'failed' ? `failed: ${oneLine(outcome.reason)}` : outcome.is;
}

function oneLine(text: string): string {
  return text.replace(/[\0-\x1f\x7f]/g, ' ').slice(0, 300);
}

function writePid(file: number, pid: number): void {
  ftruncateSync(file);
  writeSync(file, `${pid}\n`, 0);
}

/** For what is worth a try and changes nothing if it fails: the disk may be full, the project gone. */
function quietly(deed: () => void): void {
  try {
    deed();
  } catch {
    // See above.
  }
}
