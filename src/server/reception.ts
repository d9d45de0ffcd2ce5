import { findRecord } from '../config/hosts.ts';
import { projectFor } from '../config/projects.ts';
import { settingsFor } from '../config/settings.ts';
import type { Job, JobLimits, JobRequest, Project } from '../model/job.ts';
import { summaryOf } from '../model/progress.ts';
import { Refusal } from '../model/refusal.ts';
import type { Service } from '../model/service.ts';
import type { TaskPlan } from '../model/task.ts';
import type { JobView, ProjectName, SubmitRequest } from '../protocol/api.ts';
import { serviceOf } from '../renderers/programs.ts';
import type { FarmState } from '../scheduler/farm.ts';
import type { Happening } from '../scheduler/messages.ts';
import { busyWith } from '../scheduler/reactor.ts';
import { waitsFor } from '../scheduler/resting.ts';
import { StoreError } from '../store/error.ts';
import type { Caller } from '../web/farm.ts';
import type { FarmOptions } from './options.ts';
import type { Procwrap } from './procwrap.ts';
import { jobName, requested, requireSound, sameRequest, scoped, tasksOf, viewBusy } from './requested.ts';
import { jobView } from './views.ts';

/** Seconds to wait for a directory to be looked at: a hung file system takes longer. */
const checkSeconds = 30;

/** Seconds that a plan may take on top of its own time limit. */
const planSlack = 15;

export interface Submitted {
  readonly job: JobView;
  /** False: the key had named this job already. */
  readonly fresh: boolean;
}

export interface ReceptionDoors {
  readonly options: FarmOptions;
  readonly farm: FarmState;
  readonly procwrap: Pick<Procwrap, 'ask'>;
  /** Resolves when what follows is on disk and done. */
  readonly happen: (happening: Happening) => Promise<void>;
  /** Resolves when all that has happened is on disk, or cannot be written. */
  readonly kept: () => Promise<unknown>;
}

/** Where jobs come in: looked at, planned, on disk, and only then acknowledged. */
export class Reception {
  readonly #doors: ReceptionDoors;
  /** Submits with a key that are under way. */
  readonly #underWay = new Map<string, Promise<Submitted>>();
  /** One submit at a time from the busy check to the store, so that no two take the same view. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(doors: ReceptionDoors) {
    this.#doors = doors;
  }

  async submit(caller: Caller, request: SubmitRequest, key: string | null): Promise<Submitted> {
    if (key === null) return { job: await this.#take(caller, request, null), fresh: true };
    const text = JSON.stringify([caller.user, key]);
    const same = this.#underWay.get(text);
    if (same) return this.#again(caller, request, key, same);
    const taking = this.#takeOnce(caller, request, key);
    this.#underWay.set(text, taking);
    try {
      return await taking;
    } finally {
      this.#underWay.delete(text);
    }
  }

  async #again(caller: Caller, request: SubmitRequest, key: string, first: Promise<Submitted>): Promise<Submitted> {
    await first;
    return this.#takeOnce(caller, request, key);
  }

  async #takeOnce(caller: Caller, request: SubmitRequest, key: string): Promise<Submitted> {
    const { options } = this.#doors;
    const known = await options.store.jobByIdempotencyKey(caller.user, key);
    if (!known) return { job: await this.#take(caller, request, key), fresh: true };
    const same =
      sameRequest(known.request, requested(request)) && this.#project(request.project).path === known.project.path;
    if (!same) {
      const sentence = `This Idempotency-Key was used for another request (job ${known.id}). Use a new key.`;
      throw new Refusal('key-reused', sentence, known.id);
    }
    const job = jobView(
      summaryOf(this.#doors.farm.jobs.get(known.id) ?? known),
      options.now(),
      waitsFor(this.#doors.farm, known),
    );
    await this.#doors.kept();
    return { job, fresh: false };
  }

  async #take(caller: Caller, asked: SubmitRequest, key: string | null): Promise<JobView> {
    const { procwrap } = this.#doors;
    const request = requested(asked);
    requireSound(request);
    const named = this.#project(asked.project);
    const { found } = await procwrap.ask({ ask: 'check', project: named }, checkSeconds);
    const project = { ...named, found };
    const planned = await this.#plan(project, request);
    return this.#oneAtATime(async () => {
      const inTheWay = this.#inTheWay(planned.plans, asked.kind === 'radiance' && asked.replace === true);
      const id = await this.#stored(this.#doors.options.store.nextJob());
      const job = this.#job(caller, asked, { id, request, project, planned, key });
      await this.#stored(this.#doors.options.store.commit([{ job, tasks: 'all' }]));
      const by = `${caller.user}, for job ${job.id}`;
      const cancels = inTheWay.map((other) => this.#doors.happen({ what: 'cancel asked', job: other.id, by }));
      await Promise.all(cancels);
      // The job is on disk; that its first tasks start is nothing to wait for.
      void this.#doors.happen({ what: 'submitted', job });
      return jobView(summaryOf(job), this.#doors.options.now());
    });
  }

  /** What rad would do, or nothing where the command itself is the plan. */
  async #plan(project: FoundProject, request: JobRequest): Promise<Planned> {
    if (request.kind === 'command') return { plans: null, notes: [], views: [] };
    const limit = this.#doors.options.settings.plan.seconds + planSlack;
    const { tasks, notes, views } = await this.#doors.procwrap.ask({ ask: 'plan', project, request }, limit);
    return { plans: tasks.map((task) => scoped(task, project.found.identity, project.path)), notes, views };
  }

  #job(caller: Caller, asked: SubmitRequest, { id, request, project, planned, key }: Wanted): Job {
    const { options } = this.#doors;
    const submittedAt = options.now();
    const tasks = tasksOf(id, request, planned.plans);
    const reason = planned.notes.join(' ') || null;
    return {
      id,
      name: asked.name ?? jobName(request, planned.views),
      user: caller.user,
      priority: asked.priority ?? 0,
      project,
      request,
      limits: this.#limits(asked, serviceOfRequest(request)),
      submittedAt,
      idempotencyKey: key,
      notes: planned.notes,
      state: tasks.total > 0 ? { is: 'waiting' } : { is: 'done', startedAt: null, finishedAt: submittedAt, reason },
      tasks,
    };
  }

  #limits({ retries, timeLimit, progressLimit }: SubmitRequest, service: Service): JobLimits {
    const { settings } = this.#doors.options;
    const { limits } = settingsFor(service, settings);
    return {
      retries: retries ?? settings.retries,
      seconds: timeLimit === undefined ? limits.seconds : timeLimit,
      progressSeconds: progressLimit === undefined ? limits.progress : progressLimit,
    };
  }

  /** The same view of the same variation is rendered once at a time: the jobs to cancel first, or a refusal. */
  #inTheWay(plans: readonly TaskPlan[] | null, replace: boolean): Job[] {
    const busy = plans === null ? [] : busyWith(this.#doors.farm, null, plans);
    const [first] = busy;
    if (first && !replace) throw viewBusy(first, plans ?? [], 'Wait for it, or stop it with --replace.');
    return busy;
  }

  /** A job that cannot be kept is refused with the store's own sentence, such as that the disk is full. */
  async #stored<T>(kept: Promise<T>): Promise<T> {
    try {
      return await kept;
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      this.#doors.options.log('error', error.message);
      throw new Refusal('not-ready', error.message);
    }
  }

  /** A location that is not known is looked for once more in the file as it is now. */
  #project(named: ProjectName): Project {
    const { hosts } = this.#doors.options;
    try {
      return projectFor(this.#record(hosts.current()), named);
    } catch (error) {
      if (!(error instanceof Refusal) || error.code !== 'unknown-location') throw error;
      return projectFor(this.#record(hosts.reload()), named);
    }
  }

  #record(hosts: ReturnType<FarmOptions['hosts']['current']>) {
    return hosts === null ? null : findRecord(hosts, this.#doors.options.host);
  }

  #oneAtATime<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#last.then(work);
    this.#last = mine.catch(() => undefined);
    return mine;
  }
}

function serviceOfRequest(request: JobRequest): Service {
  return request.kind === 'radiance' ? 'radiance' : serviceOf(request.command[0] ?? '');
}

type FoundProject = Required<Project>;

interface Planned {
  readonly plans: readonly TaskPlan[] | null;
  readonly notes: readonly string[];
  readonly views: readonly string[];
}

interface Wanted {
  readonly id: number;
  readonly request: JobRequest;
  readonly project: Project;
  readonly planned: Planned;
  readonly key: string | null;
}
