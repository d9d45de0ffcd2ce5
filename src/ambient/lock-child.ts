import { constants, unlinkSync, writeSync } from 'node:fs';
import { tryLock } from '../unix/locks.ts';
import { O_PATH, openBeneath, openUnlinked } from '../unix/walk.ts';

/** One that was forgotten lets go by itself, ms. */
const LONGEST_HOLD = 60_000;

/**
 * One process of a lock probe: `hold DIRECTORY NAME` makes the file, locks it, and keeps it until TERM; `try DIRECTORY
 * NAME` tries to lock it; `remove DIRECTORY NAME` removes what a killed holder left. It says on standard output
 * `started` before it touches the file system, where any call may hang, and then `held`, `refused`, `obtained`,
 * `removed`, or `failed CODE`, for example `failed ENOLCK`.
 * @returns the exit status: 0, or 1 if it failed
 */
export async function lockChild([verb, path, name]: readonly string[]): Promise<number> {
  say('started');
  try {
    if (path === undefined || name === undefined) throw new Error('usage: hold | try | remove DIRECTORY NAME');
    const directory = openUnlinked(path, O_PATH | constants.O_DIRECTORY);
    if (verb === 'hold') await hold(directory, name);
    else if (verb === 'try') say(lock(directory, name, 0) ? 'obtained' : 'refused');
    else removeFile(directory, name);
    return 0;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    say(`failed ${code ?? message}`);
    return 1;
  }
}

async function hold(directory: number, name: string): Promise<void> {
  const ended = new Promise((settle) => {
    process.once('SIGTERM', settle);
    setTimeout(settle, LONGEST_HOLD);
  });
  try {
    say(lock(directory, name, constants.O_CREAT) ? 'held' : 'refused');
    await ended;
  } finally {
    removeFile(directory, name);
  }
}

/** The descriptor, and the lock with it, is given up when the process ends. */
function lock(directory: number, name: string, more: number): boolean {
  return tryLock(openBeneath(directory, name, constants.O_RDWR | more, 0o660));
}

function removeFile(directory: number, name: string): void {
  try {
    unlinkSync(`/proc/self/fd/${directory}/${name}`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

/** Whole before the next call hangs. */
function say(line: string): void {
  writeSync(1, `${line}\n`);
}
