import { notify } from '../unix/notify.ts';
import type { ServiceManager } from '../unix/service-manager.ts';
import { type HeartbeatOptions, startHeartbeat } from './heartbeat.ts';
import { Status } from './status.ts';

/** What this process tells the service manager that has started it (sd_notify(3)); where there is none, nothing. */
export class Manager {
  readonly #manager: ServiceManager;
  readonly #status: Status;
  #serves = false;

  constructor(manager: ServiceManager) {
    this.#manager = manager;
    this.#status = new Status((line) => this.#tell(`STATUS=${line}`));
  }

  /** Gives signs of life if they are wanted. */
  watch({ check, trouble }: Pick<HeartbeatOptions, 'check' | 'trouble'>): void {
    const { watchdog } = this.#manager;
    if (watchdog === null) return;
    const every: HeartbeatOptions['every'] = (milliseconds, then) => void setInterval(then, milliseconds).unref();
    startHeartbeat({ watchdog, check, trouble, every, beat: () => this.#tell('WATCHDOG=1') });
  }

  /** @param line - how it stands, in a few words */
  ready(line: () => string): void {
    if (this.#manager.notify === null) return;
    this.#serves = true;
    this.#tell('READY=1', `STATUS=${this.#status.open(line)}`);
  }

  /** The line may be another one now. */
  changed(): void {
    this.#status.changed();
  }

  reloading(): void {
    if (this.#serves) this.#tell('RELOADING=1', `MONOTONIC_USEC=${process.hrtime.bigint() / 1000n}`);
  }

  reloaded(): void {
    if (this.#serves) this.#tell('READY=1');
  }

  /** Why the start fails, in one line. */
  failing(message: string): void {
    this.#tell(`STATUS=${message.replaceAll('\n', ' ')}`);
  }

  stopping(line: string): void {
    this.#status.close();
    this.#tell('STOPPING=1', `STATUS=${line}`);
  }

  #tell(...lines: readonly string[]): void {
    const { notify: address } = this.#manager;
    if (address !== null) notify(address, ...lines);
  }
}
