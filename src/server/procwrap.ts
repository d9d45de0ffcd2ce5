import { Refusal } from '../model/refusal.ts';
import type { Answer, AnswerTo, FromProcwrap, HostSettings, Question, ToProcwrap } from '../protocol/inner.ts';
import { dialLink, type ServerLink } from '../protocol/link.ts';
import { Questions } from '../protocol/questions.ts';
import type { Log } from './options.ts';

export interface ProcwrapOptions {
  readonly socket: string;
  readonly version: string;
  readonly settings: HostSettings;
  /** Null: somebody else keeps a procwrap. */
  readonly start: (() => void) | null;
  readonly heard: (message: Exclude<FromProcwrap, { say: 'answer' }>) => void;
  readonly lost: () => void;
  readonly pause: (milliseconds: number) => Promise<void>;
  readonly log: Log;
}

/** How long after starting a procwrap to wait for it, by tries: about ten seconds in all, the first of them closely. */
const closeTries = 50;
const closePauseMilliseconds = 10;
const startTries = 100;
const startPauseMilliseconds = 200;
/** Between two tries where it comes and goes by somebody else's will, and that takes long. */
const keptPauseMilliseconds = 1000;
/** How many tries there are between two looks whether it is still on its way. */
const tryAgain = 10;

/** The server's end of the inner link: keeps it up, starts a procwrap where none answers, ties answers to questions. */
export class Procwrap {
  readonly #options: ProcwrapOptions;
  readonly #questions = new Questions((id, question) => this.say({ say: 'ask', id, question }));
  #link: ServerLink | null = null;
  #closing = false;
  #connecting: Promise<void> | null = null;

  constructor(options: ProcwrapOptions) {
    this.#options = options;
  }

  get connected(): boolean {
    return this.#link !== null;
  }

  /** Dials until there is a connection, starting a procwrap if none answers. Resolves then, or when closing. */
  connect(): Promise<void> {
    this.#connecting ??= this.#connect().finally(() => {
      this.#connecting = null;
    });
    return this.#connecting;
  }

  async #connect(): Promise<void> {
    for (let tries = 0; !this.#closing && !this.#link; tries++) {
      this.#help(tries);
      try {
        await this.#dial();
      } catch {
        await this.#options.pause(this.#pauseAfter(tries));
      }
    }
  }

  #help(tries: number): void {
    const { start, log } = this.#options;
    if (start === null) {
      if (tries === closeTries) log('warn', 'procwrap does not answer; simulations wait until it is started');
      return;
    }
    // One that is on its way is left alone; one that died on its way is replaced.
    if (tries % tryAgain === 1) start();
    if (tries === startTries) log('error', 'procwrap does not answer; starting another');
  }

  #pauseAfter(tries: number): number {
    if (tries < closeTries) return closePauseMilliseconds;
    return tries < startTries || this.#options.start !== null ? startPauseMilliseconds : keptPauseMilliseconds;
  }

  async #dial(): Promise<void> {
    const { socket, version, settings, log } = this.#options;
    const link = await dialLink(socket, {
      message: (message) => this.#hear(message),
      closed: (reason) => this.#lose(link, reason),
      log,
    });
    if (this.#closing) {
      link.close();
      return;
    }
    this.#link = link;
    link.send({ say: 'hello', version, settings });
  }

  #hear(message: FromProcwrap): void {
    if (message.say === 'answer') this.#questions.answered(message.id, message.answer);
    else this.#options.heard(message);
  }

  #lose(link: ServerLink, reason: string): void {
    if (this.#link !== link) return;
    this.#link = null;
    this.#questions.ended(reason);
    if (this.#closing) return;
    this.#options.log('warn', `procwrap: connection lost (${reason})`);
    this.#options.lost();
    void this.connect();
  }

  /** False if there is no connection. */
  say(message: ToProcwrap): boolean {
    return this.#link?.send(message) ?? false;
  }

  /** @throws Refusal, also when no answer comes in time */
  async ask<Q extends Question>(question: Q, seconds: number): Promise<AnswerTo<Q>> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      const refusal = new Refusal('not-ready', `No answer within ${seconds} seconds. Does a file system hang?`);
      timer = setTimeout(() => reject(refusal), seconds * 1000);
    });
    const answer = this.#questions.ask(question);
    try {
      return await Promise.race([answer, late]);
    } catch (error) {
      answer.then(
        (unwanted) => this.#giveBack(unwanted),
        () => undefined,
      );
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Of an answer that came too late: nobody else will close the file that it opened. */
  #giveBack(unwanted: Answer): void {
    if (unwanted.kind !== 'open') return;
    this.#questions.ask({ ask: 'close', handle: unwanted.handle }).catch(() => undefined);
  }

  /** Takes leave; simulations go on under procwrap. */
  close(): void {
    this.#closing = true;
    this.say({ say: 'farewell' });
    this.#link?.close();
    this.#link = null;
    this.#questions.ended('the server is leaving');
  }
}
