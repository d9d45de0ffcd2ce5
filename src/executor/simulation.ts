import type { JobLimits, Project } from '../model/job.ts';
import { attemptKey, type Deed, type Outcome, type TaskPlan, type Usage } from '../model/task.ts';
import type { HostSettings } from '../protocol/inner.ts';
import { wasEnded } from '../renderers/radiance/resume.ts';
import { Away } from './away.ts';
import { fileToDisk, removeBelow, renameBelow, requirePlainFile } from './below.ts';
import type { Claims } from './claims.ts';
import type { Clock } from './clock.ts';
import { sentenceOf } from './file-error.ts';
import type { Shares } from './indirect/shares.ts';
import { Limits } from './limits.ts';
import { firstLines, lastLine, withProblem } from './log-lines.ts';
import { isCurrent } from './octree.ts';
import { Papers } from './papers.ts';
import { type Failed, failure } from './perform.ts';
import { type Container, performContained, type Surrounding } from './perform-contained.ts';
import { whyAway } from './project.ts';
import { Reins } from './reins.ts';
import { collectResults } from './results.ts';
import { hasNoRoom, isFull } from './room.ts';
import type { Environment } from './run.ts';
import type { Containment } from './sandbox/containment.ts';
import { patiently } from './scarcity.ts';
import type { SimulationLog } from './simulation-log.ts';
import { Sink } from './sink.ts';
import { clean, forgetPid, settle } from './traces.ts';
import type { Turn } from './turn.ts';
import { sum } from './usage.ts';
import type { Workplace, Workplaces } from './workplaces.ts';

/** What a simulation knows of its job. */
export interface JobHere {
  readonly name: string;
  readonly user: string;
  readonly project: Project;
  readonly limits: JobLimits;
}

/** What a server asks for when it starts an attempt. */
export interface Assignment {
  readonly attempt: string;
  readonly task: TaskPlan;
  readonly job: JobHere;
}

/** What a simulation needs of its host. */
export interface World {
  readonly clock: Clock;
  readonly settings: HostSettings;
  readonly env: Environment;
  readonly workplaces: Workplaces;
  readonly shares: Shares;
  readonly claims: Pick<Claims, 'claim' | 'release'>;
  readonly containment: Pick<Containment, 'enter' | 'forget'>;
  readonly turn: Turn;
  /** A program of it runs. */
  readonly started: (pid: number) => void;
  /** What it still does needs no slot. */
  readonly freed: () => void;
  readonly progressed: (fraction: number) => void;
}

/** Made in every project: they hold what we write ourselves. */
const ours = ['proc', 'logfiles'];

/** One attempt's life: from the opened project to its outcome. It never throws, whatever happens to the project. */
export class Simulation {
  readonly #assignment: Assignment;
  readonly #world: World;
  readonly #reins: Reins;
  readonly #limits: Limits;
  readonly #warnings: string[] = [];
  /** Another attempt is to go on with its picture. */
  #isLeft = false;
  /** The limit that it exceeded. */
  #exceeded: string | null = null;
  readonly #sink = new Sink();
  #runsDone = 0;
  #usage: Usage | null = null;
  #papers: Papers | null = null;

  constructor(assignment: Assignment, world: World) {
    this.#assignment = assignment;
    this.#world = world;
    // TERM makes Radiance write its last ambient values without a lock, over those of others.
    const shares = assignment.task.deeds.some((deed) => deed.do === 'run' && deed.ambient !== null);
    this.#reins = new Reins(shares ? 'at once' : 'gently');
    this.#limits = new Limits(
      assignment.job.limits,
      world.clock,
      () => this.#sink.hasGrown(),
      (sentence) => this.#exceed(sentence),
    );
    // Until then nothing of it runs.
    if (!world.turn.isCome) this.#limits.hold();
    world.turn.whenCome(() => this.#limits.letGo());
  }

  /** Null until it is begun. */
  get log(): SimulationLog | null {
    return this.#papers?.log ?? null;
  }

  /**
   * Ends it; its outcome is then `stopped`, unless it was over already. For now: another attempt is to go on with its
   * picture, so that stays.
   */
  stop(how: 'for good' | 'for now' = 'for good'): void {
    if (!this.#reins.ending) this.#isLeft = how === 'for now';
    this.#limits.end();
    this.#reins.end();
    this.#world.turn.cancel();
  }

  /** It stays where it is until it is resumed or stopped. One that is being ended goes on to its end. */
  pause(): void {
    this.#reins.hold();
    if (this.#reins.held) this.#limits.hold();
  }

  resume(): void {
    this.#reins.letGo();
    this.#limits.letGo();
  }

  /** What it made is nobody else's until its end is acknowledged; of what is not done that is over at once. */
  async live(): Promise<Outcome> {
    const outcome = await this.#live();
    if (outcome.is !== 'done') this.#world.claims.release(this.#assignment.attempt);
    return outcome;
  }

  async #live(): Promise<Outcome> {
    const { workplaces } = this.#world;
    const { project } = this.#assignment.job;
    let place: Workplace | null = null;
    try {
      // Frames come by the thousand.
      const look = this.#assignment.task.step === 'frame' ? 'seldom' : 'now';
      place = await this.#patiently(() => workplaces.enter(project, look));
      const outcome = await this.#prepare(place);
      return outcome.is === 'failed' && place.isGone() ? failure(deleted(project)) : outcome;
    } catch (error) {
      if (this.#reins.ending && this.#exceeded === null) return { is: 'stopped' };
      if (error instanceof Away) return this.#missed(error.waits);
      const reason = sentenceOf(error, project);
      if (isFull(error)) return { is: 'postponed', reason };
      return this.#weighed(failure(place?.isGone() ? deleted(project) : reason), place);
    } finally {
      this.#limits.end();
      if (place) workplaces.leave(place);
    }
  }

  async #prepare(place: Workplace): Promise<Outcome> {
    const { task } = this.#assignment;
    const { settings, clock, turn, claims } = this.#world;
    await this.#patiently(() => {
      place.require(ours);
      place.require(task.directories);
    });
    // Before anything of others is touched: their log has the same name.
    if (task.holds.length > 0) {
      const reason = await this.#patiently(() => claims.claim(this.#assignment.attempt, place.directory, task));
      if (reason !== null) return { is: 'postponed', reason, awaits: 'others' };
    }
    // An attempt that was killed with its procwrap has left its pid file, and this one may need none.
    if (attemptKey(this.#assignment.attempt).attempt > 1) forgetPid(place.directory, task.name);
    if (task.unless && isCurrent(place.directory, task.unless)) {
      const results = await this.#patiently(() => collectResults(place.directory, task.makes));
      return { is: 'done', results, skipped: true, warnings: [], usage: null };
    }
    const papers = new Papers(place, task.name, settings.logBytes, clock);
    this.#papers = papers;
    turn.whenCome(() => void papers.log.write(firstLines(this.#assignment, clock.now())));
    const worked = await this.#work(place, papers);
    if (worked.is !== 'done') this.#abandonFilling(place);
    // It has not begun, and leaves nothing.
    if (!turn.isCome && worked.is === 'stopped') return worked;
    turn.come();
    const outcome = worked.is === 'failed' ? this.#weighed(worked, place) : worked;
    if (outcome.is !== 'done' && !this.#maybeGoneOnWith(outcome)) clean(place.directory, task, this.#sink.path);
    await papers.close(lastLine(outcome, clock.now()));
    return withProblem(outcome, papers.log.problem);
  }

  async #work(place: Workplace, papers: Papers): Promise<Outcome> {
    const { task, job } = this.#assignment;
    try {
      const scene = this.#scene(place, papers);
      for (const deed of task.deeds) {
        if (this.#reins.held) await this.#reins.free();
        if (this.#reins.ending) return this.#cutShort(null);
        const outcome = await this.#do(deed, scene);
        if (this.#reins.ending) return this.#cutShort(outcome);
        if (outcome) return outcome.is === 'failed' ? { ...outcome, usage: this.#usage } : outcome;
      }
      this.#limits.end();
      await this.#world.shares.settle(scene);
      await settle(place.directory, task);
      const results = await this.#patiently(() => collectResults(place.directory, task.makes));
      const empty = results.find(({ bytes }) => bytes === 0);
      if (empty) return { ...failure(`Nothing was written to ${empty.path}.`), usage: this.#usage };
      return { is: 'done', results, skipped: false, warnings: this.#warnings, usage: this.#usage };
    } catch (error) {
      const reason = sentenceOf(error, job.project);
      return isFull(error) ? { is: 'postponed', reason } : { ...failure(reason), usage: this.#usage };
    }
  }

  /** What a failure says of the task: nothing, where there was no room for it, or no project to work in. */
  #weighed(failed: Failed, place: Workplace | null): Outcome {
    const { project } = this.#assignment.job;
    const away = whyAway(project);
    if (away !== null) return this.#missed(away);
    if (place?.isLost()) return this.#missed(mountedAnew(project));
    const { reason } = failed;
    return place !== null && hasNoRoom(place.directory, failed) ? { is: 'postponed', reason } : failed;
  }

  #missed(reason: string): Outcome {
    // A cell would keep its file system from being unmounted.
    this.#world.containment.forget(this.#assignment.job.project);
    return { is: 'postponed', reason, awaits: 'project' };
  }

  #abandonFilling({ directory }: Workplace): void {
    this.#world.shares.abandon({ attempt: this.#assignment.attempt, directory });
  }

  #scene(place: Workplace, papers: Papers): Surrounding {
    const { attempt, task } = this.#assignment;
    const { env, clock, shares, turn, started, freed, progressed } = this.#world;
    const runs = task.deeds.filter((deed) => deed.do === 'run').length;
    const yields = task.deeds.length === 1 && runs === 1;
    return {
      task,
      directory: place.directory,
      where: place.where,
      attempt,
      env,
      clock,
      papers,
      reins: this.#reins,
      shares,
      turn,
      yields,
      sinking: (path, fd) => this.#sink.open(path, fd),
      started,
      over: () => {
        this.#sink.close();
        if (yields) freed();
      },
      heard: () => this.#limits.heard(),
      progressed: (fraction) => progressed((this.#runsDone + fraction) / runs),
    };
  }

  /** Null if all went well. */
  async #do(deed: Deed, scene: Surrounding): Promise<Exclude<Outcome, { is: 'done' }> | null> {
    switch (deed.do) {
      case 'run': {
        const { outcome, warnings, usage } = await performContained(deed, scene, this.#container());
        this.#warnings.push(...warnings);
        this.#usage = sum(this.#usage, usage);
        // One that was told to end may do so with status 0: what it wrote is not whole for that.
        if (outcome || this.#reins.ending) return outcome;
        this.#sink.keep();
        this.#runsDone += 1;
        return null;
      }
      case 'rename':
        // Else a loss of power could leave an empty file under the final name.
        await fileToDisk(scene.directory, deed.from);
        renameBelow(scene.directory, deed.from, deed.to);
        return null;
      case 'remove':
        removeBelow(scene.directory, deed.path);
        return null;
      case 'guard':
        requirePlainFile(scene.directory, deed.path);
        return null;
    }
  }

  #container(): Container {
    const { settings, containment } = this.#world;
    return { project: this.#assignment.job.project, settings, containment };
  }

  #exceed(sentence: string): void {
    this.#exceeded = sentence;
    this.#reins.end();
  }

  /** It was told to end: by a user, or because it exceeded a limit. */
  #cutShort(outcome: Outcome | null): Outcome {
    if (this.#exceeded === null) return { is: 'stopped' };
    const failed: Failed = outcome?.is === 'failed' ? outcome : failure('');
    return { ...failed, reason: this.#exceeded, usage: this.#usage };
  }

  #patiently<T>(deed: () => T): Promise<Awaited<T>> {
    return patiently(deed, this.#world.clock, () => !this.#reins.ending);
  }

  /** Whether this attempt was lost in the middle of a picture. */
  #maybeGoneOnWith(outcome: Outcome): boolean {
    const paints = this.#assignment.task.deeds.some((deed) => deed.do === 'run' && deed.stdout.to === 'picture');
    if (!paints || outcome.is === 'done' || this.#exceeded !== null) return false;
    if (outcome.is === 'postponed') return true;
    if (outcome.is === 'failed') return wasEnded(outcome.signal, outcome.lastLines);
    return this.#isLeft || !this.#reins.ending;
  }
}

function mountedAnew({ path }: Project): string {
  return `What the project ${path} lies on was mounted anew while the simulation ran; the job goes on by itself.`;
}

function deleted(project: Project): string {
  return `The project was deleted while the simulation ran: ${project.path}`;
}
