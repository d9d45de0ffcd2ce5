import { existsSync, readdirSync, realpathSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { loadHosts } from '../../config/files.ts';
import type { Home } from '../../config/home.ts';
import { findRecord, type HostRecord } from '../../config/hosts.ts';
import { locationOf } from '../../config/projects.ts';
import type { JobView, ProjectName } from '../../protocol/api.ts';
import { CalledWrongly } from '../errors.ts';

/** How paths of this machine and projects of the server are told from each other. */

export interface NamedRif {
  project: ProjectName;
  rif: string;
}

/**
 * The project and .rif file that a path means. With a record of this host that covers the directory it is named by its
 * location, so that it is found where the server mounts it elsewhere; else by its absolute path.
 * @param isHere the server is on this machine, so that what is not here is nowhere
 * @throws CalledWrongly
 */
export function nameProject(
  path: string,
  record: HostRecord | null,
  where: { cwd: string; isHere: boolean },
): NamedRif {
  const file = resolve(where.cwd, path);
  if (where.isHere) checkFile(file, path);
  else if (!path.startsWith('/') && !existsSync(dirname(file))) {
    throw new CalledWrongly(`${JSON.stringify(path)} is not on this machine. Give its absolute path on the server.`);
  }
  return { project: projectAt(dirname(file), record), rif: basename(file) };
}

/**
 * The project that a directory is.
 * @throws CalledWrongly
 */
export function nameDirectory(
  path: string,
  record: HostRecord | null,
  where: { cwd: string; isHere: boolean },
): ProjectName {
  const directory = resolve(where.cwd, path);
  if (where.isHere) checkDirectory(directory, path);
  else if (!path.startsWith('/') && !existsSync(directory)) {
    throw new CalledWrongly(`${JSON.stringify(path)} is not on this machine. Give its absolute path on the server.`);
  }
  return projectAt(directory, record);
}

function projectAt(directory: string, record: HostRecord | null): ProjectName {
  const real = realDirectory(directory);
  const covering = record === null ? null : locationOf(realRecord(record), real);
  return covering ? { location: covering.location.name, path: covering.rest } : { path: real };
}

/** This host's own record in the hosts file of the home; null if there is none. @throws ConfigError */
export function ownRecord(home: Home | null): HostRecord | null {
  const hosts = home === null ? null : loadHosts(home.hostsFile);
  return hosts === null ? null : findRecord(hosts, hostname());
}

/** A file of the job's project as this machine sees it; `location:path` where it does not. */
export function localPath(job: JobView, path: string, record: HostRecord | null): string {
  const { location, path: project } = job.project;
  if (location === null) return join(project, path);
  const local = record?.locations.find(({ name }) => name === location)?.path;
  return local === undefined ? `${location}:${project}/${path}` : join(local, project, path);
}

function checkFile(file: string, asked: string): void {
  const shown = JSON.stringify(asked);
  let isDirectory: boolean;
  try {
    isDirectory = statSync(file).isDirectory();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EACCES')
      throw new CalledWrongly(`You may not look at ${shown}: a directory above it is closed to you.`);
    const others = code === 'ENOENT' && !file.endsWith('.rif') ? rifsOf(dirname(file)) : [];
    const meant = others.includes(`${basename(file)}.rif`) ? ` Did you mean ${JSON.stringify(`${asked}.rif`)}?` : '';
    throw new CalledWrongly(`No such file ${shown}.${meant}`);
  }
  if (isDirectory) {
    const files = rifsOf(file);
    const hint = files.length === 0 ? 'It has no .rif file.' : `Name one of its .rif files: ${files.join(', ')}.`;
    throw new CalledWrongly(`${shown} is a directory. ${hint}`);
  }
  if (!file.endsWith('.rif')) throw new CalledWrongly(`${shown} is no .rif file. Submit the .rif file of the project.`);
}

function checkDirectory(directory: string, asked: string): void {
  const shown = JSON.stringify(asked);
  let isDirectory: boolean;
  try {
    isDirectory = statSync(directory).isDirectory();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EACCES')
      throw new CalledWrongly(`You may not look at ${shown}: a directory above it is closed to you.`);
    throw new CalledWrongly(`No such directory ${shown}.`);
  }
  if (!isDirectory) throw new CalledWrongly(`${shown} is no directory. Name the project directory of the command.`);
}

function rifsOf(directory: string): string[] {
  try {
    return readdirSync(directory)
      .filter((name) => name.endsWith('.rif'))
      .sort()
      .slice(0, 20);
  } catch {
    return [];
  }
}

/** The directory without links; as it was named where it is not on this machine. */
function realDirectory(directory: string): string {
  try {
    return realpathSync.native(directory);
  } catch {
    return directory;
  }
}

/** Locations may be named by links; a project is compared without. */
function realRecord(record: HostRecord): HostRecord {
  return { ...record, locations: record.locations.map(({ name, path }) => ({ name, path: realDirectory(path) })) };
}
