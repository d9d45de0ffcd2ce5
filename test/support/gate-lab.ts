import { chmodSync, closeSync, mkdirSync, openSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Model } from '../../src/ambient/fits.ts';
import { Gate, type Wanted } from '../../src/ambient/gate.ts';
import { readHeader } from '../../src/ambient/header.ts';
import { parametersOfHeader } from '../../src/ambient/parameters.ts';
import type { Limits, Passage } from '../../src/ambient/passage.ts';
import { readSidecar, type Sidecar } from '../../src/ambient/sidecar.ts';
import { realClock } from '../../src/executor/clock.ts';
import { tryLock } from '../../src/unix/locks.ts';
import { ambientHeader, ambientRecords } from './ambient.ts';
import { temporary } from './executor.ts';
import { nobody } from './lab.ts';

/** Real time that can be put forward, and tells how often somebody had to wait. */
export class LabClock {
  ahead = 0;
  waits = 0;

  passed(): number {
    return realClock.passed() + this.ahead;
  }

  after(milliseconds: number, deed: () => void): () => void {
    this.waits += 1;
    return realClock.after(milliseconds, deed);
  }
}

const name = 'ambfiles/room.amb';

/** That of files made by hand. */
export function labModel(): Model {
  const header = readHeader(ambientHeader());
  if ('problem' in header) throw new Error(header.problem);
  const octree = { path: 'octrees/room.oct', sha256: 'a'.repeat(64), modified: 0 };
  return { octree, parameters: parametersOfHeader(header), radiance: 'RADIANCE 6.0a' };
}

/** A project with an ambient file, made by hand, and a gate. */
export class GateLab {
  readonly clock = new LabClock();
  readonly gate: Gate;
  readonly directory: string;
  readonly #base = temporary('gate');
  readonly #descriptor: number;
  readonly #open: number[] = [];
  readonly #passages: Passage[] = [];

  constructor(limits: Partial<Limits> = {}) {
    this.gate = new Gate(this.clock, limits);
    this.directory = this.#base.path;
    mkdirSync(join(this.directory, 'ambfiles'));
    this.#descriptor = openSync(this.directory, 'r');
  }

  at(more = ''): string {
    return join(this.directory, name + more);
  }

  /** A sound file of so many records. */
  write(records: number, after: Buffer = Buffer.alloc(0), header: Buffer = ambientHeader()): void {
    writeFileSync(this.at(), Buffer.concat([header, ambientRecords(records), after]));
  }

  get bytes(): number {
    return statSync(this.at()).size;
  }

  get sidecar(): Sidecar | null {
    return readSidecar(readFileSync(this.at('.json'), 'utf8'));
  }

  wanted(more: Partial<Wanted> = {}): Wanted {
    return { directory: this.#descriptor, path: name, ...labModel(), ...more };
  }

  async enter(more: Partial<Wanted> = {}, giveUp: () => boolean = () => false): Promise<Passage> {
    const passage = await this.gate.enter(this.wanted(more), giveUp);
    this.#passages.push(passage);
    return passage;
  }

  /** What somebody else would get of the file, or of what stands beside it, just now. */
  free(more = '', how: 'r' | 'r+' = 'r+'): 'nothing' | 'read' | 'write' {
    const fd = this.open(more, how);
    const kinds = how === 'r' ? (['read'] as const) : (['write', 'read'] as const);
    const gets = kinds.find((kind) => tryLock(fd, kind)) ?? 'nothing';
    this.close(fd);
    return gets;
  }

  /** Opened by somebody else. */
  open(more = '', how: 'r' | 'r+' = 'r+'): number {
    const fd = openSync(this.at(more), how);
    this.#open.push(fd);
    return fd;
  }

  close(fd: number): void {
    this.#open.splice(this.#open.indexOf(fd), 1);
    closeSync(fd);
  }

  /** Until the returned function is called this process can only read the file. */
  forbidWriting(): () => void {
    chmodSync(this.at(), 0o444);
    chmodSync(this.directory, 0o755);
    // Modes mean nothing to root.
    if (nobody) process.seteuid?.(nobody.uid);
    return () => {
      if (nobody) process.seteuid?.(0);
      chmodSync(this.at(), 0o664);
    };
  }

  async remove(): Promise<void> {
    for (const fd of this.#open) closeSync(fd);
    for (const passage of this.#passages) await passage.leave();
    closeSync(this.#descriptor);
    this.#base[Symbol.dispose]();
  }
}
