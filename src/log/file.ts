import { closeSync, constants, fstatSync, lstatSync, openSync, type Stats, writeSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Opens a log for appending: a regular file with one name, and never through a link, so that nobody who may write in
 * the directory can lead our lines into another file. A new file gets mode 664 less the umask.
 * @throws Error that says why not
 */
function openLogFile(path: string): number {
  const fd = openSync(path, appending, 0o664);
  try {
    check(fstatSync(fd));
  } catch (error) {
    closeSync(fd);
    throw error;
  }
  return fd;
}

/** O_NONBLOCK: a FIFO in its place must not hold us up. */
const appending =
  constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK;

function check(stats: Stats): void {
  if (!stats.isFile()) throw new Error('it is no regular file');
  if (stats.nlink > 1) throw new Error('it has a second name elsewhere');
}

/** Why a log could not be written, for people. */
export function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  const known: Record<string, string> = {
    ENOENT: 'there is no such directory',
    EACCES: 'permission denied',
    EROFS: 'the file system is read-only',
    ENOSPC: 'no space left',
    EDQUOT: 'the quota is used up',
    EISDIR: 'it is a directory',
    ELOOP: 'it is a symbolic link',
    ENOTDIR: 'it is a symbolic link',
    ENXIO: 'it is no regular file',
  };
  return known[code ?? ''] ?? message;
}

export interface LogFileEvents {
  /** A file was opened, at first or again, with this descriptor. */
  readonly opened?: (fd: number) => void;
  /** Lines are being lost; told once, until lines are written again. */
  readonly trouble?: (reason: string) => void;
}

/**
 * A log that stays where its name is: removed or renamed, it is opened again before the next line. Lines are written
 * at once and whole, so that the end of the process loses none.
 */
export class LogFile {
  readonly path: string;
  readonly #events: LogFileEvents;
  #fd: number | null = null;
  #inTrouble = false;

  constructor(directory: string, name: string, events: LogFileEvents = {}) {
    this.#events = events;
    this.path = join(directory, name);
  }

  /** The open file, or null: it cannot be written. */
  get descriptor(): number | null {
    return this.#fd;
  }

  /** Opens it anew. False: it cannot be written, for now. */
  reopen(): boolean {
    this.close();
    try {
      this.#fd = openLogFile(this.path);
      this.#events.opened?.(this.#fd);
      return true;
    } catch (error) {
      this.#complain(error);
      return false;
    }
  }

  write(line: string): void {
    if (!this.#isInPlace() && !this.reopen()) return;
    try {
      let rest = Buffer.from(`${line}\n`);
      while (rest.length > 0) rest = rest.subarray(writeSync(this.#fd ?? -1, rest));
      this.#inTrouble = false;
    } catch (error) {
      this.#complain(error);
    }
  }

  close(): void {
    if (this.#fd !== null) closeSync(this.#fd);
    this.#fd = null;
  }

  #isInPlace(): boolean {
    if (this.#fd === null) return false;
    try {
      const open = fstatSync(this.#fd);
      const named = lstatSync(this.path);
      return open.ino === named.ino && open.dev === named.dev;
    } catch {
      return false;
    }
  }

  #complain(error: unknown): void {
    if (this.#inTrouble) return;
    this.#inTrouble = true;
    this.#events.trouble?.(reasonOf(error));
  }
}
