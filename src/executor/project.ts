import { closeSync, constants, openSync, realpathSync } from 'node:fs';
import type { Project } from '../model/job.ts';
import { Refusal } from '../model/refusal.ts';
import { O_PATH, openBeneath, openPartByPart } from '../unix/walk.ts';
import { refuseIfPassing } from './file-error.ts';

const DIRECTORY = constants.O_RDONLY | constants.O_DIRECTORY;

/**
 * Opens a project's directory for reading. Below a location links are followed as long as they stay in it; where there
 * are no locations the path is taken with its links resolved, and none may have appeared since.
 * @throws Refusal no-such-project, project-not-readable, not-ready
 */
export function openProject(project: Project): number {
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

/** Opens the project, lets `deed` work in it, and closes it. */
export async function inProject<T>(project: Project, deed: (directory: number) => T | Promise<T>): Promise<T> {
  const directory = openProject(project);
  try {
    return await deed(directory);
  } finally {
    closeSync(directory);
  }
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
