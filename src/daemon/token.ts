import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import type { Home } from '../config/home.ts';
import { reasonOf } from '../log/file.ts';
import { Stop } from './stop.ts';

/**
 * The farm's secret, made at the first start: 32 random bytes in base64url. The file appears whole or not at all, and
 * never takes the place of one that is there.
 * @throws Stop if it cannot be read, or is no token
 */
export function farmToken(home: Home): string {
  const file = home.tokenFile;
  try {
    const token = readToken(file) ?? makeToken(file);
    if (/^[A-Za-z0-9_-]{32,256}$/.test(token)) return token;
  } catch (error) {
    throw new Stop(`Cannot use the token ${file}: ${reasonOf(error)}.`, { logged: true, cause: error });
  }
  throw new Stop(
    `${file}:1: expected a token of 32 or more letters, digits, "-" and "_". Remove the file to get a new one.`,
  );
}

function readToken(file: string): string | null {
  let fd: number;
  try {
    fd = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  try {
    if (!fstatSync(fd).isFile()) throw new Error('it is no regular file');
    return readFileSync(fd, 'utf8').trim();
  } finally {
    closeSync(fd);
  }
}

function makeToken(file: string): string {
  const unfinished = `${file}.${randomBytes(6).toString('hex')}`;
  const token = randomBytes(32).toString('base64url');
  const fd = openSync(unfinished, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o640);
  try {
    // The umask may have closed it to the group, which may submit.
    fchmodSync(fd, 0o640);
    writeSync(fd, `${token}\n`);
    fsyncSync(fd);
    linkSync(unfinished, file);
  } finally {
    closeSync(fd);
    unlinkSync(unfinished);
  }
  return token;
}
