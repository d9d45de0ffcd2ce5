import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, statSync } from 'node:fs';
import type { Wanted } from '../../src/ambient/gate.ts';
import { readHeader } from '../../src/ambient/header.ts';
import { parametersOf } from '../../src/ambient/parameters.ts';
import { simulationEnvironment } from '../../src/executor/installation.ts';
import { RealRoom } from './ambient.ts';
import { temporary } from './executor.ts';
import { skip } from './skip.ts';
import { waitUntil } from './wait-until.ts';

const options = '-t 1 -ab 2 -ad 16 -as 0 -aa .15 -ar 64 -vh 60 -vv 60'.split(' ');
const views = { door: '-vp 0.5 0.5 1.5 -vd 1 1 -.1', window: '-vp 3.5 0.5 1.5 -vd -1 1 -.1' } as const;

export interface Render {
  readonly view?: keyof typeof views;
  readonly pixels?: number;
}

/** A real rpict that runs. Nobody reads its picture, so that it stands still when 64 KB of it are written. */
export class Simulation {
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;
  stderr = '';

  constructor(child: ChildProcess) {
    this.child = child;
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
    });
    this.ended = new Promise((settle) => child.on('close', settle));
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** What rpict says of the file, without its progress. */
  get complaints(): string[] {
    return this.stderr.split('\n').filter((line) => line !== '' && !line.includes('% after'));
  }

  /** Its first progress line: octree and ambient file are loaded. */
  async hasLoaded(): Promise<void> {
    await waitUntil('the first progress line', () => this.stderr.includes('% after') || this.child.exitCode !== null);
  }

  readPicture(): void {
    this.child.stdout?.resume();
  }

  get state(): string {
    const stat = readFileSync(`/proc/${this.pid}/stat`, 'utf8');
    return stat.charAt(stat.lastIndexOf(')') + 2);
  }

  signal(name: NodeJS.Signals): void {
    process.kill(this.pid, name);
  }

  async end(): Promise<void> {
    this.readPicture();
    if (this.child.exitCode === null && this.child.signalCode === null) this.signal('SIGKILL');
    await this.ended;
  }
}

/** The small room, for several real rpicts that share an ambient file. */
export class SharedRoom extends RealRoom {
  readonly descriptor: number;
  readonly running: Simulation[] = [];
  readonly #variables = simulationEnvironment(RealRoom.installation, process.env);

  constructor(directory: string) {
    super(directory);
    this.descriptor = openSync(directory, 'r');
  }

  static argsOf(name: string, { view = 'door', pixels = 32 }: Render = {}): string[] {
    const size = ['-x', String(pixels), '-y', String(pixels)];
    return [...options, ...views[view].split(' '), ...size, '-af', name, 'room.oct'];
  }

  start(name: string, render: Render = {}): Simulation {
    return this.background('rpict', SharedRoom.argsOf(name, render));
  }

  /** Its input is open and empty. */
  background(program: string, args: readonly string[]): Simulation {
    const child = spawn(program, args, { cwd: this.directory, env: { ...this.#variables } });
    const simulation = new Simulation(child);
    this.running.push(simulation);
    return simulation;
  }

  /** From its start to its end. */
  async rendered(name: string, render: Render = {}): Promise<Simulation> {
    const simulation = this.start(name, render);
    simulation.readPicture();
    await simulation.ended;
    return simulation;
  }

  wanted(path: string, more: Partial<Wanted> = {}): Wanted {
    const modified = statSync(this.at('room.oct')).mtimeMs;
    return {
      directory: this.descriptor,
      path,
      octree: { path: 'room.oct', sha256: 'a'.repeat(64), modified },
      parameters: parametersOf('rpict', SharedRoom.argsOf(path)),
      radiance: 'RADIANCE 6.0a',
      ...more,
    };
  }

  /** Each whole record of a file; bytes that are over at the end. */
  records(name: string): { readonly all: readonly string[]; readonly over: number } {
    const bytes = this.bytes(name);
    const header = readHeader(bytes);
    if ('problem' in header) throw new Error(header.problem);
    const { start, recordBytes } = header;
    const count = Math.floor((bytes.length - start) / recordBytes);
    const at = (number: number) =>
      bytes.toString('latin1', start + number * recordBytes, start + (number + 1) * recordBytes);
    return {
      all: Array.from({ length: count }, (_, number) => at(number)),
      over: (bytes.length - start) % recordBytes,
    };
  }

  async close(): Promise<void> {
    for (const simulation of this.running) await simulation.end();
    closeSync(this.descriptor);
  }
}

/** Gives each test of a suite a room with a file that rpict has written; without Radiance the suite is skipped. */
export function inSharedRooms(name: string, begin: (room: SharedRoom) => void): void {
  let base: ReturnType<typeof temporary> | undefined;
  let room: SharedRoom | undefined;
  before(function () {
    if (!SharedRoom.installation.found) skip(this, SharedRoom.installation.says);
  });
  beforeEach(async () => {
    base = temporary('shared-room');
    room = new SharedRoom(base.path);
    await room.rendered(name);
    begin(room);
  });
  afterEach(async () => {
    await room?.close();
    base?.[Symbol.dispose]();
  });
}

/** How many of some records are not among others. */
export function lost(some: readonly string[], others: readonly string[]): number {
  const there = new Set(others);
  return some.filter((record) => !there.has(record)).length;
}
