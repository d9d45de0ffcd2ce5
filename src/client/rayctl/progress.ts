import { MultiBar, type SingleBar } from 'cli-progress';
import type { JobView } from '../../protocol/api.ts';
import { cut, textWidth } from './table.ts';
import { duration, percent, safe } from './text.ts';
import type { Terminal } from './world.ts';

/** Shows how jobs come on. `doing` is what runs now, such as `view inside`. */
export interface Progress {
  show(job: JobView, doing: string): void;
  /** The job is shown no more. */
  drop(job: JobView): void;
  /** A line that is no progress. */
  say(line: string): void;
  /** Nothing more is shown; the terminal is as it was. */
  stop(): void;
}

/** Bars on a terminal, lines elsewhere. */
export function progressOn(terminal: Terminal, env: Readonly<Record<string, string | undefined>>): Progress {
  const isSmart = terminal.isTTY === true && env['TERM'] !== 'dumb';
  return isSmart
    ? new Bars(terminal)
    : new Lines(
        (line) => terminal.write(`${line}\n`),
        () => performance.now(),
      );
}

export const silence: Progress = { show: () => {}, drop: () => {}, say: () => {}, stop: () => {} };

/** `job 12: 34 %, 7 of 9 frames, 20 s left`, or its state where it does not run; and what it waits for. */
export function progressLine(job: JobView): string {
  const waits = waitsFor(job);
  return `job ${job.id}: ${howFar(job)}${waits === null ? '' : `: ${safe(waits)}`}`;
}

/** What outside keeps a job from going on; null if nothing does, or it has ended. */
export function waitsFor({ finishedAt, reason }: JobView): string | null {
  return finishedAt === null ? reason : null;
}

function howFar(job: JobView): string {
  if (job.state !== 'running') return job.state;
  return [percent(job.progress), ...framesDone(job), ...left(job)].join(', ');
}

function framesDone({ frames, tasks: { done, total } }: JobView): string[] {
  return frames === null ? [] : [`${done} of ${total} frames`];
}

function left(job: JobView): string[] {
  return job.state === 'running' && waitsFor(job) === null && job.secondsLeft !== null
    ? [`${duration(job.secondsLeft)} left`]
    : [];
}

const secondsBetweenLines = 10;

/** One line a job at each change of its state, and of what it waits for, else every ten seconds at most. `now` in milliseconds. */
export class Lines implements Progress {
  readonly #print: (line: string) => void;
  readonly #now: () => number;
  readonly #last = new Map<number, { state: string; line: string; at: number }>();

  constructor(print: (line: string) => void, now: () => number) {
    this.#print = print;
    this.#now = now;
  }

  show(job: JobView): void {
    const last = this.#last.get(job.id);
    const line = progressLine(job);
    const at = this.#now();
    const state = `${job.state} ${waitsFor(job)}`;
    if (last?.state === state && (line === last.line || at - last.at < secondsBetweenLines * 1000)) return;
    this.#last.set(job.id, { state, line, at });
    this.#print(line);
  }

  drop(): void {}

  say(line: string): void {
    this.#print(line);
  }

  stop(): void {}
}

interface Payload {
  text: string;
}

/** A bar a job, drawn anew as it comes on. */
class Bars implements Progress {
  readonly #terminal: Terminal;
  readonly #bars: MultiBar;
  readonly #byJob = new Map<number, SingleBar>();

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
    this.#bars = new MultiBar({
      stream: terminal,
      format: (_options, _params, payload: Payload) => payload.text,
      hideCursor: true,
      gracefulExit: false,
      fps: 5,
      emptyOnZero: true,
    });
  }

  show(job: JobView, doing: string): void {
    const payload: Payload = { text: barLine(job, doing, this.#terminal.columns ?? 80) };
    const bar = this.#byJob.get(job.id);
    if (bar) bar.update(job.progress, payload);
    else this.#byJob.set(job.id, this.#bars.create(1, job.progress, payload));
  }

  drop(job: JobView): void {
    const bar = this.#byJob.get(job.id);
    this.#byJob.delete(job.id);
    if (bar) this.#bars.remove(bar);
    this.say(progressLine(job));
  }

  say(line: string): void {
    this.#bars.log(`${line}\n`);
  }

  stop(): void {
    this.#bars.stop();
  }
}

const longestBar = 40;
const shortestBar = 8;

/** `job 12  view inside  ████▌     45 %  20 s left`, at most `columns` wide. */
export function barLine(job: JobView, doing: string, columns: number): string {
  const head = [`job ${job.id}`, safe(doing)].filter((word) => word !== '').join('  ');
  const tail = [percent(job.progress).padStart(5), ...(job.state === 'running' ? left(job) : [job.state])].join('  ');
  const room = columns - 1 - textWidth(head) - textWidth(tail) - 4;
  if (room < shortestBar) return cut(`${head}  ${tail}`, columns - 1);
  return `${head}  ${drawBar(job.progress, Math.min(room, longestBar))}  ${tail}`;
}

const eighths = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

function drawBar(fraction: number, width: number): string {
  const full = Math.floor(fraction * width * 8);
  return ('█'.repeat(full >> 3) + (eighths[full & 7] ?? '')).padEnd(width, '░');
}
