import { fileURLToPath } from 'node:url';
import { Refusal } from '../model/refusal.ts';
import { withNodeOptions } from '../unix/node-options.ts';
import type { Host } from './host.ts';
import { type Run, start } from './run.ts';

const SECONDS = 120;
const program = fileURLToPath(new URL('../bin/picture.js', import.meta.url));

/** A picture that a child process turns into a PNG, as fast as it is read. */
export class PngSource {
  readonly #path: string;
  readonly #waiting: { portion: Buffer; taken: () => void }[] = [];
  #run: Run | null = null;
  #wake: () => void = () => {};
  #failure: Refusal | null = null;
  #over = false;
  #messages = '';
  #closed = false;

  private constructor(path: string) {
    this.#path = path;
  }

  /**
   * Starts with the picture at descriptor `picture`, which it does not close.
   * @throws Refusal if it is no picture
   */
  static async open(path: string, directory: number, picture: number, host: Host): Promise<PngSource> {
    const source = new PngSource(path);
    const command = {
      program: process.execPath,
      args: [program],
      env: withNodeOptions(host.env),
      directory,
      stdin: picture,
      stdout: 'heard',
      processes: host.settings.services.radiance.processes,
    } as const;
    const run = await start(command, (stream, portion) => source.#hear(stream, portion), host.clock);
    source.#run = run;
    const takeBack = host.clock.after(SECONDS * 1000, () => run.stop('at once'));
    host.helped(run).then(
      ({ exit, signal }) => {
        takeBack();
        source.#end(exit === 0 ? null : source.#why(signal));
      },
      () => {},
    );
    await source.#something();
    if (source.#failure) throw source.#failure;
    return source;
  }

  async next(): Promise<Buffer> {
    await this.#something();
    const first = this.#waiting.shift();
    if (!first) {
      if (this.#failure) throw this.#failure;
      return Buffer.alloc(0);
    }
    first.taken();
    return first.portion;
  }

  close(): void {
    this.#closed = true;
    this.#run?.stop('at once');
    for (const { taken } of this.#waiting.splice(0)) taken();
  }

  #hear(stream: 'out' | 'err', portion: Buffer): Promise<void> {
    if (stream === 'err') {
      this.#messages = (this.#messages + portion.toString()).slice(-2000);
      return Promise.resolve();
    }
    if (this.#closed) return Promise.resolve();
    return new Promise((taken) => {
      this.#waiting.push({ portion, taken });
      this.#wake();
    });
  }

  #end(failure: Refusal | null): void {
    this.#over = true;
    this.#failure = failure;
    this.#wake();
  }

  #why(signal: string | null): Refusal {
    const said = this.#messages.trim().split('\n').at(-1);
    const why = signal === null ? said || 'the program that does it failed' : 'it took too long';
    return new Refusal('no-such-file', `${this.#path} cannot be shown as PNG: ${why.replace(/\.$/, '')}.`);
  }

  /** Settles when there is a portion, or nothing more comes. */
  async #something(): Promise<void> {
    while (this.#waiting.length === 0 && !this.#over) {
      await new Promise<void>((settle) => {
        this.#wake = settle;
      });
    }
  }
}
