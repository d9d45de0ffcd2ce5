import { Readable } from 'node:stream';
import { Refusal } from '../../src/model/refusal.ts';
import type {
  HostView,
  JobList,
  JobView,
  LogView,
  ServerView,
  SubmitRequest,
  TaskList,
} from '../../src/protocol/api.ts';
import type { Finding } from '../../src/protocol/inner.ts';
import type { Caller, Farm } from '../../src/web/farm.ts';
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
  /** How many tasks each job has. */
  taskCount = 1;
  readonly #jobs = new Map<number, JobView>();
  readonly #keys = new Map<string, number>();
  readonly #watchers = new Map<number, Set<(job: JobView) => void>>();

  async submit(caller: Caller, request: SubmitRequest, key: string | null): Promise<{ job: JobView; fresh: boolean }> {
    this.callers.push(caller);
    await this.beforeSubmit();
    const before = this.#keys.get(`${caller.user} ${key}`);
    if (key !== null && before !== undefined) return { job: this.#existing(before), fresh: false };
    this.#refuse(request);
    const job = this.add({ name: request.name ?? request.rif, user: caller.user, priority: request.priority ?? 0 });
    if (key !== null) this.#keys.set(`${caller.user} ${key}`, job.id);
    return { job, fresh: true };
  }

  /** A new job, waiting. */
  add(changes: Partial<JobView> = {}): JobView {
    const id = this.#jobs.size + 1;
    const job = jobView({ id, ...changes });
    this.#jobs.set(id, job);
    return job;
  }

  change(id: number, changes: Partial<JobView>): void {
    const job = { ...this.#existing(id), ...changes };
    this.#jobs.set(id, job);
    for (const tell of this.#watchers.get(id) ?? []) tell(job);
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

  async tasks(id: number, after: number, limit: number): Promise<TaskList> {
    const { state } = this.#existing(id);
    const numbers = Array.from({ length: this.taskCount }, (_, index) => index + 1).filter((number) => number > after);
    const tasks = numbers.slice(0, limit).map((number) =>
      taskView({
        number,
        state: state === 'paused' ? 'waiting' : state,
        pid: 4711,
        progress: 0.5,
        startedAt: '2026-11-22T10:30:01.000Z',
      }),
    );
    return { tasks, next: numbers.length > limit ? (tasks.at(-1)?.number ?? null) : null };
  }

  async log(id: number, task: number | null, offset: number): Promise<LogView> {
    this.#existing(id);
    const text = this.logs.get(id);
    if (text === undefined || (task ?? 1) !== 1) throw new Refusal('no-such-file', `Task ${task} has no log.`);
    return { task: 1, text: text.slice(offset), next: text.length, ended: false };
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

  async examine(directory: string | null): Promise<Finding[]> {
    return [{ what: directory ?? 'host', level: 'ok', says: 'All is well.', mend: null }];
  }

  async watch(id: number, tell: (job: JobView) => void): Promise<() => void> {
    const job = this.#existing(id);
    const those = this.#watchers.get(id) ?? new Set();
    this.#watchers.set(id, those.add(tell));
    tell(job);
    return () => those.delete(tell);
  }

  healthy(): boolean {
    return this.isHealthy;
  }

  #existing(id: number): JobView {
    const job = this.#jobs.get(id);
    if (!job) throw new Refusal('no-such-job', `There is no job ${id}.`);
    return job;
  }

  #refuse({ project }: SubmitRequest): void {
    if (project.path === '/missing') throw new Refusal('no-such-project', 'No such project "/missing".');
    if (project.path === '/busy') throw new Refusal('view-busy', 'Job 1 is rendering this view.', 1);
    if (project.path === '/crash') throw new Error('disk on fire at /secret/place');
  }
}
