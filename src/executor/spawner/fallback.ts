import { closeSync, constants, openSync } from 'node:fs';
import { constants as system } from 'node:os';
import { systemError } from '../../unix/libc.ts';
import {
  type ChildEnd,
  collect,
  endedChild,
  groupOf,
  limitOf,
  RLIMIT_LOCKS,
  setOwnLimit,
} from '../../unix/processes.ts';
import { candidates, startProgram } from '../../unix/start-program.ts';
import { childrenOf } from './children.ts';
import { killMarked, type Marked, markOfRun, signalMarked, signalQuietly } from './mark.ts';
import {
  encodeFromSpawner,
  type FromSpawner,
  type Part,
  type Send,
  type StartMessage,
  type Stream,
  type ToSpawner,
  VERSION,
} from './messages.ts';
import { NodeCell } from './node-cell.ts';
import { OutputPipe } from './output-pipe.ts';
import { lowerLimits, withLimits } from './own-limits.ts';
import { Directories, openFile } from './places.ts';

/** Milliseconds. */
const AGAIN = 5;
const PATIENCE = 5000;
const DIRECTORY_IDLE = 5000;
/** When nsenter is looked after: it may stop itself for a program that goes on already. */
const NSENTER_PAUSES = [5, 50, 500];

const signals: Record<Send, readonly NodeJS.Signals[]> = {
  // One that is stopped would hear TERM only when it goes on.
  term: ['SIGTERM', 'SIGCONT'],
  kill: ['SIGKILL'],
  stop: ['SIGSTOP'],
  continue: ['SIGCONT'],
};

interface FallbackRun {
  readonly id: number;
  readonly pid: number;
  readonly marked: Marked;
  /** The cell that it is in. */
  readonly cell: NodeCell | null;
  readonly pipes: ReadonlyMap<Stream, OutputPipe>;
  readonly yields: boolean;
  stopped: boolean;
  /** When its leader has ended and was collected, and until when the rest may take, ms. */
  end: { readonly how: ChildEnd; readonly until: number } | null;
}

/**
 * What spawner.c does, where there was no compiler; the same messages, and mostly the same functions. A program that is
 * confined has no capabilities; in it no call of the kernel is refused.
 */
export class Fallback {
  readonly #say: (bytes: Buffer) => void;
  readonly #runs = new Map<number, FallbackRun>();
  /** First come, first started. */
  readonly #waiting = new Map<number, StartMessage>();
  readonly #environments = new Map<number, readonly string[]>();
  /** By the ids of the runs that keep them. */
  readonly #cells = new Map<number, NodeCell>();
  readonly #directories = new Directories();
  readonly #null = openSync('/dev/null', constants.O_RDWR);
  #pipes: OutputPipe[] = [];
  #life: Marked = { mark: 0n, mask: 0n };
  #sweeping: NodeJS.Timeout | null = null;
  #idle: NodeJS.Timeout | null = null;

  constructor(say: (bytes: Buffer) => void) {
    this.#say = say;
  }

  /** @throws RangeError where procwrap does not keep to the words */
  obey(message: ToSpawner): void {
    switch (message.say) {
      case 'hello':
        this.#greet(message.version, message.mark);
        break;
      case 'environment':
        // They were to have what was there before.
        while (this.#environments.has(message.number) && this.#waiting.size > 0) this.#goFirst();
        this.#environments.set(message.number, message.variables);
        break;
      case 'start':
        if (message.waits) this.#waiting.set(message.id, message);
        else this.#start(message);
        break;
      case 'go':
        this.#go(message.id);
        break;
      case 'cancel':
        if (this.#waiting.delete(message.id))
          this.#tell({ say: 'refused', id: message.id, errno: system.errno.ECANCELED, of: 'system' });
        break;
      case 'signal':
        this.#signal(message.id, message.send);
        break;
      case 'credit':
        this.#runs.get(message.id)?.pipes.get(message.stream)?.credit(message.bytes);
        break;
      case 'cell':
        this.#openCell(message.id, message.pid);
        break;
    }
  }

  /** Takes what has ended; to be called when a child may have. */
  reap(): void {
    for (let pid = endedChild(); pid !== null; pid = endedChild()) {
      const run = [...this.#runs.values()].find((one) => one.pid === pid && one.end === null);
      // The group is killed while its leader's number cannot be given again.
      if (run) signalQuietly(-pid, 'SIGKILL');
      const how = collect(pid);
      if (!run) continue;
      run.end = { how, until: performance.now() + PATIENCE };
      this.#cells.delete(run.id);
    }
    this.#sweep();
  }

  /** Kills all that runs; settles when nothing is left. */
  async end(): Promise<void> {
    const until = performance.now() + PATIENCE;
    if (this.#sweeping) clearTimeout(this.#sweeping);
    for (const { pid, end } of this.#runs.values()) if (!end) signalQuietly(-pid, 'SIGKILL');
    this.#runs.clear();
    this.#waiting.clear();
    for (;;) {
      let left = this.#life.mark === 0n ? 0 : killMarked(this.#life).length;
      left += this.#killStrays(null);
      for (let pid = endedChild(); pid !== null; pid = endedChild()) {
        collect(pid);
        left += 1;
      }
      if (left === 0 || performance.now() > until) return;
      await new Promise((settle) => setTimeout(settle, AGAIN));
    }
  }

  #greet(version: number, mark: bigint): void {
    if (version !== VERSION) throw new RangeError(`procwrap speaks version ${version}`);
    this.#life = { mark, mask: ~0xfffffn & 0xffffffffffffffffn };
    setOwnLimit(RLIMIT_LOCKS, { soft: mark | 0xfffffn, hard: mark | 0xfffffn });
    this.#tell({ say: 'ready', version: VERSION, pid: process.pid, groups: { held: [], errno: 0 } });
  }

  /** A process that is none of this run's is not its cell's process 1. */
  #openCell(id: number, pid: number): void {
    let errno = 0;
    try {
      const run = this.#runs.get(id);
      const mark = limitOf(pid, RLIMIT_LOCKS)?.soft;
      if (!run || run.end || mark !== run.marked.mark) throw systemError(system.errno.ESRCH, 'cell');
      this.#cells.set(id, new NodeCell(pid));
    } catch (error) {
      errno = -((error as NodeJS.ErrnoException).errno ?? -system.errno.EPERM);
    }
    this.#tell({ say: 'opened', id, errno });
  }

  #start(message: StartMessage): void {
    const opened: number[] = [];
    const pipes = new Map<Stream, OutputPipe>();
    let of: Part = 'system';
    try {
      const known = this.#environments.get(message.environment);
      if (!known) throw new RangeError(`no environment has the number ${message.environment}`);
      of = 'cell';
      const cell = message.cell === 0 ? null : this.#cell(message.cell);
      of = 'directory';
      const directory = this.#directories.open(message.directory);
      cell?.checkDirectory(message);
      of = 'stdin';
      const stdin = message.stdin === null ? this.#null : openFile(message.stdin, constants.O_RDONLY);
      if (message.stdin !== null) opened.push(stdin);
      of = 'stdout';
      const stdout = this.#stdout(message.stdout, pipes, opened);
      of = 'system';
      const stderr = this.#pipe('err', pipes);
      const variables = message.attempt === '' ? known : [message.attempt, ...known];
      const marked = markOfRun(this.#life, message.id);
      of = 'program';
      if (cell) cell.checkProgram(candidates(message.args[0] ?? '', variables), message.directory.path);
      const args = cell ? cell.argumentsFor(message) : message.args;
      const program = { args, variables, directory, stdio: [stdin, stdout, stderr] } as const;
      const pid = withLimits(marked, cell ? 0 : message.processes, () => startProgram(program));
      if (!cell) lowerLimits(pid, message);
      this.#tell({ say: 'started', id: message.id, pid });
      const { id, yields } = message;
      this.#runs.set(id, { id, pid, marked, cell, pipes, yields, stopped: false, end: null });
      for (const [stream, pipe] of pipes) {
        pipe.begin((portion) => this.#tell({ say: 'output', id: message.id, stream, portion }));
      }
    } catch (error) {
      const errno = (error as NodeJS.ErrnoException).errno;
      if (errno === undefined) throw error;
      this.#pipes.push(...pipes.values());
      this.#tell({ say: 'refused', id: message.id, errno: -errno, of });
    } finally {
      for (const fd of opened) closeSync(fd);
    }
    this.#rest();
  }

  #cell(id: number): NodeCell {
    const cell = this.#cells.get(id);
    if (!cell) throw systemError(system.errno.ESRCH, 'cell');
    return cell;
  }

  #stdout(where: StartMessage['stdout'], pipes: Map<Stream, OutputPipe>, opened: number[]): number {
    if (where === null) return this.#null;
    if (where === 'heard') return this.#pipe('out', pipes);
    const fd = openFile(where, constants.O_WRONLY);
    opened.push(fd);
    return fd;
  }

  #pipe(stream: Stream, pipes: Map<Stream, OutputPipe>): number {
    const pipe = this.#pipes.pop() ?? new OutputPipe();
    pipes.set(stream, pipe);
    return pipe.to;
  }

  #signal(id: number, send: Send): void {
    const run = this.#runs.get(id);
    if (!run || run.end) return;
    if (send === 'stop' || send === 'continue') run.stopped = send === 'stop';
    for (const signal of signals[send]) {
      // Nsenter is to wait for its program; it stops with it of its own accord.
      if (run.cell && (signal === 'SIGTERM' || signal === 'SIGSTOP')) {
        signalMarked(run.marked, signal, (pid) => pid === run.pid);
        continue;
      }
      signalQuietly(-run.pid, signal);
      if (signal === 'SIGKILL') killMarked(run.marked);
      else signalMarked(run.marked, signal, (pid) => groupOf(pid) === run.pid);
    }
    if (run.cell) for (const pause of NSENTER_PAUSES) setTimeout(() => goOn(run), pause).unref();
  }

  /** Ends what leaders left, and reports those of which nothing is left. */
  #sweep(): void {
    let again = false;
    for (const run of this.#runs.values()) {
      if (!run.end) continue;
      const { cell, marked } = run;
      const clean = !this.#haveOrphans(cell) || (killMarked(marked).length === 0 && this.#killStrays(cell) === 0);
      if (clean || performance.now() > run.end.until) this.#finish(run, run.end.how, clean);
      else again = true;
    }
    if (this.#sweeping) clearTimeout(this.#sweeping);
    this.#sweeping = again ? setTimeout(() => this.reap(), AGAIN) : null;
  }

  #finish(run: FallbackRun, how: ChildEnd, clean: boolean): void {
    for (const pipe of run.pipes.values()) {
      pipe.drain();
      // Somebody may still write into it.
      if (clean) this.#pipes.push(pipe);
      else pipe.close();
    }
    this.#runs.delete(run.id);
    this.#tell({ say: 'ended', id: run.id, ...how, outOfMemory: false });
    if (run.yields && !run.stopped) this.#goFirst();
    this.#rest();
  }

  #goFirst(): void {
    for (const id of this.#waiting.keys()) {
      this.#go(id);
      return;
    }
  }

  #go(id: number): void {
    const message = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (message) this.#start(message);
  }

  #haveOrphans(cell: NodeCell | null): boolean {
    if (cell) return cell.orphans()?.length !== 0;
    const ours = childrenOf(process.pid);
    if (ours === null) return true;
    const leaders = [...this.#runs.values()].filter(({ end }) => end === null).length;
    return ours.length > leaders;
  }

  /** As in spawner.c: orphans of what is over, and those without a mark when nothing runs that could have made them. */
  #killStrays(cell: NodeCell | null): number {
    const runs = [...this.#runs.values()];
    const makers = runs.filter((run) => run.cell === cell && run.end === null && !this.#cells.has(run.id));
    const orphans = (cell ? cell.orphans() : childrenOf(process.pid)) ?? [];
    const strays = orphans.filter((pid) => {
      if (runs.some((run) => run.pid === pid && !run.end)) return false;
      const mark = limitOf(pid, RLIMIT_LOCKS)?.soft ?? 0n;
      const isOurs = (mark & this.#life.mask) === this.#life.mark;
      return isOurs ? !runs.some((run) => run.cell === cell && run.marked.mark === mark) : makers.length === 0;
    });
    for (const pid of strays) signalQuietly(pid, 'SIGKILL');
    return strays.length;
  }

  #rest(): void {
    if (this.#idle) clearTimeout(this.#idle);
    this.#idle = this.#runs.size > 0 ? null : setTimeout(() => this.#directories.closeAll(), DIRECTORY_IDLE);
  }

  #tell(message: FromSpawner): void {
    this.#say(encodeFromSpawner(message));
  }
}

function goOn(run: FallbackRun): void {
  if (!run.stopped && run.end === null) signalQuietly(run.pid, 'SIGCONT');
}
