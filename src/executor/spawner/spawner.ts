import { constants, release } from 'node:os';
import { systemError } from '../../unix/libc.ts';
import { type Clock, realClock } from '../clock.ts';
import { countProcesses, endMarked } from '../leftovers.ts';
import { compiledSpawner } from '../spawner-place.ts';
import type { Turn } from '../turn.ts';
import { ActiveRun, type Hear, LostSpawner } from './active-run.ts';
import { type Marked, markOfLife, RUNS, signalQuietly } from './mark.ts';
import { ENVIRONMENTS, type FromSpawner, type Groups, type Place, type StartMessage } from './messages.ts';
import { type SpawnerKind, SpawnerProcess, spawnerKind } from './process.ts';

/** How long it may take to start, ms. */
const READY_PATIENCE = 30_000;
/** A spawner that dies as often as this without having started anything cannot work here. */
const TRIES = 3;
/** How long a count of the user's processes holds good, ms. */
const COUNT_FRESH = 5000;

/** From Linux 5.14 on, who is in a namespace of users is counted there. */
const [major = 0, minor = 0] = release().split('.').map(Number);
const countsByCell = major > 5 || (major === 5 && minor >= 14);
/** What we have in a cell: its keeper, perhaps with a child, and an usher. */
const CELL_OWN = 3;

export interface SpawnerOptions {
  /** What marks all processes of this home. */
  readonly home: Marked;
  readonly log: (level: 'info' | 'warn' | 'error', text: string) => void;
  /** `RAYSERVER_SPAWNER`. */
  readonly asked?: string | undefined;
  /** The C program. */
  readonly compiled?: string;
  readonly clock?: Clock;
}

/** What is started, in the words of the protocol but for the numbers. */
export interface StartRequest
  extends Pick<StartMessage, 'attempt' | 'args' | 'cell' | 'confined' | 'memory' | 'files'> {
  readonly env: Readonly<Record<string, string>>;
  /** Called when it is sent: where things are by then. */
  readonly places: () => Pick<StartMessage, 'directory' | 'stdin' | 'stdout'> & { readonly directory: Place };
  readonly turn: Turn;
  /** Another one that waits may start as soon as it has ended. */
  readonly yields: boolean;
  /**
   * How many processes it may have; where it has no control group, all simulations together, beside those that the user
   * had before. Null for any number.
   */
  readonly processes: number | null;
}

/** Starts programs through a spawner process, and gets another one where that dies. */
export class Spawner {
  readonly #options: SpawnerOptions;
  readonly #compiled: string;
  readonly #runs = new Map<number, ActiveRun>();
  readonly #environments = new Map<string, number>();
  /** That of the last start: most are the same object as the one before. */
  #lastEnvironment: { readonly env: StartRequest['env']; readonly number: number } | null = null;
  /** The kernel does not hold root to a number of processes. */
  readonly #isRoot = process.getuid?.() === 0;
  #life: Marked;
  #kind: SpawnerKind;
  #opening: Promise<SpawnerProcess> | null = null;
  #current: SpawnerProcess | null = null;
  #swept: Promise<void> = Promise.resolve();
  #pid: number | null = null;
  #groups: Groups = { held: [], errno: 0 };
  #last = 0;
  #others = 0;
  #countedAt = Number.NEGATIVE_INFINITY;
  #closed = false;

  constructor(options: SpawnerOptions) {
    this.#options = options;
    this.#compiled = options.compiled ?? compiledSpawner;
    this.#kind = spawnerKind(options.asked, this.#compiled);
    this.#life = markOfLife(options.home);
  }

  /** The spawner's process, while there is one. */
  get pid(): number | null {
    return this.#pid;
  }

  get kind(): SpawnerKind {
    return this.#kind;
  }

  /** What its control groups hold each simulation to. */
  get groups(): Groups {
    return this.#groups;
  }

  /** Starts the spawner itself; {@link start} does so where it was not done. @throws Error if there is none that works */
  async open(): Promise<void> {
    await this.#opened();
  }

  /**
   * Settles when the program runs.
   * @throws NodeJS.ErrnoException if it cannot be started, with `syscall` naming what failed; ECANCELED if its turn was
   *   cancelled
   * @throws LostSpawner if the spawner died over it
   */
  async start(request: StartRequest, hear: Hear): Promise<ActiveRun> {
    const process = await this.#opened();
    const { turn, yields, cell, confined, memory, files, args, attempt } = request;
    if (turn.isCancelled) throw systemError(constants.errno.ECANCELED, 'start');
    const run = new ActiveRun(this.#number(), hear, turn, (message) => process.say(message));
    const { id } = run;
    const waits = !turn.isCome;
    const places = request.places();
    const environment = this.#environment(request.env, process);
    const processes = this.#mostProcesses(request);
    this.#runs.set(id, run);
    process.keepsAwake(true);
    const limits = { processes, memory, files, tasks: request.processes ?? 0 };
    const how = { waits, yields, confined };
    process.say({ say: 'start', id, ...how, environment, attempt, cell, ...limits, args, ...places });
    if (waits) turn.waitAt((what) => process.say({ say: what, id }));
    await run.started;
    return run;
  }

  /** Ends all that runs. Settles when the spawner is gone, and all with it. */
  async close(): Promise<void> {
    this.#closed = true;
    const process = await this.#opening?.catch(() => null);
    await process?.close();
    await this.#swept;
  }

  async #opened(): Promise<SpawnerProcess> {
    if (this.#closed) throw new LostSpawner('no program is started any more');
    this.#opening ??= this.#open();
    try {
      return await this.#opening;
    } catch (error) {
      this.#opening = null;
      throw error;
    }
  }

  async #open(): Promise<SpawnerProcess> {
    await this.#swept;
    const clock = this.#options.clock ?? realClock;
    for (let tries = 1; ; tries++) {
      this.#life = markOfLife(this.#options.home);
      this.#forgetEnvironments();
      const process: SpawnerProcess = new SpawnerProcess(this.#kind, this.#compiled, this.#life.mark, {
        heard: (message) => this.#hear(message),
        gone: (reason) => this.#gone(process, reason),
      });
      const takeBack = clock.after(READY_PATIENCE, () => process.kill());
      try {
        const { pid, groups } = await process.ready;
        this.#pid = pid;
        this.#groups = groups;
        this.#current = process;
        return process;
      } catch (error) {
        process.kill();
        const why = (error as Error).message;
        this.#options.log('warn', `procwrap: the ${describe(this.#kind)} does not start: ${why}`);
        if (tries === TRIES) throw new Error(`no spawner starts here: ${why}`);
        this.#kind = 'node';
      } finally {
        takeBack();
      }
    }
  }

  /** RLIMIT_NPROC, or 0 to leave it. */
  #mostProcesses({ processes, cell }: StartRequest): number {
    if (processes === null || this.#isRoot) return 0;
    return processes + (cell !== 0 && countsByCell ? CELL_OWN : this.#countOthers());
  }

  /** How many processes and threads the user has beside what is started here: they come and go. */
  #countOthers(): number {
    const now = (this.#options.clock ?? realClock).passed();
    if (now - this.#countedAt >= COUNT_FRESH) {
      // The spawner is marked as well, and no simulation.
      this.#others = countProcesses(this.#options.home) + 1;
      this.#countedAt = now;
    }
    return this.#others;
  }

  #number(): number {
    do this.#last = (this.#last % (RUNS - 1)) + 1;
    while (this.#runs.has(this.#last));
    return this.#last;
  }

  /** The number under which the spawner knows these variables; told to it first where it does not. */
  #environment(env: StartRequest['env'], process: SpawnerProcess): number {
    if (this.#lastEnvironment?.env !== env) this.#lastEnvironment = { env, number: this.#tell(env, process) };
    return this.#lastEnvironment.number;
  }

  #tell(env: StartRequest['env'], process: SpawnerProcess): number {
    const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
    const key = variables.join('\0');
    const known = this.#environments.get(key);
    if (known !== undefined) return known;
    if (this.#environments.size === ENVIRONMENTS) this.#forgetEnvironments();
    const number = this.#environments.size;
    process.say({ say: 'environment', number, variables });
    this.#environments.set(key, number);
    return number;
  }

  #forgetEnvironments(): void {
    this.#environments.clear();
    this.#lastEnvironment = null;
  }

  #hear(message: FromSpawner): void {
    if (message.say === 'ready') return;
    const run = this.#runs.get(message.id);
    if (!run) return;
    if (message.say === 'ended' || message.say === 'refused') this.#runs.delete(message.id);
    if (this.#runs.size === 0) this.#current?.keepsAwake(false);
    run.hear(message);
  }

  /** Its simulations die with it, where the kernel sees to that, and the rest here; only then they count as lost. */
  #gone(process: SpawnerProcess, reason: string): void {
    if (this.#current !== process) return;
    const lost = [...this.#runs.values()];
    this.#runs.clear();
    [this.#current, this.#pid, this.#opening] = [null, null, null];
    if (!this.#closed) {
      this.#options.log('error', `procwrap: the spawner is gone (${reason}) with ${lost.length} programs`);
    }
    this.#swept = this.#end(lost);
    void this.#swept.then(() => {
      for (const run of lost) run.lose();
    });
  }

  async #end(lost: readonly ActiveRun[]): Promise<void> {
    for (const { pid } of lost) if (pid !== null) signalQuietly(-pid, 'SIGKILL');
    await endMarked(this.#life, this.#options.clock ?? realClock);
  }
}

function describe(kind: SpawnerKind): string {
  return kind === 'c' ? 'compiled spawner' : 'spawner';
}
