/** What can go wrong between a client and its server. Every message is one sentence or more for people. */

/** The command or address is wrong; nothing was sent. */
export class CalledWrongly extends Error {
  override readonly name = 'CalledWrongly';
}

/** No server answers there. */
export class ServerUnreachable extends Error {
  override readonly name = 'ServerUnreachable';
  /** The connection broke after the request was sent, so the server may have acted on it. */
  readonly sent: boolean;

  constructor(message: string, options: { cause?: unknown; sent?: boolean } = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.sent = options.sent ?? false;
  }
}

/** The operating system of this machine or of the server's keeps us from its socket or token. */
export class NotAllowed extends Error {
  override readonly name = 'NotAllowed';
}

/** The server answered with a refusal. */
export class Refused extends Error {
  override readonly name = 'Refused';
  /** For programs, such as `no-such-job`; the job port's manual page lists them. */
  readonly code: string;
  /** HTTP status. */
  readonly status: number;
  /** The job that stands in the way, if one does. */
  readonly job: number | null;

  constructor(refusal: { code: string; message: string; status: number; job: number | null }) {
    super(refusal.message);
    this.code = refusal.code;
    this.status = refusal.status;
    this.job = refusal.job;
  }
}

/** What answered does not speak as this program's server does. */
export class UnknownAnswer extends Error {
  override readonly name = 'UnknownAnswer';
}
