import { closeSync, constants, existsSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../../src/executor/clock.ts';
import { type Command, type Environment, type Run, start, useSpawner } from '../../src/executor/run.ts';
import { findMarked, type Marked, markOfHome } from '../../src/executor/spawner/mark.ts';
import type { SpawnerKind } from '../../src/executor/spawner/process.ts';
import { Spawner } from '../../src/executor/spawner/spawner.ts';
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
      const command = { program, args, env: this.env, directory, stdin: null, stdout: 'heard', ...more } as const;
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

  /** Everything of this lab that has a process but the spawner, zombies too. */
  processes(): number[] {
    return findMarked(this.home).filter((pid) => pid !== this.spawner.pid);
  }

  /** The spawner's children, zombies too. */
  children(): string {
    const { pid } = this.spawner;
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  }

  async close(): Promise<void> {
    useSpawner(null);
    await this.spawner.close();
    this.base[Symbol.dispose]();
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
