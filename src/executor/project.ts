import { closeSync, constants, fstatSync, opendirSync, openSync, readlinkSync, realpathSync, statSync } from 'node:fs';
import { posix } from 'node:path';
import type { Found, Project } from '../model/job.ts';
import { Refusal } from '../model/refusal.ts';
import { O_PATH, openBeneath, openPartByPart } from '../unix/walk.ts';
import { Away, absent, projectRefusal } from './away.ts';

const DIRECTORY = constants.O_RDONLY | constants.O_DIRECTORY;

/**
 * Opens a project's directory for reading. Below a location links are followed as long as they stay in it; where there
 * are no locations the path is taken with its links resolved, and none may have appeared since. It is the directory that
 * it was at the submit, if it has been looked at then.
 * @throws Away no-such-project, project-not-readable, not-ready
 * @throws Refusal not-ready, where this host has no more descriptors or memory
 */
export function openProject(project: Project): number {
  const directory = openAny(project);
  try {
    // Where it may be read and not entered, nothing in it can be used.
    statSync(`/proc/self/fd/${directory}/.`);
    requireSame(directory, project);
    return directory;
  } catch (error) {
    closeSync(directory);
    throw error instanceof Refusal ? error : projectRefusal(project, error as NodeJS.ErrnoException);
  }
}

/** Why nobody can work in the project at the moment, and what to do, in sentences; null: there is no reason. */
export function whyAway(project: Project): string | null {
  try {
    closeSync(openProject(project));
    return null;
  } catch (error) {
    return error instanceof Away ? error.waits : null;
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
 * Half of a job must not go into another project because somebody turned a link, nor into the place where its file
 * system is mounted as a rule. Yet a directory that was made anew in its old place (from a backup, or checked out) is
 * meant, and so is one that was moved and has a link in its old place.
 */
function requireSame(directory: number, project: Project): void {
  const { found: was, path, root } = project;
  if (was === undefined) return;
  const is = foundAt(directory, project);
  if (is.identity === was.identity) return;
  if (is.way === was.way) {
    // The numbers of devices may be others after a restart.
    const isSameFile = inodeOf(is) === inodeOf(was);
    if (!isSameFile && isEmpty(directory)) throw absent(project, 'an empty directory is in its place', 'Mount it');
    return;
  }
  const ways = `it leads to ${posix.join(root, is.way)} now, and led to ${posix.join(root, was.way)}`;
  const fact = `${path} is another project than the job was submitted for: ${ways}`;
  throw new Away('no-such-project', `${fact}. Submit the job anew.`, fact, 'Let it lead there again');
}

function inodeOf({ identity }: Found): string | undefined {
  return identity.split(':')[1];
}

/** But for what we make ourselves, or have made there before we looked for this. */
function isEmpty(directory: number): boolean {
  const entries = opendirSync(`/proc/self/fd/${directory}/.`);
  try {
    for (let entry = entries.readSync(); entry !== null; entry = entries.readSync())
      if (entry.name !== 'proc' && entry.name !== 'logfiles') return false;
    return true;
  } finally {
    entries.closeSync();
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
