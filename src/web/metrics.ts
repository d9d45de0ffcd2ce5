import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Measures, Meters } from './farm.ts';

/** What the port itself has open. */
export interface Open {
  readonly tcp: number;
  readonly socket: number;
  readonly streams: number;
}

/** Upper bounds of the histograms, in seconds. */
const commitBuckets = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1, 5];
const requestBuckets = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 5, 30];

/** Event loop delays are sampled so often, in milliseconds: more would keep an idle server awake. */
const lagPrecision = 100;

/**
 * Figures for Prometheus. What happens is counted from the start on; the process itself is watched from the first
 * time that somebody asks, because that costs something.
 */
export class Metrics implements Meters {
  readonly #registry = new Registry();
  readonly #commit = this.#histogram('store_commit_seconds', 'Time of a commit of the store.', [], commitBuckets);
  readonly #started = this.#counter('attempts_started_total', 'Attempts of tasks that were started.', []);
  readonly #ended = this.#counter('attempts_ended_total', 'Attempts of tasks that have ended.', ['outcome']);
  readonly #requests = this.#histogram(
    'request_seconds',
    'Time from a request to the end of its answer, but for event streams.',
    ['operation', 'status'],
    requestBuckets,
  );
  readonly #jobs = this.#gauge('jobs', 'Jobs that have not ended.', ['state']);
  readonly #tasks = this.#gauge('tasks', 'Tasks of the jobs that have not ended.', ['state']);
  readonly #slots = this.#gauge('slots', 'Simulations at a time.', []);
  readonly #running = this.#gauge('slots_taken', 'Slots that are taken.', []);
  readonly #connections = this.#gauge('connections', 'Open connections to the job port.', ['way']);
  readonly #streams = this.#gauge('event_streams', 'Open event streams.', []);
  #watchesProcess = false;

  committed(seconds: number): void {
    this.#commit.observe(seconds);
  }

  attemptsStarted(count: number): void {
    this.#started.inc(count);
  }

  attemptEnded(outcome: string): void {
    this.#ended.inc({ outcome });
  }

  /** @param operation as in openapi.json, or `none` */
  answered(operation: string, status: number, seconds: number): void {
    this.#requests.observe({ operation, status }, seconds);
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** All figures in the text format of Prometheus. */
  async text(measures: Measures, open: Open): Promise<string> {
    this.#watchProcess();
    for (const [state, count] of Object.entries(measures.jobs)) this.#jobs.set({ state }, count);
    for (const [state, count] of Object.entries(measures.tasks)) this.#tasks.set({ state }, count);
    this.#slots.set(measures.slots);
    this.#running.set(measures.running);
    this.#connections.set({ way: 'tcp' }, open.tcp);
    this.#connections.set({ way: 'socket' }, open.socket);
    this.#streams.set(open.streams);
    return await this.#registry.metrics();
  }

  #watchProcess(): void {
    if (this.#watchesProcess) return;
    this.#watchesProcess = true;
    collectDefaultMetrics({ register: this.#registry, eventLoopMonitoringPrecision: lagPrecision });
  }

  #counter(name: string, help: string, labelNames: string[]): Counter {
    return new Counter({ name: `rayserver_${name}`, help, labelNames, registers: [this.#registry] });
  }

  #gauge(name: string, help: string, labelNames: string[]): Gauge {
    return new Gauge({ name: `rayserver_${name}`, help, labelNames, registers: [this.#registry] });
  }

  #histogram(name: string, help: string, labelNames: string[], buckets: number[]): Histogram {
    return new Histogram({ name: `rayserver_${name}`, help, labelNames, buckets, registers: [this.#registry] });
  }
}
