import { findRecord } from '../config/hosts.ts';
import { projectFor } from '../config/projects.ts';
import type { Job, Project, RadianceRequest } from '../model/job.ts';
import { Refusal } from '../model/refusal.ts';
import type { Task, TaskPlan } from '../model/task.ts';
import type { JobView, ProjectName, SubmitRequest } from '../protocol/api.ts';
import type { FarmState } from '../scheduler/farm.ts';
import type { Happening } from '../scheduler/messages.ts';
import { busyWith } from '../scheduler/reactor.ts';
import { StoreError } from '../store/error.ts';
import type { Caller } from '../web/farm.ts';
import type { FarmOptions } from './options.ts';
import type { Procwrap } from './procwrap.ts';
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
  readonly procwrap: Procwrap;
  /** Resolves when what follows is on disk and done. */
  readonly happen: (happening: Happening) => Promise<void>;
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
    return { job: jobView(this.#doors.farm.jobs.get(known.id) ?? known, options.now()), fresh: false };
  }

  async #take(caller: Caller, asked: SubmitRequest, key: string | null): Promise<JobView> {
    const { procwrap, options } = this.#doors;
    const request = requested(asked);
    const project = this.#project(asked.project);
    const { identity } = await procwrap.ask({ ask: 'check', project }, checkSeconds);
    const limit = options.settings.plan.seconds + planSlack;
    const plan = await procwrap.ask({ ask: 'plan', project, request }, limit);
    return this.#oneAtATime(async () => {
      const tasks = plan.tasks.map((task) => waitingTask(scoped(task, identity)));
      const inTheWay = this.#inTheWay({ tasks }, asked.replace === true);
      const job: Job = {
        id: await this.#stored(options.store.nextJob()),
        name: asked.name ?? jobName(request, plan.views),
        user: caller.user,
        priority: asked.priority ?? 0,
        project,
        request,
        submittedAt: options.now(),
        idempotencyKey: key,
        notes: plan.notes,
        state: { is: 'waiting' },
        tasks,
      };
      if (job.tasks.length === 0) {
        job.state = { is: 'done', startedAt: null, finishedAt: job.submittedAt, reason: job.notes.join(' ') || null };
      }
      await this.#stored(options.store.commit([{ job, tasks: 'all' }]));
      const by = `${caller.user}, for job ${job.id}`;
      const cancels = inTheWay.map((other) => this.#doors.happen({ what: 'cancel asked', job: other.id, by }));
      await Promise.all([...cancels, this.#doors.happen({ what: 'submitted', job })]);
      return jobView(job, options.now());
    });
  }

  /** The same view of the same variation is rendered once at a time: the jobs to cancel first, or a refusal. */
  #inTheWay(job: Pick<Job, 'tasks'>, replace: boolean): Job[] {
    const busy = busyWith(this.#doors.farm, job);
    const [first] = busy;
    if (first && !replace) {
      const views = new Set(job.tasks.flatMap((task) => (task.plan.step === 'view' ? [task.plan.view] : [])));
      const sentence = `Job ${first.id} is rendering the same view already (of ${[...views].join(', ')}).`;
      throw new Refusal('view-busy', `${sentence} Wait for it, or stop it with --replace.`, first.id);
    }
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

/** Views in the order first named, each once; nothing left open. */
function requested(asked: SubmitRequest): RadianceRequest {
  return {
    kind: 'radiance',
    rif: asked.rif,
    views: [...new Set(asked.views ?? [])],
    set: asked.set ?? [],
    force: asked.force ?? false,
  };
}

function sameRequest(one: RadianceRequest, other: RadianceRequest): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** Such as `room: inside, outside`. */
function jobName(request: RadianceRequest, views: readonly string[]): string {
  const variation = request.rif.replace(/\.rif$/, '');
  const text = views.length === 0 ? variation : `${variation}: ${views.join(', ')}`;
  return text.length > 200 ? `${text.slice(0, 197)}...` : text;
}

function waitingTask(plan: TaskPlan): Task {
  return { plan, attempts: 0, state: { is: 'waiting' } };
}

/** What a task holds counts in its project only: other projects may have files of the same name. */
function scoped(task: TaskPlan, identity: string): TaskPlan {
  return { ...task, holds: task.holds.map((hold) => `${hold}@${identity}`) };
}
