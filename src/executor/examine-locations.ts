import { constants } from 'node:fs';
import { access, readFile, stat } from 'node:fs/promises';
import { quoted } from '../model/shell-word.ts';
import type { Finding, LocationPlace } from '../protocol/inner.ts';
import { closedParent, closedParentMend, groupName } from './mends.ts';

/** How long a file system may take to answer, ms: one that hangs must not keep simulations waiting. */
const patienceMilliseconds = 5000;

/** Paths that a look has not come back from yet: each costs a thread, so there is one look at a time. */
const hanging = new Set<string>();

/** Each location of this host as the user of simulations sees it. */
export function examineLocations(locations: readonly LocationPlace[]): Promise<Finding[]> {
  return Promise.all(locations.map((location) => inTime(location)));
}

async function inTime(location: LocationPlace): Promise<Finding> {
  const { path } = location;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Finding>((settle) => {
    const finding = told(
      location,
      'error',
      `${path} does not answer: its file system hangs.`,
      `findmnt -T ${quoted(path)}`,
    );
    timer = setTimeout(() => settle(finding), hanging.has(path) ? 0 : patienceMilliseconds);
  });
  const looks: Promise<Finding>[] = [late];
  if (!hanging.has(path)) {
    hanging.add(path);
    looks.push(lookAt(location).finally(() => hanging.delete(path)));
  }
  try {
    return await Promise.race(looks);
  } finally {
    clearTimeout(timer);
  }
}

async function lookAt(location: LocationPlace): Promise<Finding> {
  const { path, file } = location;
  const shown = quoted(path);
  let isDirectory: boolean;
  try {
    isDirectory = (await stat(path)).isDirectory();
  } catch (error) {
    return await notThere(location, error as NodeJS.ErrnoException);
  }
  if (!isDirectory) {
    return told(location, 'error', `${path} is not a directory.`, `"\${EDITOR:-vi}" ${quoted(file)}`);
  }
  const open = `sudo chgrp ${quoted(groupName())} ${shown} && sudo chmod g+rwxs ${shown}`;
  if (await isRefused(path, constants.R_OK | constants.X_OK)) {
    return told(location, 'error', `${path} cannot be read by the user of simulations.`, open);
  }
  const refused = await isRefused(path, constants.W_OK);
  if (refused === 'EROFS') {
    return told(location, 'error', `${path} is mounted read-only.`, `sudo mount -o remount,rw ${shown}`);
  }
  if (refused) {
    return told(location, 'warning', `${path} can be read, but not written, by the user of simulations.`, open);
  }
  return told(location, 'ok', `${path} can be read and written.`, null);
}

/** A directory that is not there is mostly a volume that is not mounted. */
async function notThere(location: LocationPlace, error: NodeJS.ErrnoException): Promise<Finding> {
  const { path } = location;
  if (error.code === 'EACCES') {
    const parent = closedParent(path);
    return told(location, 'error', `${path} cannot be reached: ${parent} is closed.`, closedParentMend(path));
  }
  if (error.code !== 'ENOENT') return told(location, 'error', `${path}: ${error.message}.`, `ls -ld ${quoted(path)}`);
  if (await isMountPoint(path)) {
    return told(
      location,
      'error',
      `There is no ${path}: it is not mounted.`,
      `sudo mkdir -p ${quoted(path)} && sudo mount ${quoted(path)}`,
    );
  }
  const mend = `sudo install -d -m 2775 -g ${quoted(groupName())} ${quoted(path)}`;
  return told(location, 'error', `There is no ${path}.`, mend);
}

async function isMountPoint(path: string): Promise<boolean> {
  const table = await readFile('/etc/fstab', 'utf8').catch(() => '');
  return table.split('\n').some((line) => line.trim().split(/\s+/)[1] === path);
}

/** The code of the error with which the system refuses it, or null if it does not. */
async function isRefused(path: string, mode: number): Promise<string | null> {
  return await access(path, mode).then(
    () => null,
    (error: NodeJS.ErrnoException) => error.code ?? 'EIO',
  );
}

function told(location: LocationPlace, level: Finding['level'], says: string, mend: string | null): Finding {
  return { what: `location ${location.name}`, level, says, mend };
}
