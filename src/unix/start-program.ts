import { lastError, libc, systemError } from './libc.ts';

const O_CLOEXEC = 0o2000000;
const ACTIONS_BYTES = 80;
const ATTRIBUTES_BYTES = 336;
const SIGNAL_SET_BYTES = 128;
const SETPGROUP = 2;
const SETSIGDEF = 4;
const SETSIGMASK = 8;
const ENOENT = 2;
const EACCES = 13;
const ENODEV = 19;
const ENOTDIR = 20;
const ESTALE = 116;

export interface Program {
  /** The program first. */
  readonly args: readonly string[];
  /** `NAME=VALUE`. */
  readonly variables: readonly string[];
  /** Descriptors of the working directory and of standard input, output and error. */
  readonly directory: number;
  readonly stdio: readonly [number, number, number];
}

/**
 * Starts a program in a process group of its own, with all signals as usual. It is a child that the caller collects:
 * Node's own spawn copies Node's memory, tells nothing of what a program used, and makes pipes each time.
 * @returns its process number
 * @throws NodeJS.ErrnoException as exec does; a program without `/` is looked for in the PATH of `variables`
 */
export function startProgram(program: Program): number {
  const actions = Buffer.alloc(ACTIONS_BYTES);
  libc.spawnActionsInit(actions);
  try {
    libc.spawnActionsDirectory(actions, program.directory);
    for (const [to, from] of program.stdio.entries()) libc.spawnActionsDup(actions, from, to);
    return startFirst(program, actions);
  } finally {
    libc.spawnActionsDestroy(actions);
  }
}

/** The two ends of a new pipe, closed on exec. */
export function makePipe(): { from: number; to: number } {
  const ends = Buffer.alloc(8);
  if (libc.pipe2(ends, O_CLOEXEC) < 0) throw systemError(lastError(), 'pipe2');
  return { from: ends.readInt32LE(0), to: ends.readInt32LE(4) };
}

function startFirst({ args, variables }: Program, actions: Buffer): number {
  const program = args[0] ?? '';
  const [argsEnded, variablesEnded] = [
    [...args, null],
    [...variables, null],
  ];
  const pid = Buffer.alloc(4);
  let fault = ENOENT;
  for (const path of candidates(program, variables)) {
    const errno = libc.posixSpawn(pid, path, actions, attributes, argsEnded, variablesEnded);
    if (errno === 0) return pid.readInt32LE(0);
    if (errno === EACCES) fault = EACCES;
    // As execvp: the next directory may have it.
    else if (errno !== ENOENT && errno !== ENOTDIR && errno !== ESTALE && errno !== ENODEV) {
      throw systemError(errno, 'posix_spawn', program);
    }
  }
  throw systemError(fault, 'posix_spawn', program);
}

/** The paths at which a program of that name is looked for, one after the other. */
export function candidates(program: string, variables: readonly string[]): string[] {
  if (program.includes('/')) return [program];
  const path = variables.findLast((variable) => variable.startsWith('PATH='))?.slice('PATH='.length);
  const directories = (path ?? '/usr/local/bin:/usr/bin:/bin').split(':');
  return directories.map((directory) => (directory === '' ? program : `${directory}/${program}`));
}

const attributes = makeAttributes();

function makeAttributes(): Buffer {
  const made = Buffer.alloc(ATTRIBUTES_BYTES);
  libc.spawnAttributesInit(made);
  libc.spawnAttributesFlags(made, SETPGROUP | SETSIGDEF | SETSIGMASK);
  libc.spawnAttributesDefault(made, Buffer.alloc(SIGNAL_SET_BYTES, 0xff));
  libc.spawnAttributesMask(made, Buffer.alloc(SIGNAL_SET_BYTES));
  return made;
}
