import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
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
} from '../protocol/api.ts';
import { parseAddress, type ServerAddress } from './address.ts';
import { type Clock, systemClock } from './clock.ts';
import { door } from './door.ts';
import { CalledWrongly, Refused, ServerUnreachable } from './errors.ts';
import { type Asking, ask, askJson, type Way } from './exchange.ts';
import { readJobEvents } from './job-events.ts';
import { openTunnel, type Tunnel } from './tunnel.ts';

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

export interface WaitOptions {
  signal?: AbortSignal;
  /** How long the server may be away (while it restarts, say) before we give up, seconds. Default 60. */
  patienceSeconds?: number;
}

type Call = { signal?: AbortSignal };

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
const pauses = [250, 500, 1000, 2000, 5000];

/**
 * A client of one server. Connections are made as they are needed; only an ssh tunnel stays, until `close`.
 * Methods reject with ServerUnreachable, NotAllowed, Refused or UnknownAnswer.
 */
export class RayserverClient implements AsyncDisposable {
  readonly address: ServerAddress;
  readonly #token: string | null;
  readonly #options: ClientOptions;
  readonly #clock: Clock;
  #tunnel: Promise<Tunnel> | null = null;
  #met = false;

  /** @throws CalledWrongly for an address that is none, or one that would send the token unprotected */
  constructor(options: ClientOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.address = parseAddress(options.server);
    const overNetwork = this.address.by === 'http' && !this.address.loopback;
    if (overNetwork && options.token) {
      throw new CalledWrongly(
        `${this.address.text} would send the token unprotected over the network. Use ssh://${this.address.host} instead.`,
      );
    }
    this.#token = options.token ?? null;
  }

  /**
   * Submits a job. The same key always names the same job, so a broken connection is tried once more.
   * @param options.key names this submit for ever; made up by default
   */
  async submit(request: SubmitRequest, options: Call & { key?: string } = {}): Promise<JobView> {
    const key = options.key ?? randomUUID();
    const asking: Asking = { method: 'POST', path: '/api/v1/jobs', key, body: request, signal: options.signal };
    try {
      return doors.job(await this.#json(asking));
    } catch (error) {
      if (!(error instanceof ServerUnreachable && error.sent)) throw error;
    }
    await this.#clock.sleep(1000, options.signal);
    return doors.job(await this.#json(asking));
  }

  /** One page of jobs, the newest first; give `next` as `before` for the next page. */
  async jobs(
    query: { state?: JobView['state']; before?: number; limit?: number } = {},
    call: Call = {},
  ): Promise<JobList> {
    return doors.jobs(await this.#get(`/api/v1/jobs${queryText(query)}`, call));
  }

  async job(id: number, call: Call = {}): Promise<JobView> {
    return doors.job(await this.#get(`/api/v1/jobs/${number(id)}`, call));
  }

  /** All tasks of a job, in the order of their numbers; read page by page. */
  async tasks(id: number, call: Call = {}): Promise<TaskList['tasks']> {
    const all: TaskList['tasks'] = [];
    for (let after: number | null = 0; after !== null; ) {
      const path = `/api/v1/jobs/${number(id)}/tasks${queryText({ after })}`;
      const page: TaskList = doors.tasks(await this.#get(path, call));
      for (const task of page.tasks) all.push(task);
      after = page.next;
    }
    return all;
  }

  /** Part of a task's log from `offset` bytes on; without a task the one that failed, else one that runs, else the last view. */
  async log(id: number, query: { task?: number; offset?: number } = {}, call: Call = {}): Promise<LogView> {
    return doors.log(await this.#get(`/api/v1/jobs/${number(id)}/log${queryText(query)}`, call));
  }

  async cancel(id: number, call: Call = {}): Promise<JobView> {
    return doors.job(await this.#json({ method: 'POST', path: `/api/v1/jobs/${number(id)}/cancel`, ...call }));
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
    const answer = await this.#ask({
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

  /** What is right and wrong with the server and its host. @param directory looked at as a project, too */
  async examine(directory: string | null = null, call: Call = {}): Promise<FindingList['findings']> {
    const body = directory === null ? {} : { directory };
    return doors.findings(await this.#json({ method: 'POST', path: '/api/v1/examine', body, ...call })).findings;
  }

  /** Serving, with its host connected. */
  async healthy(call: Call = {}): Promise<boolean> {
    try {
      const answer = await this.#ask({ method: 'GET', path: '/healthz', idleSeconds: 10, ...call });
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
    const patience = (options.patienceSeconds ?? 60) * 1000;
    let awaySince: number | null = null;
    for (let tries = 0; ; tries += 1) {
      let fault: unknown = new ServerUnreachable('The server ends its events before the job has ended.');
      try {
        for await (const job of this.#events(id, options.signal)) {
          awaySince = null;
          tries = 0;
          yield job;
          if (job.finishedAt !== null) return;
        }
      } catch (error) {
        if (!this.#passes(error)) throw error;
        fault = error;
      }
      awaySince ??= this.#clock.now();
      if (this.#clock.now() - awaySince >= patience) throw fault;
      await this.#clock.sleep(pauses[Math.min(tries, pauses.length - 1)] ?? 5000, options.signal);
    }
  }

  /** Ends the ssh tunnel, if there is one. */
  async close(): Promise<void> {
    const tunnel = this.#tunnel;
    this.#tunnel = null;
    await (await tunnel?.catch(() => null))?.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** A fault that may pass by itself: the server was there before and is away now. */
  #passes(error: unknown): boolean {
    if (error instanceof ServerUnreachable) return this.#met || error.sent;
    return error instanceof Refused && error.status === 503;
  }

  async *#events(id: number, signal: AbortSignal | undefined): AsyncGenerator<JobView, void, void> {
    const path = `/api/v1/jobs/${number(id)}/events`;
    const accept = 'text/event-stream';
    const answer = await this.#ask({ method: 'GET', path, accept, signal, idleSeconds: silentSeconds });
    yield* readJobEvents(answer, signal);
  }

  #get(path: string, call: Call): Promise<unknown> {
    return this.#json({ method: 'GET', path, ...call });
  }

  async #json(asking: Asking): Promise<unknown> {
    const answer = await askJson(await this.#way(), asking);
    this.#met = true;
    return answer;
  }

  async #ask(asking: Asking): Promise<IncomingMessage> {
    const answer = await ask(await this.#way(), asking);
    this.#met = true;
    return answer;
  }

  async #way(): Promise<Way> {
    const { address } = this;
    if (address.by !== 'ssh') return directWay(address, this.#token);
    if (this.#tunnel && !(await this.#tunnel.catch(() => null))?.isOpen()) await this.close();
    const { ssh: command = 'ssh', interactive = false } = this.#options;
    this.#tunnel ??= openTunnel({ address, command, interactive });
    return wayThrough(address, await this.#tunnel);
  }
}

/** Without a tunnel. The token goes where there is no kernel to say who we are. */
function directWay(address: Exclude<ServerAddress, { by: 'ssh' }>, token: string | null): Way {
  const complaint = async () => null;
  if (address.by === 'unix') {
    const to = { socketPath: address.socket };
    return { name: address.socket, to, secure: false, token: null, complaint };
  }
  const { host, port, text: name } = address;
  return { name, to: { host, port }, secure: address.by === 'https', token, complaint };
}

function wayThrough({ text: name }: ServerAddress, tunnel: Tunnel): Way {
  const to = { socketPath: tunnel.socket };
  return { name, to, secure: false, token: null, complaint: () => tunnel.complaint() };
}

function number(id: number): number {
  if (!Number.isSafeInteger(id) || id < 1) throw new CalledWrongly(`Not the number of a job: ${id}.`);
  return id;
}

function queryText(query: Readonly<Record<string, string | number | undefined>>): string {
  const words = Object.entries(query).flatMap(([key, value]) => (value === undefined ? [] : [`${key}=${value}`]));
  return words.length === 0 ? '' : `?${words.join('&')}`;
}
