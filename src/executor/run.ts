import { fstatSync, readlinkSync } from 'node:fs';
import type { Clock } from './clock.ts';
import { type ActiveRun, type Ending, type Hear, LostSpawner } from './spawner/active-run.ts';
import { markOfHome } from './spawner/mark.ts';
import type { Place } from './spawner/messages.ts';
import { Spawner } from './spawner/spawner.ts';
import { Turn } from './turn.ts';

export { type Ending, type Hear, LostSpawner };

/** Between TERM and KILL, ms. */
const TERM_PATIENCE = 10_000;

export type Environment = Readonly<Record<string, string>>;

/** A program to start. Descriptors are the caller's, who closes them after {@link start} has settled. */
export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Environment;
  /** Descriptor of the working directory. */
  readonly directory: number;
  /** Where that is, if somebody keeps it in mind. */
  readonly where?: Whereabouts;
  /** Descriptor of a file, which is opened anew and read from its beginning; null for none. */
  readonly stdin: number | null;
  readonly stdout: number | 'heard' | 'dropped';
  /** For the program's own information, such as `12.3.1`: RAYSERVER_ATTEMPT. */
  readonly attempt?: string;
  /** How many processes it may have, or all of them where it has no control group; without it, as many as the user may. */
  readonly processes?: number;
  /** Bytes of memory that it may use, and each of its processes may have of its own. */
  readonly memory?: number;
  /** How many files each of its processes may have open. */
  readonly files?: number;
  /** The number of the cell that it runs in (cell.ts); null, as without it, for none. */
  readonly cell?: number | null;
  /** It has no capabilities, and calls of the kernel that no renderer needs are refused to it: always so in a cell. */
  readonly confined?: boolean;
  /** Without it, it starts at once. */
  readonly turn?: Turn;
  /** With its end its slot is free for one that waits for its turn. */
  readonly yields?: boolean;
}

/** A program that runs in a process group of its own, at nice 10. */
export interface Run {
  readonly pid: number;
  /** Settles when the program and all that it started are gone and their output was heard. It never rejects. */
  readonly ended: Promise<Ending>;
  /** Ends it and all that it started: with TERM and ten seconds later KILL, or at once with KILL. */
  stop(how: 'gently' | 'at once'): void;
  /** Stops it and all that it started where they are. One that is stopped for good goes on to end. */
  pause(): void;
  resume(): void;
}

let spawner: Spawner | null = null;

/** From now on programs are started by this one; null: by one that is made when it is needed. */
export function useSpawner(given: Spawner | null): void {
  spawner = given;
}

/** What starts programs, as far as it is known; null: nothing was started yet. */
export function spawnerInUse(): Pick<Spawner, 'kind' | 'groups'> | null {
  return spawner;
}

/**
 * Starts a program through the spawner of this process.
 * @throws NodeJS.ErrnoException if it cannot be started: ENOENT where there is no such program; ECANCELED if its turn
 *   was cancelled
 * @throws LostSpawner if the spawner died over it: it is as if it had been lost while it ran
 */
export async function start(command: Command, hear: Hear, clock: Clock): Promise<Run> {
  return new Supervised(await startActive(command, hear), clock);
}

/** As {@link start}, for those that speak with the spawner themselves. */
export async function startActive(command: Command, hear: Hear): Promise<ActiveRun> {
  spawner ??= new Spawner({ home: markOfHome('/proc/self'), log: () => {}, asked: process.env['RAYSERVER_SPAWNER'] });
  const { program, args, env, attempt, processes, stdout } = command;
  const where = command.where ?? new Whereabouts(command.directory);
  const request = {
    env,
    attempt: attempt === undefined ? '' : `RAYSERVER_ATTEMPT=${attempt}`,
    args: [program, ...args],
    processes: processes ?? null,
    memory: command.memory ?? 0,
    files: command.files ?? 0,
    cell: command.cell ?? 0,
    confined: command.confined ?? false,
    turn: command.turn ?? new Turn(false),
    yields: command.yields ?? false,
    places: () => ({
      directory: where.place,
      stdin: command.stdin === null ? null : placeOf(command.stdin),
      stdout: typeof stdout === 'number' ? placeOf(stdout) : stdout === 'heard' ? ('heard' as const) : null,
    }),
  };
  return await spawner.start(request, hear).catch((error: NodeJS.ErrnoException) => {
    // Renamed between our look and the spawner's: once more, from its new name.
    where.forget();
    if (error.code === 'ESTALE' && spawner) return spawner.start(request, hear);
    throw error;
  });
}

/** Where a directory is, looked up once until it is forgotten: it may have been renamed since. */
export class Whereabouts {
  readonly #fd: number;
  #place: Place | null = null;

  constructor(fd: number) {
    this.#fd = fd;
  }

  get place(): Place {
    this.#place ??= placeOf(this.#fd);
    return this.#place;
  }

  forget(): void {
    this.#place = null;
  }
}

class Supervised implements Run {
  readonly pid: number;
  readonly ended: Promise<Ending>;
  readonly #active: ActiveRun;
  readonly #clock: Clock;
  #over = false;
  #takeBack = () => {};

  constructor(active: ActiveRun, clock: Clock) {
    this.#active = active;
    this.#clock = clock;
    this.pid = active.pid ?? 0;
    this.ended = active.ended.then((ending) => {
      this.#over = true;
      this.#takeBack();
      return ending;
    });
  }

  stop(how: 'gently' | 'at once'): void {
    if (this.#over) return;
    this.#takeBack();
    this.#active.send(how === 'gently' ? 'term' : 'kill');
    if (how === 'gently') this.#takeBack = this.#clock.after(TERM_PATIENCE, () => this.#active.send('kill'));
  }

  pause(): void {
    if (!this.#over) this.#active.send('stop');
  }

  resume(): void {
    if (!this.#over) this.#active.send('continue');
  }
}

/** Where the file or directory with this descriptor is now, and what it is. */
function placeOf(fd: number): Place {
  const { dev, ino } = fstatSync(fd, { bigint: true });
  return { path: readlinkSync(`/proc/self/fd/${fd}`), device: dev, inode: ino };
}
