import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Attack } from './attacker.ts';

const script = join(import.meta.dirname, 'attacker.js');

/** An attack that runs in a process of its own; `last` is what it has said last. */
export class Attacker<Said> {
  last: Said | null = null;
  readonly ended: Promise<Said>;
  readonly #child: ChildProcess;

  constructor(attack: Attack) {
    const child = spawn(process.execPath, [script, JSON.stringify(attack)], { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#child = child;
    createInterface({ input: child.stdout }).on('line', (line) => {
      this.last = JSON.parse(line) as Said;
    });
    this.ended = new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (status) => {
        if (this.last !== null && status === 0) resolve(this.last);
        else reject(new Error(`the attacker ended with ${status}`));
      });
    });
    this.ended.catch(() => undefined);
  }

  async stop(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.ended.catch(() => undefined);
  }
}
