import { closeSync, fstatSync } from 'node:fs';
import type { Outcome, RunDeed, TaskPlan, Usage } from '../model/task.ts';
import { makeFresh, openRegular } from './below.ts';
import type { Clock } from './clock.ts';
import { commandLine } from './command-line.ts';
import type { Shares } from './indirect/shares.ts';
import { ranOutOfMemory } from './memory-limit.ts';
import { noStart } from './no-start.ts';
import { Output } from './output.ts';
import type { Papers } from './papers.ts';
import type { Reins } from './reins.ts';
import { type Command, type Ending, type Environment, LostSpawner, type Run, start, type Whereabouts } from './run.ts';
import type { Contained } from './sandbox/containment.ts';
import { isScarcity, patiently } from './scarcity.ts';
import type { Turn } from './turn.ts';

export type Failed = Extract<Outcome, { is: 'failed' }>;

/** Where the programs of a simulation run. */
export interface Scene {
  readonly task: TaskPlan;
  /** Descriptor of the working directory. */
  readonly directory: number;
  readonly where: Whereabouts;
  readonly attempt: string;
  /** As our own programs have it. */
  readonly env: Environment;
  readonly contained: Pick<Contained, 'how' | 'env' | 'tmp' | 'hidden'>;
  readonly clock: Clock;
  readonly papers: Papers;
  readonly reins: Reins;
  /** How the run is to be paused and ended, if not like any other. */
  readonly rein?: (run: Run) => Run;
  readonly shares: Pick<Shares, 'enter'>;
  readonly turn: Turn;
  /** What runs is all that needs the slot. */
  readonly yields: boolean;
  /** The file that standard output goes to, made anew. */
  readonly sinking: (path: string, fd: number) => void;
  /** The program runs, and is over. */
  readonly started: (pid: number) => void;
  readonly over: () => void;
  /** It said something; how far this program is. */
  readonly heard: () => void;
  readonly progressed: (fraction: number) => void;
}

/** What became of one program. */
export interface Performed {
  /** Null: it did what it should. */
  readonly outcome: Exclude<Outcome, { is: 'done' }> | null;
  readonly warnings: readonly string[];
  readonly usage: Usage | null;
}

interface Opened {
  readonly run: Run;
  /** Descriptors that are ours to close. */
  readonly stdin: number | null;
  readonly stdout: number | null;
}

/**
 * Runs one program, from its opened files to what its end means.
 * @throws FileError if its files cannot be opened
 */
export async function perform(deed: RunDeed, scene: Scene): Promise<Performed> {
  const { papers, reins, turn } = scene;
  turn.whenCome(() => void papers.log.write(`${commandLine(deed)}\n`));
  const output = new Output(
    { program: deed.program, step: scene.task.step },
    papers.log,
    scene.clock,
    scene.progressed,
  );
  let opened: Opened;
  try {
    opened = await patiently(
      () => open(deed, scene, output),
      scene.clock,
      () => !reins.ending,
    );
  } catch (error) {
    // It never ran, or went with its spawner: that says nothing of the task.
    if (isLost(error) || isCancelled(error)) return { outcome: { is: 'stopped' }, warnings: [], usage: null };
    if (!(error instanceof NoStart)) throw error;
    return { outcome: failure(error.message), warnings: [], usage: null };
  }
  const { run, stdin, stdout } = opened;
  try {
    papers.note(run.pid);
    scene.started(run.pid);
    const ending = await reins.follow(scene.rein?.(run) ?? run);
    papers.forget();
    scene.over();
    const performed = judge(ending, output, stdout);
    if (ending.outOfMemory) return { ...performed, outcome: tooMuch(scene, output) };
    return await explained(performed, scene);
  } finally {
    if (stdin !== null) closeSync(stdin);
    if (stdout !== null) closeSync(stdout);
  }
}

/** A failure of ours, before or beside the program's own. */
export function failure(reason: string): Failed {
  return { is: 'failed', reason, exit: null, signal: null, lastLines: [], usage: null };
}

/** The program cannot be started; the message is a sentence. */
class NoStart extends Error {
  override readonly name = 'NoStart';
}

async function open(deed: RunDeed, scene: Scene, output: Output): Promise<Opened> {
  const stdin = deed.stdin === null ? null : openRegular(scene.directory, deed.stdin).fd;
  let stdout: number | null = null;
  try {
    if (deed.stdout.to === 'file') {
      stdout = makeFresh(scene.directory, deed.stdout.path);
      scene.sinking(deed.stdout.path, stdout);
    }
    return { run: await startProgram(deed, scene, output, stdin, stdout), stdin, stdout };
  } catch (error) {
    if (stdin !== null) closeSync(stdin);
    if (stdout !== null) closeSync(stdout);
    throw error;
  }
}

async function startProgram(
  { program, args, stdout: sink }: RunDeed,
  { task, directory, where, attempt, contained, clock, turn, yields, heard }: Scene,
  output: Output,
  stdin: number | null,
  file: number | null,
): Promise<Run> {
  const stdout = file ?? (sink.to === 'log' ? 'heard' : 'dropped');
  const hear = (stream: 'out' | 'err', portion: Buffer) => {
    heard();
    return output.hear(stream, portion);
  };
  try {
    const { how, env } = contained;
    const command: Command = { program, args, env, directory, where, stdin, stdout, attempt, turn, yields, ...how };
    return await start(command, hear, clock);
  } catch (error) {
    if (isScarcity(error) || isCancelled(error) || isLost(error)) throw error;
    const wanted = { program, step: task.step, directory, path: contained.env['PATH'] ?? '' };
    throw new NoStart(noStart(wanted, error as NodeJS.ErrnoException));
  }
}

/** With the spawner, or with the cell that it was to run in. */
function isLost(error: unknown): boolean {
  return error instanceof LostSpawner || (error as NodeJS.ErrnoException).syscall === 'cell';
}

function isCancelled(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ECANCELED';
}

/** It would be so again: that it was killed says nothing else. */
function tooMuch({ contained }: Scene, output: Output): Failed {
  return { ...failure(ranOutOfMemory(contained.how.memory ?? 0)), lastLines: output.lastLines() };
}

/** What cannot be seen where it ran looks to a program as if it were not there. */
async function explained(performed: Performed, { contained }: Scene): Promise<Performed> {
  const { outcome } = performed;
  if (outcome?.is !== 'failed') return performed;
  const hidden = await contained.hidden(outcome.lastLines);
  return hidden === null ? performed : { ...performed, outcome: { ...outcome, reason: `${outcome.reason} ${hidden}` } };
}

function judge(ending: Ending, output: Output, stdout: number | null): Performed {
  const { exit, signal, lost, usage } = ending;
  if (lost) return { outcome: { is: 'stopped' }, warnings: [], usage };
  const empty = stdout === null ? null : fstatSync(stdout).size === 0;
  const { reason, warnings } = output.judge(ending, empty);
  const outcome: Failed | null =
    reason === null ? null : { is: 'failed', reason, exit, signal, lastLines: output.lastLines(), usage: null };
  return { outcome, warnings, usage };
}
