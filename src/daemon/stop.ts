/** Why the daemon does not start: a sentence for standard error, and whether the log gets it, too. Exit status 1. */
export class Stop extends Error {
  override readonly name = 'Stop';
  readonly logged: boolean;

  constructor(message: string, options: { logged: boolean; cause?: unknown } = { logged: true }) {
    super(message, { cause: options.cause });
    this.logged = options.logged;
  }
}
