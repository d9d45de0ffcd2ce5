import { closeSync, constants, existsSync, openSync } from 'node:fs';
import { type Ending, type Environment, LostSpawner, startActive } from './run.ts';
import type { ActiveRun } from './spawner/active-run.ts';
import { rootPowerless } from './spawner/node-cell.ts';
import { compiledSpawner } from './spawner-place.ts';

/** What its keeper says when the cell is as it shall be. */
const READY = 'ready';
/** In a new namespace of users everybody has all capabilities: none is made in a cell. */
const FORBID = 'echo 0 >/proc/sys/user/max_user_namespaces';
const LOST = 'the process that starts programs was killed';
/** Of a program that fails, the last words are kept. */
const MOST_WORDS = 4096;

/** What a cell is made of. */
export interface CellRequest {
  /** bubblewrap's program. */
  readonly bubblewrap: string;
  /**
   * What is seen in it, /proc included, and which namespaces beside those of users, processes and mounts are its own,
   * in bubblewrap's words.
   */
  readonly args: readonly string[];
  readonly env: Environment;
}

/**
 * Namespaces that programs are started in: they see the files and processes in it, and no others. It lasts until it is
 * closed, or the spawner ends; whatever runs in it is killed then.
 */
export interface Cell {
  /** For {@link Command.cell}. */
  readonly number: number;
  /** Of pid 1 in it, as it is called outside. */
  readonly pid: number;
  /** Settles when it is gone, for whatever reason. */
  readonly ended: Promise<Ending>;
  close(): void;
}

/**
 * Makes a cell with bubblewrap, which runs as a program of the spawner as long as the cell lasts.
 * @param compiled the spawner's C program, which can be a keeper
 * @throws Error with bubblewrap's own words where it cannot be made
 * @throws NodeJS.ErrnoException ENOENT where there is no bubblewrap
 * @throws LostSpawner if the spawner died over it
 */
export async function openCell(request: CellRequest, compiled = compiledSpawner): Promise<Cell> {
  const { bubblewrap, env } = request;
  const keeper = keeperOf(request.args, compiled);
  const words = new Words();
  const directory = openSync('/', constants.O_RDONLY | constants.O_DIRECTORY);
  const stdin = keeper.stdin === null ? null : openSync(keeper.stdin, constants.O_RDONLY);
  let run: ActiveRun;
  try {
    const program = { program: bubblewrap, args: keeper.args, env, directory, stdin, stdout: 'heard' } as const;
    run = await startActive(program, async (stream, portion) => words.hear(stream, portion));
  } finally {
    closeSync(directory);
    if (stdin !== null) closeSync(stdin);
  }
  const close = () => run.send('kill');
  let pid: number;
  try {
    const ended = run.ended.then(({ lost }) => Promise.reject(lost ? new LostSpawner(LOST) : words.reason()));
    pid = await Promise.race([words.pid, ended]);
    await run.openCell(pid);
  } catch (error) {
    close();
    throw error;
  }
  return { number: run.id, pid, ended: run.ended, close };
}

/**
 * What is pid 1 in a cell, and reaps orphans there. The compiled spawner does it, as standard input, so that no file
 * of ours is seen in the cell; else bubblewrap itself, as long as a child of its own sleeps.
 */
function keeperOf(args: readonly string[], compiled: string): { args: readonly string[]; stdin: string | null } {
  // The keeper has the right to forbid more namespaces, does so, and gives it up.
  const forbids = ['--cap-add', 'CAP_SYS_RESOURCE'];
  const always = ['--unshare-user', '--unshare-pid', '--die-with-parent', '--info-fd', '1', ...args, ...forbids];
  if (existsSync(compiled)) {
    return { args: [...always, '--as-pid-1', '--', '/proc/self/fd/0', '--keep'], stdin: compiled };
  }
  const powerless =
    process.getuid?.() === 0 ? rootPowerless : ['setpriv', '--inh-caps=-all', '--ambient-caps=-all', '--'];
  const forbid = ['/bin/sh', '-c', `${FORBID} && exec "$@"`, 'sh'];
  // Nothing is started there before the right is given up.
  const keep = ['/bin/sh', '-c', `echo ${READY} >&2 && exec sleep infinity`];
  return { args: [...always, '--', ...forbid, ...powerless, ...keep], stdin: null };
}

/** What bubblewrap and the keeper say. */
class Words {
  /** Settles with the number of pid 1, outside, when it is ready. */
  readonly pid: Promise<number>;
  #out = '';
  #err = '';
  #ready: (pid: number) => void = () => {};

  constructor() {
    this.pid = new Promise((settle) => {
      this.#ready = settle;
    });
  }

  hear(stream: 'out' | 'err', portion: Buffer): void {
    if (stream === 'out') this.#out += portion.toString();
    else this.#err = (this.#err + portion.toString()).slice(-MOST_WORDS);
    const pid = /"child-pid": (\d+)/.exec(this.#out)?.[1];
    // Bubblewrap closes what it has said this on, so that the keeper has only the other.
    if (pid !== undefined && this.#err.endsWith(`${READY}\n`)) this.#ready(Number(pid));
  }

  reason(): Error {
    const last = this.#err.trim().split('\n').at(-1);
    return new Error(last === undefined || last === '' ? 'bubblewrap ended without a word' : last);
  }
}
