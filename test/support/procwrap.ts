import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { CommandRequest, JobLimits, Project } from '../../src/model/job.ts';
import { attemptKey, type Outcome, type TaskPlan } from '../../src/model/task.ts';
import type { AnswerTo, FromProcwrap, HostSettings, Question } from '../../src/protocol/inner.ts';
import { dialLink, type ServerLink } from '../../src/protocol/link.ts';
import { Questions } from '../../src/protocol/questions.ts';
import { noLimits, settings } from './executor.ts';
import { waitUntil } from './wait-until.ts';

/** A real procwrap process for the home `base/home`. */
export class ProcwrapProcess {
  readonly child: ChildProcess;
  readonly home: string;
  log = '';
  /** What came on standard error; it is shown, too. */
  errors = '';
  ended: { exit: number | null; signal: string | null } | null = null;

  constructor(base: string, more: Readonly<Record<string, string>> = {}) {
    this.home = join(base, 'home');
    mkdirSync(join(this.home, 'run/inner'), { recursive: true, mode: 0o700 });
    const main = join(import.meta.dirname, 'procwrap-main.js');
    const env = { ...process.env, SECRET: 'of the daemon', ...more };
    this.child = spawn(process.execPath, [main, 'here', this.home], { stdio: ['ignore', 'pipe', 'pipe'], env });
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.log += text;
    });
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.errors += text;
      process.stderr.write(text);
    });
    this.child.on('close', (exit, signal) => {
      this.ended = { exit, signal };
    });
  }

  get socket(): string {
    return join(this.home, 'run/inner/procwrap.sock');
  }

  async over(): Promise<{ exit: number | null; signal: string | null }> {
    return await waitUntil('the end of procwrap', () => this.ended);
  }

  async kill(): Promise<void> {
    if (!this.ended) this.child.kill('SIGKILL');
    await this.over();
  }
}

/** The server's end of the link, as a test drives it. */
export class TestServer {
  readonly heard: Exclude<FromProcwrap, { say: 'answer' }>[] = [];
  lost: string | null = null;
  readonly #questions = new Questions((id, question) => this.link.send({ say: 'ask', id, question }));
  link!: ServerLink;

  /** Dials until procwrap answers, and says hello. */
  static async dial(socket: string, more: Partial<HostSettings> = {}): Promise<TestServer> {
    const server = new TestServer();
    const handlers = {
      message: (message: FromProcwrap) => server.#hear(message),
      closed: (reason: string) => {
        server.lost = reason;
        server.#questions.ended(reason);
      },
      log: () => {},
    };
    server.link = await waitUntil('procwrap to listen', () => dialLink(socket, handlers).catch(() => null));
    server.link.send({ say: 'hello', version: '9', settings: { ...settings, ...more } });
    await server.hears('welcome');
    return server;
  }

  ask<Q extends Question>(question: Q): Promise<AnswerTo<Q>> {
    return this.#questions.ask(question);
  }

  /** A refusal as `code: message`. */
  async refusal(question: Question): Promise<string> {
    return await this.ask(question).then(
      () => 'answered',
      (error: { code: string; message: string }) => `${error.code}: ${error.message}`,
    );
  }

  /** Introduces the job and starts one attempt of it. */
  start(attempt: string, project: Project, task: TaskPlan, limits: JobLimits = noLimits): void {
    const { job } = attemptKey(attempt);
    this.link.send({ say: 'job', job, name: 'room', user: 'anna', project, limits, request: null });
    this.link.send({ say: 'start', starts: [{ attempt, task, frame: null }] });
  }

  /** Introduces a command job. */
  introduce(job: number, project: Project, command: string[], limits: JobLimits = noLimits): void {
    const request: CommandRequest = { kind: 'command', command, frames: '1-9', slots: null };
    this.link.send({ say: 'job', job, name: 'film', user: 'anna', project, limits, request });
  }

  /** Starts first attempts of frames, the numbers of which are those of their tasks. */
  startFrames(job: number, ...frames: number[]): void {
    const starts = frames.map((frame) => ({ attempt: `${job}.${frame}.1`, task: null, frame }));
    this.link.send({ say: 'start', starts });
  }

  async hears<Say extends FromProcwrap['say']>(say: Say): Promise<Extract<FromProcwrap, { say: Say }>> {
    return await waitUntil(`"${say}"`, () =>
      this.heard.find(
        (message): message is Extract<FromProcwrap, { say: Say }> & Exclude<FromProcwrap, { say: 'answer' }> =>
          message.say === say,
      ),
    );
  }

  /** All that was said of starts and of ends, in order. */
  get started(): { attempt: string; pid: number }[] {
    return this.heard.flatMap((message) => (message.say === 'started' ? message.started : []));
  }

  get ends(): { attempt: string; outcome: Outcome; milliseconds: number }[] {
    return this.heard.flatMap((message) => (message.say === 'ended' ? message.ends : []));
  }

  /** The process of an attempt. */
  async pid(attempt: string): Promise<number> {
    const { pid } = await waitUntil(`the start of ${attempt}`, () =>
      this.started.find((one) => one.attempt === attempt),
    );
    return pid;
  }

  async outcome(attempt: string): Promise<Outcome> {
    const { outcome } = await waitUntil(`the end of ${attempt}`, () =>
      this.ends.find((one) => one.attempt === attempt),
    );
    return outcome;
  }

  #hear(message: FromProcwrap): void {
    if (message.say === 'answer') this.#questions.answered(message.id, message.answer);
    else this.heard.push(message);
  }
}
