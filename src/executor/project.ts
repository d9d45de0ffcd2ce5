import { closeSync, constants, fstatSync, openSync, readlinkSync, realpathSync } from 'node:fs';
import { posix } from 'node:path';
import type { Found, Project } from '../model/job.ts';
import { Refusal } from '../model/refusal.ts';
import { O_PATH, openBeneath, openPartByPart } from '../unix/walk.ts';
import { refuseIfPassing } from './file-error.ts';

const DIRECTORY = constants.O_RDONLY | constants.O_DIRECTORY;

/**
 * Opens a project's directory for reading. Below a location links are followed as long as they stay in it; where there
 * are no locations the path is taken with its links resolved, and none may have appeared since. It is the directory that
 * it was at the submit, if it has been looked at then.
 * @throws Refusal no-such-project, project-not-readable, not-ready
 */
export function openProject(project: Project): number {
  const directory = openAny(project);
  try {
    requireSame(directory, project);
    return directory;
  } catch (error) {
    closeSync(directory);
    throw error instanceof Refusal ? error : projectRefusal(project, error as NodeJS.ErrnoException);
  }
}

/** What the project is whose directory has this descriptor. */
export function foundAt(directory: number, project: Project): Found {
  const { dev, ino } = fstatSync(directory, { bigint: true });
  const way = posix.relative(realpathSync(project.root), readlinkSync(`/proc/self/fd/${directory}`));
  return { way, identity: `${dev}:${ino}` };
}

/** Opens the project, lets `deed` work in it, and closes it. */
export async function inProject<T>(project: Project, deed: (directory: number) => T | Promise<T>): Promise<T> {
  const directory = openProject(project);
  try {
    return await deed(directory);
  } finally {
    closeSync(directory);
  }
}

function openAny(project: Project): number {
  try {
    if (project.root === '/') return openResolved(project);
    const root = openSync(project.root, O_PATH | constants.O_DIRECTORY);
    try {
      return openBeneath(root, project.rest, DIRECTORY);
    } finally {
      closeSync(root);
    }
  } catch (error) {
    throw projectRefusal(project, error as NodeJS.ErrnoException);
  }
}

/**
 * Half of a job must not go into another project because somebody turned a link. Yet a directory that was made anew in
 * its old place (from a backup, or checked out) is meant, and so is one that was moved and has a link in its old place.
 */
function requireSame(directory: number, project: Project): void {
  const { found: was, path, root } = project;
  if (was === undefined) return;
  const is = foundAt(directory, project);
  if (is.way === was.way || is.identity === was.identity) return;
  const ways = `it leads to ${posix.join(root, is.way)} now, and led to ${posix.join(root, was.way)}`;
  const mend = 'Let it lead there again and retry the job, or submit it anew.';
  throw new Refusal('no-such-project', `${path} is another project than the job was submitted for: ${ways}. ${mend}`);
}

function openResolved(project: Project): number {
  const root = openSync('/', O_PATH | constants.O_DIRECTORY);
  try {
    const real = realpathSync(`/${project.rest}`).slice(1);
    return openPartByPart(root, real === '' ? '.' : real, DIRECTORY);
  } finally {
    closeSync(root);
  }
}

function projectRefusal(project: Project, error: NodeJS.ErrnoException): Refusal {
  refuseIfPassing(project.path, error, project);
  const none = `No such project "${project.location === null ? project.path : project.rest}".`;
  switch (error.code) {
    case 'EACCES':
    case 'EPERM':
      return new Refusal('project-not-readable', `Project not readable: ${project.path}`);
    case 'EXDEV':
      return new Refusal('no-such-project', `${none} A link on the way leads out of the location.`);
    case 'ENOTDIR':
      return new Refusal('no-such-project', `${none} It is not a directory.`);
    case 'ENOENT':
      return new Refusal('no-such-project', none);
    case 'EMFILE':
    case 'ENFILE':
    case 'ENOMEM':
      // It says nothing of the project.
      return new Refusal('not-ready', `This host has no more open files or memory to give (${error.code}). Try again.`);
    default:
      return new Refusal('no-such-project', `${none} (${error.message})`);
  }
}
