import type { Readable } from 'node:stream';
import { findRecord } from '../config/hosts.ts';
import { readFrames } from '../model/frames.ts';
import { isEnded, type Job, type JobHead, type JobSummary } from '../model/job.ts';
import { summaryOf } from '../model/progress.ts';
import { Refusal } from '../model/refusal.ts';
import type { Task } from '../model/task.ts';
import type { JobView } from '../protocol/api.ts';
import { type FarmState, hostNamed, taken } from '../scheduler/farm.ts';
import { waitsFor } from '../scheduler/resting.ts';
import type { Farm } from '../web/farm.ts';
import { logOf, namedTask, tellingTask } from './job-log.ts';
import { jobsIn } from './job-pages.ts';
import { measure } from './measures.ts';
import type { FarmOptions } from './options.ts';
import type { Procwrap } from './procwrap.ts';
import { openResult } from './results.ts';
import { tasksIn } from './task-pages.ts';
import { jobView, taskView } from './views.ts';
import type { Watchers } from './watchers.ts';

/** Seconds that looking at a host and a directory may take. */
const examineSeconds = 60;

export interface AnswersDoors {
  readonly options: FarmOptions;
  readonly farm: FarmState;
  readonly procwrap: Pick<Procwrap, 'ask'>;
  readonly watchers: Watchers;
  /** Resolves when all that has happened is on disk, or cannot be written. */
  readonly kept: () => Promise<unknown>;
}

/**
 * What is asked of the farm and changes nothing. Nobody is told what a loss of power could still undo: views are made of
 * what is in memory, and given out when that is on disk; while the store cannot be written, at once.
 */
export class Answers {
  readonly #doors: AnswersDoors;
  /** The one that was looked at last, once it had ended. */
  #looked: Job | null = null;

  constructor(doors: AnswersDoors) {
    this.#doors = doors;
  }

  /**
   * As it is now: what runs is in memory, the rest in the store, from which all of its tasks are read. There may be a
   * million of them: only for those who need them.
   * @throws Refusal
   */
  async find(id: number): Promise<Job> {
    const { farm, options } = this.#doors;
    const job = farm.jobs.get(id) ?? (await options.store.job(id));
    if (!job) throw noJob(id);
    return job;
  }

  /** As `find`, for who changes nothing: of a job that has ended the tasks are not read for each page anew. */
  async #look(id: number): Promise<Job> {
    const active = this.#doors.farm.jobs.get(id);
    if (active) return active;
    const { state } = await this.#kept(id);
    const looked = this.#looked;
    if (looked?.id === id && isEnded(state) && isEnded(looked.state) && state.finishedAt === looked.state.finishedAt)
      return looked;
    this.#looked = await this.find(id);
    return this.#looked;
  }

  /** A task of a job that there is. */
  async #task(id: number, number: number): Promise<Task | undefined> {
    const { farm, options } = this.#doors;
    return farm.jobs.get(id)?.tasks.get(number) ?? (await options.store.tasks(id, number - 1, 1))[0];
  }

  /** As `find`, but that nothing is read of the tasks. @throws Refusal */
  async head(id: number): Promise<JobHead> {
    return this.#doors.farm.jobs.get(id) ?? this.#kept(id);
  }

  async #kept(id: number): Promise<JobSummary> {
    const [kept] = await this.#doors.options.store.jobs({ before: id + 1, limit: 1, states: null });
    if (kept?.id !== id) throw noJob(id);
    return kept;
  }

  async #summary(id: number): Promise<JobSummary> {
    const job = this.#doors.farm.jobs.get(id);
    return job ? summaryOf(job) : this.#kept(id);
  }

  #view(job: Job | JobSummary): JobView {
    const { farm, options } = this.#doors;
    const summary = 'tasks' in job ? summaryOf(job) : job;
    return jobView(summary, options.now(), waitsFor(farm, job));
  }

  async jobs({ state, before, limit }: Parameters<Farm['jobs']>[0]): ReturnType<Farm['jobs']> {
    const { farm, options } = this.#doors;
    const { jobs, next } = await jobsIn(options.store, { before, limit, states: state ? [state] : null });
    return this.#whenKept({ jobs: jobs.map((kept) => this.#view(farm.jobs.get(kept.id) ?? kept)), next });
  }

  async #whenKept<T>(view: T): Promise<T> {
    await this.#doors.kept();
    return view;
  }

  async job(id: number): ReturnType<Farm['job']> {
    return this.#whenKept(this.#view(await this.#summary(id)));
  }

  async tasks(...[id, after, limit, state]: Parameters<Farm['tasks']>): ReturnType<Farm['tasks']> {
    const { farm, options } = this.#doors;
    const { store } = options;
    const job = state ? await this.#look(id) : (farm.jobs.get(id) ?? null);
    const frameOf = job ? (number: number) => job.tasks.frameOf(number) : framesOf(await this.#kept(id));
    const kept =
      job && state
        ? await tasksIn(job, state, (number) => store.tasks(id, number - 1, 1), { after, limit: limit + 1 })
        : await store.tasks(id, after, limit + 1);
    const page = kept.slice(0, limit).map((task) => job?.tasks.get(task.plan.number) ?? task);
    const last = page.at(-1);
    return this.#whenKept({
      tasks: page.map((task) => taskView(task, frameOf(task.plan.number))),
      next: kept.length > limit && last ? last.plan.number : null,
    });
  }

  async log(...[id, task, offset]: Parameters<Farm['log']>): ReturnType<Farm['log']> {
    const { procwrap } = this.#doors;
    const lookup = (number: number) => this.#task(id, number);
    if (task !== null) return logOf(procwrap, await this.head(id), await namedTask(id, task, lookup), offset);
    const job = await this.#look(id);
    return logOf(procwrap, job, await tellingTask(job, lookup), offset);
  }

  async result(id: number, path: string, as: 'file' | 'png'): Promise<{ bytes: number | null; stream: Readable }> {
    return openResult(this.#doors.procwrap, await this.#summary(id), path, as);
  }

  async hosts(): ReturnType<Farm['hosts']> {
    const { farm, options } = this.#doors;
    const host = hostNamed(farm, options.host);
    const slots = host.connected ? host.slots : options.slots;
    // What it was given ahead waits there for a slot.
    return [{ name: host.name, slots, running: Math.min(taken(host), slots), connected: host.connected }];
  }

  async server(...[caller]: Parameters<Farm['server']>): ReturnType<Farm['server']> {
    const { version, host, port, identity, home, slots } = this.#doors.options;
    const counts = [...this.#doors.farm.jobs.values()].map((job) => job.tasks.counts);
    return {
      version,
      host,
      port,
      pid: process.pid,
      user: identity.user,
      group: identity.group,
      slots,
      running: counts.reduce((sum, { running }) => sum + running, 0),
      waiting: counts.reduce((sum, { waiting }) => sum + waiting, 0),
      home: home.path,
      you: caller.user,
    };
  }

  async examine(...[directory, mend]: Parameters<Farm['examine']>): ReturnType<Farm['examine']> {
    const { hosts, host } = this.#doors.options;
    const current = hosts.current();
    const record = current === null ? null : findRecord(current, host);
    const locations = (record?.locations ?? []).map(({ name, path }) => ({ name, path, file: record?.file ?? '' }));
    const question = { ask: 'examine', directory, mend, locations } as const;
    return (await this.#doors.procwrap.ask(question, examineSeconds)).findings;
  }

  async watch(...[id, tell]: Parameters<Farm['watch']>): ReturnType<Farm['watch']> {
    const { farm, watchers, kept } = this.#doors;
    const first = await this.#summary(id);
    let isTold = false;
    const view = (changed: Job | JobSummary) => {
      isTold = true;
      tell(this.#view(changed));
    };
    const stop = watchers.watch(id, view);
    // What is not on disk yet is told to all who watch when it is.
    await kept();
    if (!isTold) view(farm.jobs.get(id) ?? first);
    return stop;
  }

  async measures(): ReturnType<Farm['measures']> {
    const [host] = await this.hosts();
    return { ...measure(this.#doors.farm), slots: host?.slots ?? 0, running: host?.running ?? 0 };
  }
}

function noJob(id: number): Refusal {
  return new Refusal('no-such-job', `There is no job ${id}.`);
}

/** The frame of each task of a job, by the task's number. */
function framesOf({ request }: JobHead): (number: number) => number | null {
  const frames = request.kind === 'command' && request.frames !== null ? readFrames(request.frames) : null;
  return (number) => frames?.[number - 1] ?? null;
}
