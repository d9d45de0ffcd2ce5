import { Refusal, type RefusalCode } from '../model/refusal.ts';

/**
 * A project is not there, or cannot be opened: for who asks, a refusal; for a simulation, trouble of the place that says
 * nothing of its task.
 */
export class Away extends Refusal {
  /** Why a job waits for it, and what to do, in sentences. */
  readonly waits: string;

  /** @param fact begins a sentence; @param mend is the beginning of another one: what to do about it */
  constructor(code: RefusalCode, refusal: string, fact: string, mend: string) {
    super(code, refusal);
    this.waits = `${fact}. ${mend}, and the job goes on by itself; or cancel the job.`;
  }
}
