import { fstatSync, writeSync } from 'node:fs';
import { escapeControls, type Level } from './layout.ts';

/** How the journal is told the level of a line (sd-daemon(3)). */
const prefixes: Readonly<Record<Level, string>> = { error: '<3>', warn: '<4>', info: '<6>' };

/** Whether standard output (1) and error (2) go to the journal of the system. */
const journal = { 1: false, 2: false };

/**
 * From now on lines to the journal bear their level. @param stream - device and inode of the stream to it, as the service
 * manager says, `8:1234`; null: there is none. Output that was redirected since goes elsewhere, and is left alone.
 */
export function noticeJournal(stream: string | null): void {
  for (const fd of [1, 2] as const) journal[fd] = stream !== null && identityOf(fd) === stream;
}

export function goesToJournal(fd: 1 | 2): boolean {
  return journal[fd];
}

function identityOf(fd: number): string | null {
  try {
    const { dev, ino } = fstatSync(fd, { bigint: true });
    return `${dev}:${ino}`;
  } catch {
    return null;
  }
}

/**
 * Writes a text to standard output (1) or error (2), at once: the process may be replaced or ended next. Each of its
 * lines is a line there, and nothing in it moves the cursor or poses as another line's level.
 * A terminal or reader that has gone away is no fault of the program.
 */
export function sayOnTerminal(fd: 1 | 2, text: string, level: Level = fd === 1 ? 'info' : 'error'): void {
  const prefix = journal[fd] ? prefixes[level] : '';
  const lines = text.split('\n').map((line) => `${prefix}${escapeControls(line)}\n`);
  writeWhole(fd, Buffer.from(lines.join('')));
}

function writeWhole(fd: 1 | 2, data: Buffer): void {
  for (let from = 0, tries = 0; from < data.length && tries < 100; ) {
    try {
      from += writeSync(fd, data, from);
    } catch (error) {
      // A reader that does not read: give it 100 chances, then go on without it.
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return;
      tries++;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }
}
