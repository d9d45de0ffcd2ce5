import {
  accessSync,
  chmodSync,
  closeSync,
  constants,
  fchownSync,
  lstatSync,
  mkdirSync,
  openSync,
  statSync,
} from 'node:fs';
import type { Home } from '../config/home.ts';
import { reasonOf } from '../log/file.ts';
import { makeWithParents } from '../unix/directories.ts';
import type { Identity } from '../unix/identity.ts';
import { messages } from './messages.ts';
import { Stop } from './stop.ts';

/**
 * By root, before the user is changed: makes the home where it is missing and gives it to the user who will run the
 * daemon. A home that exists is left as it is.
 * @throws Stop
 */
export function makeHomeFor(identity: Identity, home: Home): void {
  // Root's own mask may be so strict that the user could not enter.
  const mask = process.umask(0o022);
  try {
    if (!makeWithParents(home.path, 0o755)) return;
    const fd = openSync(home.path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
    fchownSync(fd, identity.uid, identity.gid);
    closeSync(fd);
  } catch (error) {
    throw notWritable(home, identity, error);
  } finally {
    process.umask(mask);
  }
}

/**
 * As the user who runs the daemon: makes what is missing in the home. Never group-writable, whatever the umask: who
 * could rename things here could exchange the token. `run` lets the group come to the job socket, `inner` nobody.
 * @throws Stop if the home cannot be written
 */
export function makeDirectories(identity: Identity, home: Home): void {
  try {
    makeWithParents(home.path, 0o755);
    for (const directory of [home.config, home.logs, home.data]) make(directory, 0o755);
    make(home.state, 0o700);
    make(home.run, 0o750);
    make(home.inner, 0o700);
    for (const [directory, mode] of [
      [home.run, 0o750],
      [home.inner, 0o700],
    ] as const) {
      keepMode(directory, mode);
    }
    for (const directory of [home.path, home.config, home.state, home.run]) accessSync(directory, constants.W_OK);
  } catch (error) {
    throw notWritable(home, identity, error);
  }
}

function make(directory: string, mode: number): void {
  try {
    mkdirSync(directory, { mode });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    if (!statSync(directory).isDirectory()) throw new Error(`${directory} is no directory`);
  }
}

/** The umask must not close `run` to the group, nor an old mode leave `inner` open. */
function keepMode(directory: string, mode: number): void {
  const stats = lstatSync(directory);
  if (!stats.isDirectory()) throw new Error(`${directory} is a symbolic link`);
  if ((stats.mode & 0o777) !== mode) chmodSync(directory, mode);
}

function notWritable(home: Home, identity: Identity, error: unknown): Stop {
  const { path } = error as NodeJS.ErrnoException;
  const where = path === undefined || path === home.path ? '' : `${path}: `;
  return new Stop(messages.homeNotWritable(home.path, identity.user, identity.group, `${where}${reasonOf(error)}`), {
    logged: true,
    cause: error,
  });
}
