import { mkdirSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { isRoot, ordinaryUser, portOf, startBackground, TestHome } from '../test/support/daemon.ts';
import { runCommand } from '../test/support/program.ts';
import { waitUntil } from '../test/support/wait-until.ts';
import { descendants } from './processes.ts';

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** One request over the job socket or a TCP port. @throws Error if there is no answer */
export function ask(
  to: { socketPath: string } | { port: number; token: string },
  { method = 'GET', path, body, signal }: { method?: string; path: string; body?: unknown; signal: AbortSignal },
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const text = body === undefined ? null : JSON.stringify(body);
    const headers = {
      ...(text === null ? {} : { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) }),
      ...('token' in to ? { Authorization: `Bearer ${to.token}` } : {}),
    };
    const host = 'port' in to ? '127.0.0.1' : 'localhost';
    const asking = request({ ...to, host, method, path, headers, signal }, (response) => {
      let answer = '';
      response.setEncoding('utf8').on('data', (part: string) => {
        answer += part;
      });
      response.once('error', reject);
      response.once('end', () => {
        try {
          resolve({ status: response.statusCode ?? 0, body: answer === '' ? null : JSON.parse(answer) });
        } catch (error) {
          reject(error);
        }
      });
    });
    asking.once('error', reject);
    asking.end(text);
  });
}

export interface FarmOptions {
  readonly slots?: number;
  readonly env?: Readonly<Record<string, string>>;
  /** An empty directory that stays; without it there is one that is removed with the farm. */
  readonly project?: string;
}

/** The daemon as its users start it: in the background, by an ordinary user, with a home of its own. */
export class BenchFarm implements AsyncDisposable {
  readonly home = new TestHome();
  readonly project: string;
  readonly #env: Readonly<Record<string, string>>;
  #pid = -1;

  private constructor({ slots = 2, env = {}, project }: FarmOptions) {
    this.#env = env;
    this.project = project ?? join(this.home.path, '../project');
    mkdirSync(join(this.home.path, 'config'), { recursive: true });
    if (project === undefined) mkdirSync(this.project);
    writeFileSync(join(this.home.path, 'config/rayserver.yaml'), `slots: ${slots}\n`);
  }

  /** Started once already: what is made at the first start only is there. */
  static async make(options: FarmOptions = {}): Promise<BenchFarm> {
    const farm = new BenchFarm(options);
    try {
      if (isRoot) {
        const owner = `${ordinaryUser.uid}:${ordinaryUser.gid}`;
        await runCommand('chown', ['-R', owner, join(farm.home.path, '..'), farm.project]);
      }
      await farm.start();
      return farm;
    } catch (error) {
      await farm.home.remove();
      throw error;
    }
  }

  get pid(): number {
    return this.#pid;
  }

  get socket(): { socketPath: string } {
    return { socketPath: this.home.file('run/submit.sock') };
  }

  get port(): number {
    return portOf(this.home);
  }

  /** Server, procwrap, and what belongs to them. */
  processes(): { server: number; procwrap: number; others: number[] } {
    const procwrap = this.home.processes('procwrap')[0] ?? -1;
    return { server: this.#pid, procwrap, others: descendants(procwrap) };
  }

  /** @returns seconds from the command to its end, when it serves, and to its first answer */
  async start(): Promise<{ ready: number; answered: number }> {
    const start = performance.now();
    const { pid } = await startBackground(this.home, [], { env: this.#env });
    const ready = (performance.now() - start) / 1000;
    this.#pid = pid;
    const health = await ask(this.socket, { path: '/healthz', signal: AbortSignal.timeout(10_000) });
    if (health.status !== 200) throw new Error(`/healthz answers ${health.status}`);
    return { ready, answered: (performance.now() - start) / 1000 };
  }

  /** Ends the server in good order; procwrap stays while it has something to do. */
  async stop(): Promise<void> {
    process.kill(this.#pid, 'SIGTERM');
    await waitUntil('the end of the server', () => !this.home.processes('server/').includes(this.#pid));
  }

  /** The command job's number. @throws Error with the server's words if it is refused */
  async submit(job: Record<string, unknown>, signal: AbortSignal): Promise<number> {
    const body = { kind: 'command', project: { path: this.project }, ...job };
    const answer = await ask(this.socket, { method: 'POST', path: '/api/v1/jobs', body, signal });
    if (answer.status >= 300) throw new Error(`submit is refused: ${JSON.stringify(answer.body)}`);
    return (answer.body as { id: number }).id;
  }

  /** Waits until the job is done, told by the server's events. @throws Error if it ends otherwise */
  done(id: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const path = `/api/v1/jobs/${id}/events`;
      const asking = request({ ...this.socket, path, signal, headers: { Accept: 'text/event-stream' } }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (part: string) => {
          text = (text + part).slice(-100_000);
          if (/"state":"done"/.test(text)) {
            resolve();
            asking.destroy();
          }
          if (/"state":"(failed|cancelled)"/.test(text)) reject(new Error(`job ${id} is not done: ${text}`));
        });
        response.once('error', reject);
        response.once('close', () => {
          reject(new Error(`the events of job ${id} have ended before it: ${text}`));
          asking.destroy();
        });
      });
      asking.once('error', reject);
      asking.end();
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.home.remove();
  }
}
