/** Why something that was asked for is not done. The code is for programs, the message for people. */
export const refusalCodes = [
  'malformed',
  'not-allowed',
  'no-such-job',
  'no-such-project',
  'no-such-file',
  'project-not-writable',
  'project-not-readable',
  'project-in-home',
  'unknown-location',
  'unknown-view',
  'unknown-frames',
  'unreadable-rif',
  'plan-refused',
  'plan-failed',
  'no-radiance',
  'view-busy',
  'key-reused',
  'wrong-state',
  'not-ready',
  'too-large',
] as const;

export type RefusalCode = (typeof refusalCodes)[number];

/** A request that is refused, in one sentence; `job` names the job that stands in the way, if one does. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly code: RefusalCode;
  readonly job: number | null;

  constructor(code: RefusalCode, message: string, job: number | null = null) {
    super(message);
    this.code = code;
    this.job = job;
  }
}
