import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import type { Readable } from 'node:stream';
import type { Usage } from '../model/task.ts';
import type { Clock } from './clock.ts';

/** Between TERM and KILL, ms. */
const TERM_PATIENCE = 10_000;
/** How long output may still come after the group is gone, ms: some other process may hold the pipe. */
const OUTPUT_PATIENCE = 2000;
/** The kernel lets an ordinary user set an autogroup's niceness ten times a second. */
const AUTOGROUP_PAUSE = 150;
const AUTOGROUP_TRIES = 20;
const NICE = 10;

export type Environment = Readonly<Record<string, string>>;

/** A program to start. Descriptors are the caller's, who closes them after {@link Run.ended}. */
export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Environment;
  /** Descriptor of the working directory. */
  readonly directory: number;
  /** Descriptor, or null for none. */
  readonly stdin: number | null;
  readonly stdout: number | 'heard' | 'dropped';
  /** For output that is taken slowly: how long it may take after the end, ms. */
  readonly outputPatience?: number;
}

/** Takes output; nothing more is read until it settles. */
export type Hear = (stream: 'out' | 'err', portion: Buffer) => Promise<void>;

export interface Ending {
  readonly exit: number | null;
  readonly signal: string | null;
  /** Whoever had it in hand is gone, and it with them: how it ended says nothing. */
  readonly lost: boolean;
  /** Null where it is not known. */
  readonly usage: Usage | null;
}

/** A program that runs in a process group of its own, at nice 10. */
export interface Run {
  readonly pid: number;
  /** Settles when the program and all of its group are gone and their output was heard. */
  readonly ended: Promise<Ending>;
  /** Ends the whole group: with TERM and ten seconds later KILL, or at once with KILL. */
  stop(how: 'gently' | 'at once'): void;
  /** Stops the whole group where it is. */
  pause(): void;
  /** Lets it go on; a signal that came while it was paused has its effect now. */
  resume(): void;
}

/** @throws NodeJS.ErrnoException if it cannot be started: ENOENT where there is no such program */
export async function start(command: Command, hear: Hear, clock: Clock): Promise<Run> {
  const child = spawn(command.program, command.args, {
    cwd: `/proc/self/fd/${command.directory}`,
    env: { ...command.env },
    detached: true,
    stdio: [command.stdin ?? 'ignore', stdoutOf(command), 'pipe'],
  });
  const status = statusOf(child);
  const pid = child.pid;
  if (pid === undefined) {
    await status;
    throw new Error(`${command.program} did not start`);
  }
  status.catch(() => {});
  beNice(pid, clock);
  let takeBack = () => {};
  const pumps = [
    pump(child.stdout, (portion) => hear('out', portion)),
    pump(child.stderr, (portion) => hear('err', portion)),
  ];
  const ended = status.then(async (ending) => {
    takeBack();
    // Whoever outlived the leader of its group.
    signalGroup(pid, 'SIGKILL');
    await drained(child, pumps, clock, command.outputPatience ?? OUTPUT_PATIENCE);
    return ending;
  });
  ended.catch(() => {});
  const signal = (name: NodeJS.Signals) => {
    if (child.exitCode === null && child.signalCode === null) signalGroup(pid, name);
  };
  return {
    pid,
    ended,
    stop: (how) => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      takeBack();
      signalGroup(pid, how === 'gently' ? 'SIGTERM' : 'SIGKILL');
      if (how === 'gently') takeBack = clock.after(TERM_PATIENCE, () => signalGroup(pid, 'SIGKILL'));
    },
    pause: () => signal('SIGSTOP'),
    resume: () => signal('SIGCONT'),
  };
}

function stdoutOf(command: Command): number | 'pipe' | 'ignore' {
  if (typeof command.stdout === 'number') return command.stdout;
  return command.stdout === 'heard' ? 'pipe' : 'ignore';
}

function statusOf(child: ChildProcess): Promise<Ending> {
  return new Promise((settle, fail) => {
    child.once('error', fail);
    child.once('exit', (exit, signal) => settle({ exit, signal, lost: false, usage: null }));
  });
}

async function pump(stream: Readable | null, hear: (portion: Buffer) => Promise<void>): Promise<void> {
  if (!stream) return;
  try {
    for await (const portion of stream) await hear(portion as Buffer);
  } catch {
    // Cut off after the end of the program: what came was heard.
  }
}

async function drained(child: ChildProcess, pumps: Promise<void>[], clock: Clock, patience: number): Promise<void> {
  const takeBack = clock.after(patience, () => {
    child.stdout?.destroy();
    child.stderr?.destroy();
  });
  await Promise.all(pumps);
  takeBack();
}

/** Signals a group that may be gone already. */
function signalGroup(leader: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-leader, signal);
  } catch {
    // ESRCH: nobody is left.
  }
}

/**
 * A new session gets an autogroup of its own, in which a process's niceness counts only among its own kind: so the
 * autogroup must be nice, too.
 */
function beNice(pid: number, clock: Clock, tries = AUTOGROUP_TRIES): void {
  try {
    setPriority(pid, NICE);
    writeFileSync(`/proc/${pid}/autogroup`, String(NICE));
  } catch (error) {
    // Gone already, or a kernel without autogroups: nothing to do.
    if ((error as NodeJS.ErrnoException).code !== 'EAGAIN' || tries === 0) return;
    clock.after(AUTOGROUP_PAUSE, () => beNice(pid, clock, tries - 1));
  }
}
