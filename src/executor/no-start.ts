import { accessSync, constants, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Step } from '../model/task.ts';
import { noRadiance } from '../renderers/radiance/radiance.ts';

/** What was to be started, and where. */
interface Wanted {
  readonly program: string;
  readonly step: Step;
  /** Descriptor of the working directory. */
  readonly directory: number;
  /** PATH of the program's environment. */
  readonly path: string;
}

/** Why a program did not even start, in one sentence that says what to do. */
export function noStart(wanted: Wanted, error: NodeJS.ErrnoException): string {
  const { program, step } = wanted;
  switch (error.code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return step === 'frame' ? missing(wanted) : noRadiance(program);
    case 'EACCES':
    case 'EPERM':
      return forbidden(wanted);
    case 'ENOEXEC':
      return `${program} is not a program for this machine.`;
    case 'E2BIG':
      return `${program} cannot be started: its arguments are too long for the system.`;
    case 'EMFILE':
    case 'ENFILE':
    case 'EAGAIN':
    case 'ENOMEM':
      return `${program} cannot be started: this host has no more processes, memory or open files to give (${error.code}).`;
    default:
      return `${program} cannot be started: ${error.message}.`;
  }
}

function missing(wanted: Wanted): string {
  const { program, path } = wanted;
  if (!program.includes('/')) {
    return `There is no program "${program}" in PATH (${path}): install it on this host, or give its whole path.`;
  }
  if (found(wanted) !== null) {
    return `${program} cannot be started: what its first line names to run it (#!) is not installed on this host.`;
  }
  if (program.startsWith('/')) {
    return `There is no program ${program} on this host: install it, or give the path that it has here.`;
  }
  return `There is no program ${program} in the project: a path that does not begin with / is taken from there.`;
}

function forbidden(wanted: Wanted): string {
  const { program } = wanted;
  const file = found(wanted);
  if (file?.isDirectory()) return `${program} cannot be started: it is a directory.`;
  if (file && !file.mayRun) return `${program} cannot be executed: permission denied. Allow it with chmod +x.`;
  return `${program} cannot be executed: permission denied.`;
}

/** The file that the name leads to; null if there is none, or it is looked up in PATH and not found there. */
function found({ program, directory, path }: Wanted): { isDirectory(): boolean; mayRun: boolean } | null {
  const places = program.includes('/') ? [''] : path.split(':');
  for (const place of places) {
    const name = join(place, program);
    const file = name.startsWith('/') ? name : `/proc/self/fd/${directory}/${name}`;
    const stats = statSync(file, { throwIfNoEntry: false });
    if (stats) return { isDirectory: () => stats.isDirectory(), mayRun: mayRun(file) };
  }
  return null;
}

function mayRun(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
