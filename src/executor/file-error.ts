import { constants } from 'node:os';
import { getSystemErrorMessage } from 'node:util';
import { GateError } from '../ambient/waiting.ts';
import type { Project } from '../model/job.ts';
import { Refusal } from '../model/refusal.ts';

/** Something went wrong with a file of a project; `path` is relative to it. */
export class FileError extends Error {
  override readonly name = 'FileError';
  readonly code: string;
  readonly path: string;

  constructor(path: string, code: string, says: string) {
    super(`${path}: ${says}`);
    this.code = code;
    this.path = path;
  }
}

/** Calls `deed`; a system error becomes one that names `path`, not the descriptor that it went through. */
export function naming<T>(path: string, deed: () => T): T {
  try {
    return deed();
  } catch (error) {
    throw named(path, error);
  }
}

export function named(path: string, error: unknown): unknown {
  const { code, errno } = error as NodeJS.ErrnoException;
  if (error instanceof FileError || code === undefined || errno === undefined) return error;
  return new FileError(path, codeOf({ code, errno }), systemWords(errno));
}

/** Errors that say nothing of the project: too many open files, a bad or a full disk, a server of files that is away. */
const scarce = ['EMFILE', 'ENFILE', 'ENOMEM', 'ENOSPC', 'EDQUOT'];
const unreachable = [
  'EIO',
  'ESTALE',
  'ETIMEDOUT',
  'ENOTCONN',
  'ECONNREFUSED',
  'EHOSTDOWN',
  'EHOSTUNREACH',
  'ENETUNREACH',
];

/** Whether what keeps a file did not answer. */
export function isUnreachable(error: Coded): boolean {
  return unreachable.includes(codeOf(error));
}

type Coded = Pick<NodeJS.ErrnoException, 'code' | 'errno'>;

/** Node has no name for it: its code is `Unknown system error -116`. */
const stale = -constants.errno.ESTALE;

function codeOf({ code = '', errno }: Coded): string {
  return errno === stale ? 'ESTALE' : code;
}

/** What the system says, without a capital. */
export function systemWords(errno: number): string {
  return errno === stale ? 'stale file handle' : getSystemErrorMessage(errno);
}

/**
 * Whoever sees such an error does not know whether the project is all right.
 * @throws Refusal not-ready, which may be tried again
 */
export function refuseIfPassing(path: string, error: unknown, project: Project): void {
  if ([...scarce, ...unreachable].includes(codeOf(error as Coded))) {
    throw new Refusal('not-ready', sentenceOf(named(path, error), project));
  }
}

/** What went wrong in a project, in one sentence for its user. */
export function sentenceOf(error: unknown, project: Project): string {
  if (error instanceof Refusal || error instanceof GateError) return error.message;
  const { errno, syscall } = error as NodeJS.ErrnoException;
  if (!(error instanceof FileError) && errno !== undefined && syscall !== undefined)
    return `A file of ${project.path} could not be used: ${systemWords(errno)} (${syscall}).`;
  if (!(error instanceof FileError))
    return `Internal error: ${error instanceof Error ? error.message : String(error)}.`;
  switch (error.code) {
    case 'ENOSPC':
      return `No space left on the disk for ${error.path}.`;
    case 'EDQUOT':
      return `The disk quota is used up: ${error.path} cannot be written.`;
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return `Project not writable: ${project.path}/${error.path}`;
    case 'EXDEV':
    case 'ELOOP':
      return `${error.path} is a link that leads out of the project, which is not allowed.`;
    case 'ENOENT':
      return `No such file in the project: ${error.path}.`;
    default:
      return `${error.message}.`;
  }
}
