import { spawnSync } from 'node:child_process';
import { closeSync, constants, existsSync, openSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { type Cell, openCell } from '../../src/executor/cell.ts';
import type { Clock } from '../../src/executor/clock.ts';
import { type Command, type Environment, type Run, start, useSpawner } from '../../src/executor/run.ts';
import { findMarked, type Marked, markOfHome } from '../../src/executor/spawner/mark.ts';
import type { SpawnerKind } from '../../src/executor/spawner/process.ts';
import { Spawner } from '../../src/executor/spawner/spawner.ts';
import { limitOf, RLIMIT_LOCKS } from '../../src/unix/processes.ts';
import { HandClock, temporary } from './executor.ts';

export interface Started {
  readonly run: Run;
  /** What it said so far. */
  readonly said: { out: string; err: string };
}

/** A spawner of a kind, a directory to start programs in, and time that passes by hand. */
export class SpawnerLab {
  readonly clock = new HandClock();
  readonly base = temporary('spawner');
  readonly log: string[] = [];
  readonly home: Marked = markOfHome(this.base.path);
  readonly spawner: Spawner;
  readonly env: Environment = { PATH: process.env['PATH'] ?? '/usr/bin:/bin', LC_ALL: 'C' };
  /** Where programs are started, if not outside of all cells. */
  cell: Cell | null = null;

  constructor(kind: SpawnerKind | undefined, compiled?: string, clock?: Clock) {
    this.spawner = new Spawner({
      home: this.home,
      log: (_, text) => this.log.push(text),
      asked: kind,
      ...(compiled === undefined ? {} : { compiled }),
      ...(clock === undefined ? {} : { clock }),
    });
    useSpawner(this.spawner);
  }

  /** From now on programs are started in a new cell, which shows the system's programs and the directory. */
  async enterCell(path: string = this.base.path, keeper?: string): Promise<Cell> {
    this.cell = await openCell({ bubblewrap: 'bwrap', args: shown(path), env: this.env }, keeper);
    return this.cell;
  }

  /** Starts a program in the directory; what it says is kept. */
  async start(program: string, args: readonly string[], more: Partial<Command> = {}): Promise<Started> {
    const said = { out: '', err: '' };
    const run = await this.heard(program, args, more, async (stream, portion) => {
      said[stream] += portion.toString();
    });
    return { run, said };
  }

  async heard(
    program: string,
    args: readonly string[],
    more: Partial<Command>,
    hear: (stream: 'out' | 'err', portion: Buffer) => Promise<void>,
  ): Promise<Run> {
    const directory = openSync(this.base.path, constants.O_RDONLY | constants.O_DIRECTORY);
    try {
      const where = { directory, cell: this.cell?.number ?? null };
      const command = { program, args, env: this.env, ...where, stdin: null, stdout: 'heard', ...more } as const;
      return await start(command, hear, this.clock);
    } finally {
      closeSync(directory);
    }
  }

  sh(script: string, more: Partial<Command> = {}): Promise<Started> {
    return this.start('sh', ['-c', script], more);
  }

  at(name: string): string {
    return join(this.base.path, name);
  }

  /** A number that a program wrote into a file; null until it did. */
  number(name: string): number | null {
    return existsSync(this.at(name)) ? Number(readFileSync(this.at(name), 'utf8')) || null : null;
  }

  /** The process whose number a program wrote into a file: it is another one outside of its cell. */
  process(name: string): number | null {
    const number = this.number(name);
    if (this.cell === null || number === null) return number;
    const inside = (pid: number) => Number(/^NSpid:.*\t\d+\t(\d+)$/m.exec(statusOf(pid))?.[1]);
    const keeper = findMarked(this.home).find((pid) => inside(pid) === 1) ?? 0;
    const isThere = (pid: number) => inside(pid) === number && namespaceOf(pid) === namespaceOf(keeper);
    return readdirSync('/proc').map(Number).find(isThere) ?? null;
  }

  /** All programs of this lab, zombies too. */
  processes(): number[] {
    return findMarked(this.home).filter((pid) => !this.#isOurs(pid));
  }

  /** The spawner's children that are programs, zombies too. */
  children(): string {
    const { pid } = this.spawner;
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ');
    return children.filter((child) => !this.#isOurs(Number(child))).join(' ');
  }

  /** Spawner, ushers, bubblewrap and the keeper. */
  #isOurs(pid: number): boolean {
    const number = (limitOf(pid, RLIMIT_LOCKS)?.soft ?? 0n) & 0xfffffn;
    return number === 0xfffffn || (this.cell !== null && number === BigInt(this.cell.number));
  }

  async close(): Promise<void> {
    useSpawner(null);
    await this.spawner.close();
    this.base[Symbol.dispose]();
  }
}

/** What a cell of the tests shows. */
export function shown(path: string): string[] {
  const links = ['bin', 'lib', 'lib64', 'sbin'].flatMap((name) => linkTo(name));
  const devices = ['null', 'zero'].flatMap((name) => ['--dev-bind', `/dev/${name}`, `/dev/${name}`]);
  const system = ['--ro-bind', '/usr', '/usr', '--ro-bind', '/etc', '/etc', ...links, '--proc', '/proc'];
  return [
    '--unshare-net',
    '--unshare-ipc',
    ...system,
    '--tmpfs',
    '/tmp',
    '--dir',
    '/dev',
    ...devices,
    '--bind',
    path,
    path,
  ];
}

function linkTo(name: string): string[] {
  try {
    return ['--symlink', readlinkSync(`/${name}`), `/${name}`];
  } catch {
    return existsSync(`/${name}`) ? ['--ro-bind', `/${name}`, `/${name}`] : [];
  }
}

/** Why no cell can be made here; null where one can be. */
export function noCells(): string | null {
  const { error, status, stderr } = spawnSync('bwrap', [
    '--unshare-user',
    '--unshare-pid',
    ...shown('/usr'),
    '/bin/true',
  ]);
  if (error) return 'there is no bubblewrap';
  return status === 0 ? null : `bubblewrap cannot make a cell here (${stderr.toString().trim()})`;
}

function namespaceOf(pid: number): string | null {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`);
  } catch {
    return null;
  }
}

function statusOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch {
    return '';
  }
}

/** The state letter of a process, such as `T` where it is stopped; null if it is gone. */
export function stateOf(pid: number): string | null {
  try {
    return /\) (\w) /.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1] ?? null;
  } catch {
    return null;
  }
}
