import type { Readable } from 'node:stream';
import {
  FindingList,
  HostList,
  JobList,
  JobView,
  LogView,
  ServerView,
  type SubmitRequest,
  TaskList,
  type TaskView,
} from '../protocol/api.ts';
import { parseAddress, type ServerAddress } from './address.ts';
import { builtin } from './builtin.ts';
import { type Clock, systemClock } from './clock.ts';
import { door } from './door.ts';
import { CalledWrongly, Refused, ServerUnreachable } from './errors.ts';
import type { Asking } from './exchange.ts';
import { type EventSource, type FarmEvent, farmEvents, jobEvents } from './job-events.ts';
import { Line } from './line.ts';
import { type AwayOptions, Patience } from './patience.ts';

export interface ClientOptions {
  /** `http://127.0.0.1:9182`, `https://...`, `unix:/path/submit.sock` or `ssh://[user@]host[:port][/home]`. */
  server: string;
  /** The server's secret, for http and https. */
  token?: string | null;
  /** The ssh command with options, as in RAYSERVER_SSH; split into words, no shell. Default `ssh`. */
  ssh?: string;
  /** Lets ssh ask for a password or passphrase on the terminal. Default false. */
  interactive?: boolean;
  /** Stands in for the system's time in tests. */
  clock?: Clock;
}

export type WaitOptions = AwayOptions;

type Call = { signal?: AbortSignal };
type JobsQuery = { state?: JobView['state']; before?: number; limit?: number };
type TasksQuery = { state?: TaskView['state']; after?: number; limit?: number };

const doors = {
  job: door(JobView, 'a job'),
  jobs: door(JobList, 'a list of jobs'),
  tasks: door(TaskList, 'a list of tasks'),
  log: door(LogView, 'a log'),
  hosts: door(HostList, 'a list of hosts'),
  server: door(ServerView, 'a server'),
  findings: door(FindingList, 'a list of findings'),
};

/** Server-sent events carry a comment now and then; after this long without a word we connect anew. */
const silentSeconds = 60;
/** Jobs and tasks that are asked for at a time, where a page is what we want. */
const pageSize = 1000;

/**
 * A client of one server. Connections are made as they are needed; only an ssh tunnel stays, until `close`.
 * Methods reject with ServerUnreachable, NotAllowed, Refused or UnknownAnswer.
 */
export class RayserverClient implements AsyncDisposable {
  readonly address: ServerAddress;
  readonly #clock: Clock;
  readonly #line: Line;

  /** @throws CalledWrongly for an address that is none, or one that would send the token unprotected */
  constructor({ server, token = null, ssh = 'ssh', interactive = false, clock = systemClock }: ClientOptions) {
    this.#clock = clock;
    this.address = parseAddress(server);
    const overNetwork = this.address.by === 'http' && !this.address.loopback;
    if (overNetwork && token) {
      throw new CalledWrongly(
        `${this.address.text} would send the token unprotected over the network. Use ssh://${this.address.host} instead.`,
      );
    }
    this.#line = new Line(this.address, { token, ssh, interactive });
  }

  /**
   * Submits a job. The same key always names the same job, so a broken connection is tried once more.
   * @param options.key names this submit for ever; made up by default
   */
  async submit(request: SubmitRequest, options: Call & { key?: string } = {}): Promise<JobView> {
    const key = options.key ?? builtin('node:crypto').randomUUID();
    const asking: Asking = { method: 'POST', path: '/api/v1/jobs', key, body: request, signal: options.signal };
    try {
      return doors.job(await this.#line.askJson(asking));
    } catch (error) {
      if (!(error instanceof ServerUnreachable && error.sent)) throw error;
    }
    await this.#clock.sleep(1000, options.signal);
    return doors.job(await this.#line.askJson(asking));
  }

  /** One page of jobs, the newest first; give `next` as `before` for the next page. */
  async jobs(query: JobsQuery = {}, call: Call = {}): Promise<JobList> {
    return doors.jobs(await this.#get(`/api/v1/jobs${queryText(query)}`, call));
  }

  /** Page after page of jobs, the newest first, until there are no more; `limit` is that of a page. */
  async *jobPages(query: JobsQuery = {}, call: Call = {}): AsyncGenerator<JobView[], void, void> {
    let next = query.before ?? null;
    do {
      const before = next === null ? {} : { before: next };
      const page = await this.jobs({ limit: pageSize, ...query, ...before }, call);
      next = page.next;
      yield page.jobs;
    } while (next !== null);
  }

  async job(id: number, call: Call = {}): Promise<JobView> {
    return doors.job(await this.#get(`/api/v1/jobs/${number(id)}`, call));
  }

  /** One page of a job's tasks, in the order of their numbers; give `next` as `after` for the next page. */
  async tasks(id: number, query: TasksQuery = {}, call: Call = {}): Promise<TaskList> {
    return doors.tasks(await this.#get(`/api/v1/jobs/${number(id)}/tasks${queryText(query)}`, call));
  }

  /** Page after page of a job's tasks, until there are no more; `limit` is that of a page. */
  async *taskPages(id: number, query: TasksQuery = {}, call: Call = {}): AsyncGenerator<TaskView[], void, void> {
    let next: number | null = query.after ?? 0;
    do {
      const page: TaskList = await this.tasks(id, { limit: pageSize, ...query, after: next }, call);
      next = page.next;
      yield page.tasks;
    } while (next !== null);
  }

  /** Part of a task's log from `offset` bytes on; without a task the one that failed, else one that runs, else the last view. */
  async log(id: number, query: { task?: number; offset?: number } = {}, call: Call = {}): Promise<LogView> {
    return doors.log(await this.#get(`/api/v1/jobs/${number(id)}/log${queryText(query)}`, call));
  }

  async cancel(id: number, call: Call = {}): Promise<JobView> {
    return this.#change(id, 'cancel', call);
  }

  /** Stops the processes of a job where they are; their slots are free for others. */
  async pause(id: number, call: Call = {}): Promise<JobView> {
    return this.#change(id, 'pause', call);
  }

  /** Lets a paused job go on. */
  async resume(id: number, call: Call = {}): Promise<JobView> {
    return this.#change(id, 'resume', call);
  }

  /** Has done again what failed or was cancelled of a job. */
  async retry(id: number, call: Call = {}): Promise<JobView> {
    return this.#change(id, 'retry', call);
  }

  /** Has a job forgotten that has ended; its results stay. */
  async remove(id: number, call: Call = {}): Promise<void> {
    (await this.#line.ask({ method: 'DELETE', path: `/api/v1/jobs/${number(id)}`, ...call })).resume();
  }

  /**
   * A result as it is, or a picture turned into a PNG. `bytes` is null where the length is not known beforehand.
   * The stream ends with an error if the connection breaks.
   */
  async result(
    id: number,
    path: string,
    options: Call & { as?: 'file' | 'png' } = {},
  ): Promise<{ bytes: number | null; stream: Readable }> {
    const words = path.split('/').map(encodeURIComponent).join('/');
    const png = options.as === 'png' ? '?as=png' : '';
    const signal = options.signal;
    const answer = await this.#line.ask({
      method: 'GET',
      path: `/api/v1/jobs/${number(id)}/results/${words}${png}`,
      signal,
    });
    const length = answer.headers['content-length'];
    return { bytes: length === undefined ? null : Number(length), stream: answer };
  }

  async hosts(call: Call = {}): Promise<HostList['hosts']> {
    return doors.hosts(await this.#get('/api/v1/hosts', call)).hosts;
  }

  async server(call: Call = {}): Promise<ServerView> {
    return doors.server(await this.#get('/api/v1/server', call));
  }

  /**
   * What is right and wrong with the server and its host.
   * @param directory looked at, too, as a project or an ambient file; `mend` cuts off what is not sound at its end
   */
  async examine(
    directory: string | null = null,
    { mend, ...call }: Call & { mend?: 'cut' | 'keep' } = {},
  ): Promise<FindingList['findings']> {
    const body = { ...(directory !== null && { directory }), ...(mend && { mend }) };
    return doors.findings(await this.#line.askJson({ method: 'POST', path: '/api/v1/examine', body, ...call }))
      .findings;
  }

  /** Serving, with its host connected. */
  async healthy(call: Call = {}): Promise<boolean> {
    try {
      const answer = await this.#line.ask({ method: 'GET', path: '/healthz', idleSeconds: 10, ...call });
      answer.resume();
      return true;
    } catch (error) {
      if (error instanceof Refused && error.status === 503) return false;
      throw error;
    }
  }

  /**
   * The job now and after each change, until it has ended; its end is the last that is told. Connects anew when the
   * connection breaks, until the server has been away for `patienceSeconds`.
   */
  async *wait(id: number, options: WaitOptions = {}): AsyncGenerator<JobView, void, void> {
    yield* jobEvents(this.#source(`/api/v1/jobs/${number(id)}/events`, options));
  }

  /**
   * What happens to all jobs of the farm, in order and without a gap: new jobs, other states, deleted ones; progress
   * now and then. The first is a `reset`. Connects anew as `wait` does.
   */
  events(options: WaitOptions = {}): AsyncGenerator<FarmEvent, void, void> {
    return farmEvents(this.#source('/api/v1/events', options));
  }

  /** For whoever asks again and again, also while the server is away. */
  patience(options: AwayOptions = {}): Patience {
    return new Patience(this.#clock, (error) => this.#line.mayPass(error), options);
  }

  /** Ends the ssh tunnel, if there is one. */
  async close(): Promise<void> {
    await this.#line.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #source(path: string, options: WaitOptions): EventSource {
    const { signal } = options;
    const accept = 'text/event-stream';
    return {
      open: (lastId) => this.#line.ask({ method: 'GET', path, accept, lastId, signal, idleSeconds: silentSeconds }),
      patience: this.patience(options),
      clock: this.#clock,
      signal,
    };
  }

  async #change(id: number, verb: string, call: Call): Promise<JobView> {
    return doors.job(await this.#line.askJson({ method: 'POST', path: `/api/v1/jobs/${number(id)}/${verb}`, ...call }));
  }

  #get(path: string, call: Call): Promise<unknown> {
    return this.#line.askJson({ method: 'GET', path, ...call });
  }
}

function number(id: number): number {
  if (!Number.isSafeInteger(id) || id < 1) throw new CalledWrongly(`Not the number of a job: ${id}.`);
  return id;
}

function queryText(query: Readonly<Record<string, string | number | undefined>>): string {
  const words = Object.entries(query).flatMap(([key, value]) => (value === undefined ? [] : [`${key}=${value}`]));
  return words.length === 0 ? '' : `?${words.join('&')}`;
}
