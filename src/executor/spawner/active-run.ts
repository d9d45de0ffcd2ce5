import { constants } from 'node:os';
import type { Usage } from '../../model/task.ts';
import { systemError } from '../../unix/libc.ts';
import type { Turn } from '../turn.ts';
import type { FromSpawner, Send, Stream, ToSpawner } from './messages.ts';

export interface Ending {
  readonly exit: number | null;
  readonly signal: string | null;
  /** The spawner died: the program is gone, but not by any fault of its own. */
  readonly lost: boolean;
  /** All of it together needed more memory than it might have. */
  readonly outOfMemory: boolean;
  /** Null where it is lost. */
  readonly usage: Usage | null;
}

/** The spawner died before it said that a program runs. */
export class LostSpawner extends Error {}

/** Takes output; nothing more than a window's worth is read until it settles. */
export type Hear = (stream: Stream, portion: Buffer) => Promise<void>;

const signalNames = new Map(Object.entries(constants.signals).map(([name, number]) => [number, name]));

/** One program at the spawner, from its start to its end. */
export class ActiveRun {
  readonly id: number;
  pid: number | null = null;
  /** Settles when it runs. */
  readonly started: Promise<void>;
  /** Settles when nothing of it is left and all of its output was heard. */
  readonly ended: Promise<Ending>;
  readonly #hear: Hear;
  readonly #turn: Turn;
  readonly #say: (message: ToSpawner) => void;
  #heard: Promise<void> = Promise.resolve();
  #begin: () => void = () => {};
  #refuse: (error: Error) => void = () => {};
  #end: (ending: Ending | Promise<Ending>) => void = () => {};
  #opened: (errno: number) => void = () => {};

  constructor(id: number, hear: Hear, turn: Turn, say: (message: ToSpawner) => void) {
    this.id = id;
    this.#hear = hear;
    this.#turn = turn;
    this.#say = say;
    this.started = new Promise((settle, fail) => {
      this.#begin = settle;
      this.#refuse = fail;
    });
    this.ended = new Promise((settle) => {
      this.#end = settle;
    });
  }

  send(signal: Send): void {
    this.#say({ say: 'signal', id: this.id, send: signal });
  }

  /**
   * From now on this is bubblewrap with a cell of which `pid` is pid 1: its {@link id} is the cell's.
   * @throws NodeJS.ErrnoException where nothing can be started in it
   */
  async openCell(pid: number): Promise<void> {
    const opened = new Promise<number>((settle) => {
      this.#opened = settle;
    });
    const ended = this.ended.then(() => constants.errno.ESRCH);
    this.#say({ say: 'cell', id: this.id, pid });
    const errno = await Promise.race([opened, ended]);
    if (errno !== 0) throw systemError(errno, 'cell');
  }

  hear(message: Exclude<FromSpawner, { say: 'ready' }>): void {
    switch (message.say) {
      case 'started':
        this.pid = message.pid;
        this.#turn.come();
        this.#begin();
        break;
      case 'refused':
        // Whoever tries again does so in its own slot.
        if (message.errno !== constants.errno.ECANCELED) this.#turn.come();
        this.#refuse(systemError(message.errno, message.of));
        break;
      case 'output':
        this.#heard = this.#heard.then(() => this.#take(message.stream, message.portion));
        break;
      case 'ended':
        this.#end(this.#heard.then(() => endingOf(message)));
        break;
      case 'opened':
        this.#opened(message.errno);
        break;
    }
  }

  /** Its spawner is gone, and nothing of it is left. */
  lose(): void {
    this.#refuse(new LostSpawner('the process that starts programs was killed'));
    this.#end(this.#heard.then(() => ({ exit: null, signal: null, lost: true, outOfMemory: false, usage: null })));
  }

  async #take(stream: Stream, portion: Buffer): Promise<void> {
    try {
      await this.#hear(stream, portion);
    } catch {
      // Whoever could not use it must not stop the program for good.
    }
    this.#say({ say: 'credit', id: this.id, stream, bytes: portion.length });
  }
}

function endingOf(message: Extract<FromSpawner, { say: 'ended' }>): Ending {
  const exited = message.how === 'exit';
  return {
    exit: exited ? message.value : null,
    signal: exited ? null : (signalNames.get(message.value) ?? `signal ${message.value}`),
    lost: false,
    outOfMemory: message.outOfMemory,
    usage: {
      userSeconds: message.userMicroseconds / 1e6,
      systemSeconds: message.systemMicroseconds / 1e6,
      peakBytes: message.peakBytes,
    },
  };
}
