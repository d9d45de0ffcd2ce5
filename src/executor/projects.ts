import { accessSync, closeSync, constants, openSync, statSync } from 'node:fs';
import { posix } from 'node:path';
import type { Found, Project } from '../model/job.ts';
import { Refusal } from '../model/refusal.ts';
import { O_PATH, openBeneath } from '../unix/walk.ts';
import { makeDirectory } from './below.ts';
import { refuseIfPassing } from './file-error.ts';
import { foundAt, inProject } from './project.ts';

/** Made in every project; the others are made when a task needs them, but must be writable if they are there. */
const made = ['proc', 'logfiles'] as const;
const writable = ['proc', 'logfiles', 'images', 'octrees', 'ambfiles'] as const;

/**
 * Is this a project that we can work in? Makes proc/ and logfiles/.
 * @returns what its path leads to
 * @throws Refusal no-such-project, project-not-readable, project-not-writable, project-in-home, not-ready
 */
export function checkProject(project: Project, home: string): Promise<Found> {
  return inProject(project, (directory) => {
    if (isWithin(directory, home)) {
      throw new Refusal('project-in-home', `A project cannot be in the home of rayserver (${home}): ${project.path}`);
    }
    if (holds(directory, home)) {
      const sentence = `A project cannot contain the home of rayserver (${home}): ${project.path}`;
      throw new Refusal('project-in-home', `${sentence}. Move its files to a directory of their own.`);
    }
    if (!mayEnter(directory, constants.R_OK | constants.X_OK)) {
      throw new Refusal('project-not-readable', `Project not readable: ${project.path}`);
    }
    for (const path of made) {
      try {
        makeDirectory(directory, path);
      } catch (error) {
        refuseIfPassing(path, error, project);
        throw notWritable(`${project.path}/${path}`);
      }
    }
    for (const path of writable)
      if (!isWritable(directory, path, project)) throw notWritable(`${project.path}/${path}`);
    return foundAt(directory, project);
  });
}

/**
 * Whether these directories, each of which may still be missing, can be written or made.
 * @throws Refusal project-not-writable, not-ready
 */
export function requirePlaces(directory: number, project: Project, paths: Iterable<string>): void {
  for (const path of paths) {
    let place = path;
    while (place !== '.' && isMissing(directory, place)) place = posix.dirname(place);
    if (!isWritable(directory, place, project)) throw notWritable(`${project.path}/${path}`);
  }
}

function isMissing(directory: number, path: string): boolean {
  try {
    closeSync(openBeneath(directory, path, O_PATH));
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT';
  }
}

function notWritable(path: string): Refusal {
  return new Refusal('project-not-writable', `Project not writable: ${path}`);
}

/** Whether the directory with this descriptor is above `home`. */
function holds(directory: number, home: string): boolean {
  let fd: number;
  try {
    fd = openSync(home, O_PATH | constants.O_DIRECTORY);
  } catch {
    return false;
  }
  try {
    return isWithin(fd, `/proc/self/fd/${directory}`);
  } finally {
    closeSync(fd);
  }
}

/** Whether the directory is `home` or below it, by what they are and not by what they are called. */
function isWithin(directory: number, home: string): boolean {
  const of = (path: string) => {
    const { dev, ino } = statSync(path, { bigint: true });
    return `${dev}:${ino}`;
  };
  try {
    const forbidden = of(home);
    let path = `/proc/self/fd/${directory}`;
    let last = '';
    for (let at = of(path); at !== last; at = of(path)) {
      if (at === forbidden) return true;
      last = at;
      path += '/..';
    }
    return false;
  } catch {
    // A directory above that we may not enter cannot be our home, nor can one below it.
    return false;
  }
}

/** What is not there is fine; a link that leads out of the project is not. */
function isWritable(directory: number, path: string, project: Project): boolean {
  let fd: number;
  try {
    fd = openBeneath(directory, path, constants.O_RDONLY | constants.O_DIRECTORY);
  } catch (error) {
    refuseIfPassing(path, error, project);
    return (error as NodeJS.ErrnoException).code === 'ENOENT';
  }
  try {
    return mayEnter(fd, constants.W_OK | constants.X_OK);
  } finally {
    closeSync(fd);
  }
}

function mayEnter(directory: number, mode: number): boolean {
  try {
    accessSync(`/proc/self/fd/${directory}/.`, mode);
    return true;
  } catch {
    return false;
  }
}
