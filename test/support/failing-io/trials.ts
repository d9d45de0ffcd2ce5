import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { ErrorView, JobView, TaskView } from '../../../src/protocol/api.ts';
import { isAlive } from '../program.ts';
import { wholeLogs, wholeResults } from '../torture/checks.ts';
import { type Answer, Customer } from '../torture/customer.ts';
import { rifOf, type Stage } from '../torture/stage.ts';
import { waitUntil } from '../wait-until.ts';
import type { Fault, Faults } from './faults.ts';

/** What became of one job while something failed. */
export interface Trial {
  /** False: the run has fewer such calls. */
  readonly reached: boolean;
  /** What the client or the job was told; null: the job is done as if nothing had happened. */
  readonly told: string | null;
  readonly violations: readonly string[];
}

/** Names the failure: the system's own words, or ours for them. */
const clear = /EIO|i\/o error|ENOSPC|no space left|disk is full|EMFILE|too many open files|disk I\/O error/i;

/** Jobs, one after another, each with one call that fails. */
export class Trials {
  readonly ended: { job: JobView; tasks: TaskView[] }[] = [];
  readonly #stage: Stage;
  readonly #faults: Faults;
  readonly #customer: Customer;
  #number = 0;

  constructor(stage: Stage, faults: Faults) {
    this.#stage = stage;
    this.#faults = faults;
    this.#customer = new Customer(stage.lab);
  }

  async start(): Promise<void> {
    await this.#stage.lab.startDaemon([], { env: this.#faults.env, milliseconds: 3_600_000 });
  }

  async try(fault: Fault): Promise<Trial> {
    const { lab, project } = this.#stage;
    const name = `tiny${++this.#number}`;
    lab.write(join(project, `${name}.rif`), rifOf(name, 1, 8));
    const [server, procwraps] = [lab.daemon?.pid ?? 0, lab.procwraps()];
    const logged = this.#log().length;
    this.#faults.arm(fault);
    const violations: string[] = [];
    const told = await this.#once(name, logged).catch((error: Error) => {
      violations.push(error.message);
      return null;
    });
    const reached = this.#faults.failed() > 0;
    this.#faults.clear();
    if (!reached && told !== null) violations.push(`nothing failed, but: ${told}`);
    if (told !== null && !clear.test(told)) violations.push(`not clear: ${told}`);
    violations.push(...(await this.#after(name)));
    if (!isAlive(server)) violations.push('the server has ended');
    if (procwraps.some((pid) => !isAlive(pid))) violations.push('procwrap has ended');
    if (violations.length > 0) violations.push(`log: ${this.#log().slice(logged).slice(-3000)}`);
    return { reached, told, violations };
  }

  /** Until the job is done, or somebody is told why not, or the log says that jobs wait: then the failing ends. */
  async #once(name: string, logged: number): Promise<string | null> {
    const asked: { answer?: Answer | null } = {};
    void this.#customer.ask('/api/v1/jobs', this.#order(name)).then((answer) => {
      asked.answer = answer;
    });
    const { told } = await waitUntil(`what becomes of ${name}`, async () => {
      const waits = /the store cannot be written, jobs wait: (.*)/.exec(this.#log().slice(logged))?.[1];
      if (waits !== undefined) return { told: waits };
      if (asked.answer === undefined) return false;
      if (asked.answer === null) throw new Error('the submit was not answered');
      return await this.#toldBy(asked.answer);
    });
    return told;
  }

  async #toldBy({ status, body }: Answer): Promise<{ told: string | null } | false> {
    if (status !== 200 && status !== 201) {
      const { error } = body as ErrorView;
      return { told: error.code === 'internal' ? `internal error: ${error.message}` : error.message };
    }
    const seen = await this.#customer.look((body as JobView).id);
    // Of one that waits for room, too.
    if (seen?.job.state === 'failed' || seen?.job.reason) return { told: seen.job.reason };
    return seen?.job.state === 'done' && { told: seen.job.notes.join(' ') || null };
  }

  /** Now that nothing fails: the job is there, done or failed for good, or can be submitted again. */
  async #after(name: string): Promise<string[]> {
    const id = await this.#customer.submit(name, this.#order(name).body);
    if (id === null) return ['cannot be submitted again'];
    const seen = await waitUntil(`the end of job ${id}`, async () => {
      const look = await this.#customer.look(id);
      return look !== null && ['done', 'failed'].includes(look.job.state) && look;
    });
    this.ended.push(seen);
    if (seen.job.state === 'failed') return [];
    const noted = seen.job.notes.some((note) => note.includes('The log is incomplete'));
    const { project } = this.#stage;
    return [...wholeResults([seen], project), ...(noted ? [] : wholeLogs([seen], project))];
  }

  /** After a restart without failures every job is as it was told. */
  async restart(): Promise<string[]> {
    const { lab } = this.#stage;
    await lab.stopDaemon();
    await this.start();
    const lost: string[] = [];
    for (const { job } of this.ended) {
      const seen = await waitUntil(`job ${job.id}`, () => this.#customer.look(job.id));
      const same = seen.job.state === job.state && JSON.stringify(seen.job.results) === JSON.stringify(job.results);
      if (!same) lost.push(`job ${job.id} was ${job.state} and is ${seen.job.state} after a restart`);
    }
    return lost;
  }

  #order(name: string): { key: string; body: object } {
    return { key: name, body: { kind: 'radiance', project: { path: this.#stage.project }, rif: `${name}.rif` } };
  }

  #log(): string {
    const host = hostname().split('.')[0] ?? '';
    return readFileSync(join(this.#stage.lab.home, 'srvlogs', host), 'utf8');
  }
}
