import { closeSync, constants, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Check, checkAmbient } from '../ambient/check.ts';
import { parametersOfHeader } from '../ambient/parameters.ts';
import { quoted } from '../model/shell-word.ts';
import type { Finding, Question } from '../protocol/inner.ts';
import { systemWords } from './file-error.ts';
import { cutOff, inTurn, lock } from './mend-ambient.ts';

/** Whether what is not sound at the end is to be cut off, and kept in a file of its own. */
export type Mend = Extract<Question, { ask: 'examine' }>['mend'];

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
    const { errno, message } = error as NodeJS.ErrnoException;
    const why = errno === undefined ? message.replace(/\.$/, '') : systemWords(errno);
    return bad(`${path}: ${why}. Nothing was cut.`, null);
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
  return await inTurn(path, mend !== null, async (door) => {
    if (!(await lock(fd, door))) return inUse(path);
    const certain = await checkAmbient(fd);
    if (mend === null || certain.is === 'sound' || certain.header === null) return verdict(path, certain);
    const kept = await cutOff(path, fd, { check: certain, door, mend });
    const says = `${path} was cut to ${certain.soundBytes} bytes, which is ${values(certain)}`;
    return good(kept === null ? `${says}.` : `${says}; what was cut off is in ${kept}.`);
  });
}

function inUse(path: string): Finding {
  const says = `${path} is in use: somebody holds a lock on it. Whether its end is sound is not known before.`;
  return { what: 'ambient file', level: 'warning', says, mend: `rayctl doctor ${quoted(path)}` };
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
