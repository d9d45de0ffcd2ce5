import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { JobView, TaskList, TaskView } from '../../../src/protocol/api.ts';
import type { Lab } from '../lab.ts';

/** How long one request may take before it is made again, ms. */
const patience = 120_000;
/** Between two tries of a request that was not answered, ms. */
const pause = 30;

/** An answer of the server; null if it gave none. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** Somebody who submits jobs and asks for them, whatever becomes of the server meanwhile. */
export class Customer {
  readonly #lab: Lab;
  #gone = false;

  constructor(lab: Lab) {
    this.#lab = lab;
  }

  /** Ends all tries. */
  leave(): void {
    this.#gone = true;
  }

  /** Tries until the server has taken the job, and says its number; null once this customer has left. */
  async submit(key: string, body: object): Promise<number | null> {
    while (!this.#gone) {
      const answer = await this.ask('/api/v1/jobs', { key, body });
      if (answer?.status === 200 || answer?.status === 201) return (answer.body as JobView).id;
      // 503: not ready, try again.
      if (answer && answer.status !== 503) throw new Error(`submit ${key}: ${JSON.stringify(answer)}`);
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
    return null;
  }

  /** Tries until the server has done it, or says that the job is not one for it. */
  async change(id: number, what: 'cancel' | 'pause' | 'resume'): Promise<void> {
    while (!this.#gone) {
      const answer = await this.ask(`/api/v1/jobs/${id}/${what}`, { body: {} });
      // 409: it has ended, or it was done the time before, and the answer was lost.
      if (answer?.status === 200 || answer?.status === 409) return;
      if (answer && answer.status !== 503) throw new Error(`${what} ${id}: ${JSON.stringify(answer)}`);
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }

  /** The job as it is, with its tasks; null if the server does not answer just now. */
  async look(id: number): Promise<{ job: JobView; tasks: TaskView[] } | null> {
    const job = await this.#read<JobView>(`/api/v1/jobs/${id}`);
    const tasks = job && (await this.#tasks(id));
    return tasks && { job, tasks };
  }

  async #tasks(id: number): Promise<TaskView[] | null> {
    const tasks: TaskView[] = [];
    for (let after: number | null = 0; after !== null; ) {
      const page: TaskList | null = await this.#read<TaskList>(`/api/v1/jobs/${id}/tasks?after=${after}`);
      if (page === null) return null;
      tasks.push(...page.tasks);
      after = page.next;
    }
    return tasks;
  }

  async #read<T>(path: string): Promise<T | null> {
    const answer = await this.ask(path);
    if (answer === null || answer.status === 503) return null;
    if (answer.status !== 200) throw new Error(`GET ${path}: ${JSON.stringify(answer)}`);
    return answer.body as T;
  }

  /** One request, once; null if it is not answered. */
  async ask(path: string, { key, body }: { key?: string; body?: object } = {}): Promise<Answer | null> {
    try {
      const token = readFileSync(join(this.#lab.home, 'config/token'), 'utf8').trim();
      const response = await fetch(`http://127.0.0.1:${this.#lab.port}${path}`, {
        method: body ? 'POST' : 'GET',
        headers: {
          authorization: `Bearer ${token}`,
          ...(body ? { 'content-type': 'application/json' } : {}),
          ...(key ? { 'idempotency-key': key } : {}),
        },
        ...(body ? { body: JSON.stringify(body) } : {}),
        signal: AbortSignal.timeout(patience),
      });
      return { status: response.status, body: await response.json() };
    } catch {
      return null;
    }
  }
}
