import { Refusal, type RefusalCode, refusalCodes } from '../model/refusal.ts';
import type { Answer, AnswerTo, Question } from './inner.ts';

type Waiting = { settle: (answer: Answer) => void; fail: (error: Error) => void };

/** Ties answers to questions by their ids. Every question settles: with its answer, a refusal, or the link's end. */
export class Questions {
  readonly #send: (id: number, question: Question) => boolean;
  readonly #waiting = new Map<number, Waiting>();
  #next = 1;

  /** `send` says whether the question is on its way. */
  constructor(send: (id: number, question: Question) => boolean) {
    this.#send = send;
  }

  /** @throws Refusal if it is refused, or (`not-ready`) if the link is not there or ends. */
  async ask<Q extends Question>(question: Q): Promise<AnswerTo<Q>> {
    const id = this.#next++;
    const answer = await new Promise<Answer>((settle, fail) => {
      this.#waiting.set(id, { settle, fail });
      if (!this.#send(id, question)) this.#forget(id, 'procwrap is not there');
    });
    if (answer.kind === 'refused') throw new Refusal(codeOf(answer.code), answer.message);
    if (answer.kind !== question.ask)
      throw new Error(`an answer to "${answer.kind}" where "${question.ask}" was asked`);
    return answer as AnswerTo<Q>;
  }

  /** Hands an answer to whoever waits for it; one that nobody waits for is dropped. */
  answered(id: number, answer: Answer): void {
    this.#waiting.get(id)?.settle(answer);
    this.#waiting.delete(id);
  }

  /** The link ended: nothing that was asked will be answered. */
  ended(reason: string): void {
    for (const id of [...this.#waiting.keys()]) this.#forget(id, reason);
  }

  #forget(id: number, reason: string): void {
    this.#waiting.get(id)?.fail(new Refusal('not-ready', `The host is not connected (${reason}). Try again.`));
    this.#waiting.delete(id);
  }
}

function codeOf(text: string): RefusalCode {
  return refusalCodes.find((code) => code === text) ?? 'malformed';
}
