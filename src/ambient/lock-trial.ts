import { randomUUID } from 'node:crypto';

/** Node.js starts slowly on a busy host, ms; that says nothing of the file system. */
const STARTED_WITHIN = 30_000;
/** After that the file system hangs, ms. */
const ANSWERED_WITHIN = 5000;

export interface ProbeClock {
  /** Milliseconds since some moment. */
  passed(): number;
  /** Calls `deed` once, later; the returned function takes that back. */
  after(milliseconds: number, deed: () => void): () => void;
}

/** A running lock-probe process. */
export interface ProbeChild {
  /** With TERM, or with KILL. One that hangs in the kernel may outlive even that, and is not waited for. */
  stop(how: 'gently' | 'at once'): void;
  /** Settles when it is gone. */
  readonly ended: Promise<unknown>;
}

/** Starts `lock-probe WORD...` (ambient/lock-child.ts), without touching the file system that is probed. */
export type StartChild = (words: readonly string[], says: (line: string) => void) => Promise<ProbeChild>;

/** `refused` is good. `silent`: no answer in time. `gone`: a child ended without one. `failed CODE`. */
export type Verdict = 'refused' | 'obtained' | 'silent' | 'gone' | `failed ${string}`;

/** What one process is told about a lock that another one holds, in a file of their own in the directory. */
export async function tryLocks(path: string, start: StartChild, clock: ProbeClock): Promise<Verdict> {
  const name = `.rayserver-locks-${randomUUID()}`;
  const child = (verb: string) => Speaker.start([verb, path, name], start, clock);
  const holder = await child('hold');
  const first = await holder.answer();
  let verdict = first;
  if (first === 'held') {
    const other = await child('try');
    verdict = await other.answer();
    other.stop();
  }
  // Asked to, the holder removes the file; one that was killed cannot.
  if (first !== 'held' || !(await holder.leave())) {
    holder.stop();
    if (first === 'silent' || first === 'gone' || first === 'held') {
      const remover = await child('remove');
      await remover.answer();
      remover.stop();
    }
  }
  return isVerdict(verdict) ? verdict : 'gone';
}

function isVerdict(line: string): line is Verdict {
  return /^(refused|obtained|silent|gone|failed .+)$/.test(line);
}

/** A child that says one thing after `started`. */
class Speaker {
  readonly #clock: ProbeClock;
  readonly #lines: string[] = [];
  #child: ProbeChild | null = null;
  #over = false;
  #wake = () => {};

  private constructor(clock: ProbeClock) {
    this.#clock = clock;
  }

  static async start(words: readonly string[], start: StartChild, clock: ProbeClock): Promise<Speaker> {
    const speaker = new Speaker(clock);
    const child = await start(words, (line) => {
      speaker.#lines.push(line);
      speaker.#wake();
    });
    speaker.#child = child;
    void child.ended.then(() => {
      speaker.#over = true;
      speaker.#wake();
    });
    return speaker;
  }

  async answer(): Promise<string> {
    const started = await this.#next(STARTED_WITHIN);
    return started === 'started' ? await this.#next(ANSWERED_WITHIN) : started;
  }

  /** Asks it to end. @returns whether it did, in time */
  async leave(): Promise<boolean> {
    this.#child?.stop('gently');
    return (await this.#next(ANSWERED_WITHIN)) === 'gone';
  }

  stop(): void {
    this.#child?.stop('at once');
  }

  async #next(milliseconds: number): Promise<string> {
    let late = false;
    const takeBack = this.#clock.after(milliseconds, () => {
      late = true;
      this.#wake();
    });
    while (this.#lines.length === 0 && !this.#over && !late) {
      await new Promise<void>((settle) => {
        this.#wake = settle;
      });
    }
    takeBack();
    return this.#lines.shift() ?? (this.#over ? 'gone' : 'silent');
  }
}
