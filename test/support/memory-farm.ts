import { Readable } from 'node:stream';
import { FramesError, readFrames } from '../../src/model/frames.ts';
import { Refusal } from '../../src/model/refusal.ts';
import type {
  HostView,
  JobList,
  JobView,
  LogView,
  ServerView,
  SubmitRequest,
  TaskList,
  TaskView,
} from '../../src/protocol/api.ts';
import type { Finding } from '../../src/protocol/inner.ts';
import { FarmNews } from '../../src/server/news.ts';
import type { Caller, Farm, Measures } from '../../src/web/farm.ts';
import { jobView, taskView } from './views.ts';

/** A farm in memory: it keeps jobs, and the test moves them on. */
export class MemoryFarm implements Farm {
  isHealthy = true;
  /** Everyone who asked to submit or cancel. */
  readonly callers: Caller[] = [];
  /** Made before the next submit is answered. */
  beforeSubmit: () => Promise<void> = async () => undefined;
  /** Files of results by path. */
  readonly files = new Map<string, () => { bytes: number | null; stream: Readable }>();
  readonly logs = new Map<number, string>();
  /** How many tasks each radiance job has. */
  taskCount = 1;
  /** What is special about a task of any job, by its number. */
  readonly taskChanges = new Map<number, Partial<TaskView>>();
  readonly news = new FarmNews({ progressMs: 0 });
  readonly #jobs = new Map<number, JobView>();
  #last = 0;
  readonly #keys = new Map<string, number>();
  readonly #watchers = new Map<number, Set<(job: JobView) => void>>();

  async submit(caller: Caller, request: SubmitRequest, key: string | null): Promise<{ job: JobView; fresh: boolean }> {
    this.callers.push(caller);
    await this.beforeSubmit();
    const before = this.#keys.get(`${caller.user} ${key}`);
    if (key !== null && before !== undefined) return { job: this.#existing(before), fresh: false };
    this.#refuse(request);
    const job = this.add({ ...submitted(request), user: caller.user, priority: request.priority ?? 0 });
    if (key !== null) this.#keys.set(`${caller.user} ${key}`, job.id);
    return { job, fresh: true };
  }

  /** A new job, waiting. */
  add(changes: Partial<JobView> = {}): JobView {
    const id = ++this.#last;
    const job = jobView({ id, ...changes });
    this.#jobs.set(id, job);
    this.#tell(job);
    return job;
  }

  change(id: number, changes: Partial<JobView>): void {
    const job = { ...this.#existing(id), ...changes };
    this.#jobs.set(id, job);
    for (const tell of this.#watchers.get(id) ?? []) tell(job);
    this.#tell(job);
  }

  /** It is there no more. */
  drop(id: number): void {
    this.#jobs.delete(id);
    this.news.deleted(id);
  }

  #tell({ id, state }: JobView): void {
    this.news.tell(id, state, () => {
      const { results: _results, notes: _notes, lastLines: _lastLines, ...summary } = this.#existing(id);
      return summary;
    });
  }

  watchers(id: number): number {
    return this.#watchers.get(id)?.size ?? 0;
  }

  async jobs(query: Parameters<Farm['jobs']>[0]): Promise<JobList> {
    const found = [...this.#jobs.values()]
      .reverse()
      .filter((job) => (query.state === null || job.state === query.state) && job.id < (query.before ?? Infinity));
    const jobs = found.slice(0, query.limit);
    return { jobs, next: found.length > jobs.length ? (jobs.at(-1)?.id ?? null) : null };
  }

  async job(id: number): Promise<JobView> {
    return this.#existing(id);
  }

  async tasks(id: number, after: number, limit: number, state: TaskView['state'] | null): Promise<TaskList> {
    const job = this.#existing(id);
    const frames = job.frames === null ? null : readFrames(job.frames);
    const tasks: TaskView[] = [];
    for (let number = after + 1; number <= (frames?.length ?? this.taskCount); number += 1) {
      if (state !== null && (this.taskChanges.get(number)?.state ?? job.state) !== state) continue;
      if (tasks.length === limit) return { tasks, next: tasks.at(-1)?.number ?? null };
      tasks.push(this.#task(job, number, frames?.[number - 1] ?? null));
    }
    return { tasks, next: null };
  }

  #task(job: JobView, number: number, frame: number | null): TaskView {
    const own = frame === null ? {} : ({ step: 'frame', view: null, frame } as const);
    const usual = { state: job.state, pid: 4711, progress: 0.5, startedAt: '2026-11-22T10:30:01.000Z' };
    return taskView({ number, ...own, ...usual, ...this.taskChanges.get(number) });
  }

  async log(id: number, task: number | null, offset: number): Promise<LogView> {
    this.#existing(id);
    const text = this.logs.get(id);
    if (text === undefined || (task ?? 1) !== 1) throw new Refusal('no-such-file', `Task ${task} has no log.`);
    return { task: 1, attempt: 1, text: text.slice(offset), next: text.length, ended: false };
  }

  async cancel(caller: Caller, id: number): Promise<JobView> {
    this.callers.push(caller);
    if (this.#existing(id).state !== 'waiting') throw new Refusal('wrong-state', `Job ${id} has ended.`);
    this.change(id, {
      state: 'cancelled',
      finishedAt: '2026-11-22T10:31:00.000Z',
      reason: `Cancelled by ${caller.user}.`,
    });
    return this.#existing(id);
  }

  pause(caller: Caller, id: number): Promise<JobView> {
    return this.#move(caller, id, ['waiting', 'running'], { state: 'paused' });
  }

  resume(caller: Caller, id: number): Promise<JobView> {
    return this.#move(caller, id, ['paused'], { state: 'waiting' });
  }

  retry(caller: Caller, id: number): Promise<JobView> {
    return this.#move(caller, id, ['failed', 'cancelled'], { state: 'waiting', finishedAt: null, reason: null });
  }

  async remove(caller: Caller, id: number): Promise<void> {
    this.callers.push(caller);
    const { state, finishedAt } = this.#existing(id);
    if (finishedAt === null) throw new Refusal('wrong-state', `Job ${id} is ${state}: cancel it first.`);
    this.drop(id);
  }

  async #move(caller: Caller, id: number, from: JobView['state'][], changes: Partial<JobView>): Promise<JobView> {
    this.callers.push(caller);
    const { state } = this.#existing(id);
    if (!from.includes(state)) throw new Refusal('wrong-state', `Job ${id} is ${state}.`);
    this.change(id, changes);
    return this.#existing(id);
  }

  async result(id: number, path: string, as: 'file' | 'png'): Promise<{ bytes: number | null; stream: Readable }> {
    this.#existing(id);
    const file = this.files.get(`${path}${as === 'png' ? ' as png' : ''}`);
    if (!file) throw new Refusal('no-such-file', `Job ${id} has no result "${path}".`);
    return file();
  }

  keep(path: string, content: Buffer): void {
    this.files.set(path, () => ({ bytes: content.length, stream: Readable.from([content]) }));
  }

  async hosts(): Promise<HostView[]> {
    return [{ name: 'here', slots: 2, running: 1, connected: true }];
  }

  async server(caller: Caller): Promise<ServerView> {
    const { user } = caller;
    const counts = { slots: 2, running: 1, waiting: 0 };
    return {
      version: '1.2.3',
      host: 'here',
      port: 9182,
      pid: 99,
      user: 'ray',
      group: 'ray',
      ...counts,
      home: '/home',
      you: user,
    };
  }

  async examine(directory: string | null, mend: 'cut' | 'keep' | null): Promise<Finding[]> {
    return [{ what: directory ?? 'host', level: 'ok', says: 'All is well.', mend }];
  }

  async watch(id: number, tell: (job: JobView) => void): Promise<() => void> {
    const job = this.#existing(id);
    const those = this.#watchers.get(id) ?? new Set();
    this.#watchers.set(id, those.add(tell));
    tell(job);
    return () => those.delete(tell);
  }

  async measures(): Promise<Measures> {
    const states = [...this.#jobs.values()].map(({ state }) => state);
    const running = states.filter((state) => state === 'running').length;
    return { jobs: { waiting: states.length - running, running }, tasks: { running }, slots: 2, running };
  }

  healthy(): boolean {
    return this.isHealthy;
  }

  #existing(id: number): JobView {
    const job = this.#jobs.get(id);
    if (!job) throw new Refusal('no-such-job', `There is no job ${id}.`);
    return job;
  }

  #refuse(request: SubmitRequest): void {
    const { project } = request;
    if (request.kind === 'command' && request.frames !== undefined) refuseFrames(request.frames);
    if (project.path === '/missing') throw new Refusal('no-such-project', 'No such project "/missing".');
    if (project.path === '/busy') throw new Refusal('view-busy', 'Job 1 is rendering this view.', 1);
    if (project.path === '/crash') throw new Error('disk on fire at /secret/place');
  }
}

function refuseFrames(frames: string): void {
  try {
    readFrames(frames);
  } catch (error) {
    throw error instanceof FramesError ? new Refusal('unknown-frames', error.message) : error;
  }
}

/** What a job has of its request. */
function submitted(request: SubmitRequest): Partial<JobView> {
  const { kind } = request;
  if (kind === 'radiance') return { kind, name: request.name ?? request.rif, rif: request.rif };
  const { command, frames = null, project } = request;
  const total = frames === null ? 1 : readFrames(frames).length;
  return {
    kind,
    name: request.name ?? command[0] ?? '',
    project: { location: 'location' in project ? project.location : null, path: project.path },
    rif: null,
    command,
    frames,
    tasks: { ...jobView().tasks, total, waiting: total },
  };
}
