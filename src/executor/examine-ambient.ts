import { closeSync, constants, fsync, openSync, unlinkSync, write } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import { promisify } from 'node:util';
import { type Check, checkAmbient } from '../ambient/check.ts';
import { mendAmbient } from '../ambient/mend.ts';
import { parametersOfHeader } from '../ambient/parameters.ts';
import { quoted } from '../model/shell-word.ts';
import type { Finding, Question } from '../protocol/inner.ts';
import { tryLock } from '../unix/locks.ts';

const writeSome = promisify(write);
const toDisk = promisify(fsync);

/** Whether what is not sound at the end is to be cut off, and kept in a file of its own. */
export type Mend = Extract<Question, { ask: 'examine' }>['mend'];

/** Radiance holds its lock for one write; another doctor, or whoever lets a simulation start, for some time. */
const lockTries = 10;
const betweenTriesMilliseconds = 50;

const flags = constants.O_NONBLOCK | constants.O_NOCTTY | constants.O_NOFOLLOW;

/** Looks at a regular file as one that simulations share, and mends it if asked to. @param path without links in it */
export async function examineAmbient(path: string, mend: Mend): Promise<Finding> {
  let opened: { fd: number; isWritable: boolean };
  try {
    opened = open(path);
  } catch {
    return unreadable(path);
  }
  const { fd, isWritable } = opened;
  try {
    return isWritable ? await look(path, fd, mend) : await lookOnly(path, fd, mend);
  } catch (error) {
    return bad(`${path}: ${error instanceof Error ? error.message : error}. Nothing was cut.`, null);
  } finally {
    closeSync(fd);
  }
}

/** Whoever asks for another kind of file must not be told to open that for everybody: it may be a key. */
function unreadable(path: string): Finding {
  const mend = isNamed(path) ? `sudo chmod a+r ${quoted(path)}` : `ls -l ${quoted(path)}`;
  return bad(`${path} cannot be read by the user of simulations.`, mend);
}

/** As ambient files are. */
export function isNamed(path: string): boolean {
  return path.endsWith('.amb');
}

function open(path: string): { fd: number; isWritable: boolean } {
  try {
    return { fd: openSync(path, constants.O_RDWR | flags), isWritable: true };
  } catch {
    return { fd: openSync(path, constants.O_RDONLY | flags), isWritable: false };
  }
}

async function lookOnly(path: string, fd: number, mend: Mend): Promise<Finding> {
  const check = await checkAmbient(fd);
  if (mend === null || check.is === 'sound' || check.header === null) return verdict(path, check);
  return bad(`${path} cannot be written by the user of simulations.`, `sudo chmod ug+w ${quoted(path)}`);
}

async function look(path: string, fd: number, mend: Mend): Promise<Finding> {
  const check = await checkAmbient(fd);
  if (check.is === 'sound' || check.is === 'foreign') return verdict(path, check);
  // What looks like a partial record may be one that is being written: only under the lock it is known.
  if (!(await lock(fd))) {
    const says = `${path} is in use: somebody holds a lock on it. Whether its end is sound is not known before.`;
    return { what: 'ambient file', level: 'warning', says, mend: `rayctl doctor ${quoted(path)}` };
  }
  const certain = await checkAmbient(fd);
  if (mend === null || certain.is === 'sound' || certain.header === null) return verdict(path, certain);
  return cutOff(path, fd, certain, mend);
}

/** False if others kept their locks all the time. */
async function lock(fd: number): Promise<boolean> {
  for (let tries = 1; !tryLock(fd); tries += 1) {
    if (tries === lockTries) return false;
    await after(betweenTriesMilliseconds);
  }
  return true;
}

/** The caller holds the write lock. */
async function cutOff(path: string, fd: number, check: Check, mend: 'cut' | 'keep'): Promise<Finding> {
  const says = `${path} was cut to ${check.soundBytes} bytes, which is ${values(check)}`;
  if (mend === 'cut') {
    await mendAmbient(fd, check);
    return good(`${says}.`);
  }
  const kept = newBeside(path);
  try {
    await mendAmbient(fd, check, async (bytes) => {
      for (let written = 0; written < bytes.length; )
        written += (await writeSome(kept.fd, bytes, written, bytes.length - written)).bytesWritten;
      await toDisk(kept.fd);
    });
    return good(`${says}; what was cut off is in ${kept.path}.`);
  } catch (error) {
    unlinkSync(kept.path);
    throw error;
  } finally {
    closeSync(kept.fd);
  }
}

function newBeside(path: string): { fd: number; path: string } {
  for (let number = 1; ; number += 1) {
    const name = `${path}.cut-${number}`;
    try {
      return {
        fd: openSync(name, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | flags, 0o664),
        path: name,
      };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}

const again = 'The next simulation that uses it makes it anew';

function verdict(path: string, check: Check): Finding {
  const { is, header, problem } = check;
  const name = quoted(path);
  if (header === null && !isNamed(path)) {
    const says = `${path} is neither a directory nor an ambient file.`;
    return { what: 'directory', level: 'error', says, mend: `rayctl doctor ${quoted(dirname(path))}` };
  }
  if (is === 'empty') return bad(`${path} is empty, and ends every simulation that uses it. ${again}.`, `rm ${name}`);
  if (header === null) {
    const says = `${path}: ${problem} It ends every simulation that uses it. ${again}.`;
    return bad(says, `mv ${name} ${quoted(`${path}.foreign`)}`);
  }
  const { software } = header;
  if (is === 'sound')
    return good(
      `${path}: ${values(check)}, made${software ? ` by ${software}` : ''} with ${parametersOfHeader(header)}.`,
    );
  const keep = is === 'damaged' ? ' --keep' : '';
  return bad(`${path}: ${problem} Before it, ${values(check)}.`, `rayctl doctor --mend${keep} ${name}`);
}

function values({ records }: Check): string {
  return `${records} sound value${records === 1 ? '' : 's'}`;
}

function good(says: string): Finding {
  return { what: 'ambient file', level: 'ok', says, mend: null };
}

function bad(says: string, mend: string | null): Finding {
  return { what: 'ambient file', level: 'error', says, mend };
}
