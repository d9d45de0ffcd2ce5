import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Way } from './ways.ts';

export interface Measured {
  readonly count: number;
  readonly failures: readonly string[];
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** A client in good order, which asks now and then and notes how long each answer takes. */
export class GoodClient {
  readonly #way: Way;
  readonly #agent = new Agent({ keepAlive: true });
  readonly #took: number[] = [];
  readonly #failures: string[] = [];
  #asks: Promise<void> | null = null;
  #over = false;

  constructor(way: Way) {
    this.#way = way;
  }

  /** Every other time over a new connection. */
  start(pauseMs: number): void {
    this.#over = false;
    const ask = async () => {
      for (let at = 0; !this.#over; at += 1) {
        const since = performance.now();
        try {
          const { status } = await this.#askAgain('/api/v1/jobs?limit=5', at % 2 === 0);
          if (status !== 200) this.#failures.push(`status ${status}`);
        } catch (error) {
          this.#failures.push(String(error));
        }
        this.#took.push(performance.now() - since);
        await sleep(pauseMs);
      }
    };
    this.#asks = ask();
  }

  async stop(): Promise<Measured> {
    this.#over = true;
    await this.#asks;
    this.#agent.destroy();
    const sorted = this.#took.toSorted((a, b) => a - b);
    const at = (part: number) => Math.round((sorted[Math.floor((sorted.length - 1) * part)] ?? 0) * 10) / 10;
    return { count: sorted.length, failures: this.#failures, p50: at(0.5), p99: at(0.99), max: at(1) };
  }

  /** A kept connection may be closed just when it is used again: then any client asks once more, over a new one. */
  async #askAgain(path: string, kept: boolean): Promise<{ status: number }> {
    try {
      return await this.ask('GET', path, null, kept);
    } catch (error) {
      if (!kept) throw error;
      return await this.ask('GET', path);
    }
  }

  ask(
    method: string,
    path: string,
    body: object | null = null,
    kept = false,
  ): Promise<{ status: number; json: unknown }> {
    const { port, socket, token } = this.#way;
    const content = body === null ? null : JSON.stringify(body);
    return new Promise((resolve, reject) => {
      const asking = request({
        ...(socket === null ? { host: '127.0.0.1', port } : { socketPath: socket, headers: { host: 'localhost' } }),
        method,
        path,
        agent: kept ? this.#agent : false,
        timeout: 60_000,
        headers: {
          host: 'localhost',
          ...(token === null ? {} : { authorization: `Bearer ${token}` }),
          ...(content === null
            ? {}
            : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(content) }),
        },
      });
      asking.on('error', reject);
      asking.on('timeout', () => asking.destroy(new Error('no answer within a minute')));
      asking.on('response', (answer) => {
        let text = '';
        answer.setEncoding('utf8').on('data', (part: string) => {
          text += part;
        });
        answer.on('error', reject);
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, json: JSON.parse(text) }));
      });
      asking.end(content);
    });
  }
}
