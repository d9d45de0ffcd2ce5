import { join } from 'node:path';
import { Running, top } from './program.ts';
import { waitUntil } from './wait-until.ts';

/** Stands for systemd: what a service tells it. */
export class TestManager {
  /** For NOTIFY_SOCKET: a path, or `@` and an abstract name. */
  readonly address: string;
  readonly #program: Running;

  private constructor(address: string) {
    this.address = address;
    this.#program = new Running('python3', [join(top, 'test/fixtures/daemon/notify-socket.py'), address], {
      milliseconds: 120_000,
    });
  }

  static async at(address: string): Promise<TestManager> {
    const manager = new TestManager(address);
    await manager.#program.says('listening');
    return manager;
  }

  /** The messages until now, each as its lines. */
  get messages(): string[][] {
    const lines = this.#program.stdout.split('\n').filter((line) => line.startsWith('['));
    return lines.map((line) => JSON.parse(line) as string[]);
  }

  /** All lines of all messages. */
  get lines(): string[] {
    return this.messages.flat();
  }

  /** Waits until it was told this, `times` times. */
  async hears(line: string | RegExp, times = 1): Promise<void> {
    const isIt = (one: string) => (typeof line === 'string' ? one === line : line.test(one));
    await waitUntil(`"${line}" to the service manager, which heard ${this.lines.join(' ')}`, () => {
      return this.lines.filter(isIt).length >= times;
    });
  }

  /** From now on it takes nothing. */
  freeze(): void {
    this.#program.kill('SIGSTOP');
  }

  async close(): Promise<void> {
    this.#program.kill('SIGKILL');
    await this.#program.ended;
  }
}
