import { execFileSync } from 'node:child_process';
import { chmodSync, closeSync, openSync, readFileSync, readSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { top } from '../program.ts';

/** What test/fixtures/failing-io/failing-io.c is told, and what it tells. */

const roles = { server: 1, procwrap: 2, spawner: 4 } as const;
export const calls = { write: 1, sync: 2, rename: 4, open: 8 } as const;
/** Numbers of Linux; a short write is no error. */
export const errors = { EIO: 5, EMFILE: 24, ENOSPC: 28, short: 0 } as const;

export interface Fault {
  readonly role: keyof typeof roles;
  readonly call: keyof typeof calls;
  readonly error: keyof typeof errors;
  /** The number of the call that fails, from now on. */
  readonly nth: number;
  /** How many fail in a row. */
  readonly times: number;
}

const controlBytes = 4096;
const prefixesAt = 48;

/** Why there cannot be such a library here; null if there can. */
export function noCompiler(): string | null {
  if (process.platform !== 'linux') return 'LD_PRELOAD is not tried on this system';
  try {
    execFileSync('cc', ['--version'], { stdio: 'ignore' });
    return null;
  } catch {
    return 'there is no C compiler (cc)';
  }
}

/** A library that is loaded into a daemon, and the file that commands it. */
export class Faults {
  /** For the daemon. */
  readonly env: Readonly<Record<string, string>>;
  readonly #control: number;
  readonly #notes: string;

  /** @param prefixes - the directories in which calls are counted */
  constructor(directory: string, prefixes: readonly string[]) {
    const library = join(directory, 'failing-io.so');
    const source = join(top, 'test/fixtures/failing-io/failing-io.c');
    execFileSync('cc', ['-O2', '-Wall', '-Wextra', '-Werror', '-shared', '-fPIC', '-o', library, source, '-ldl']);
    const control = join(directory, 'failing-io.control');
    this.#notes = join(directory, 'failing-io.notes');
    const bytes = Buffer.alloc(controlBytes);
    bytes.write(prefixes.join('\n'), prefixesAt);
    writeFileSync(control, bytes);
    writeFileSync(this.#notes, '');
    for (const file of [control, this.#notes]) chmodSync(file, 0o666);
    this.#control = openSync(control, 'r+');
    this.env = { LD_PRELOAD: library, FAILING_IO: control, FAILING_IO_LOG: this.#notes };
  }

  /** From now on the n-th such call fails, and as many in all as it says. */
  arm({ role, call, error, nth, times }: Fault): void {
    const bytes = Buffer.alloc(48);
    bytes.writeUInt32LE(roles[role], 0);
    bytes.writeUInt32LE(calls[call], 4);
    bytes.writeInt32LE(errors[error], 8);
    bytes.writeBigUInt64LE(BigInt(nth), 16);
    bytes.writeBigUInt64LE(BigInt(times), 24);
    // First what it must not miss, so that no call is counted by the old order.
    this.clear();
    writeSync(this.#control, bytes, 0, bytes.length, 0);
  }

  /** Nothing fails any more. */
  clear(): void {
    writeSync(this.#control, Buffer.alloc(48), 0, 48, 0);
  }

  /** How many calls have failed since {@link arm}. */
  failed(): number {
    const bytes = Buffer.alloc(8);
    readSync(this.#control, bytes, 0, 8, 40);
    return Number(bytes.readBigUInt64LE());
  }

  /** How many were counted since {@link arm}. */
  count(): number {
    const bytes = Buffer.alloc(8);
    readSync(this.#control, bytes, 0, 8, 32);
    return Number(bytes.readBigUInt64LE());
  }

  /** What was done, in order: `server write 4096 /path`, `procwrap say 0 ...`. */
  notes(): string[] {
    return readFileSync(this.#notes, 'utf8').split('\n').slice(0, -1);
  }

  close(): void {
    closeSync(this.#control);
  }
}

/** Where to begin when only every so-manieth call is taken: another one each time. */
export function firstOf(every: number): number {
  return 1 + Math.floor(Math.random() * every);
}
