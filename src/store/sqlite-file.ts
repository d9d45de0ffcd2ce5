import { accessSync, closeSync, constants, mkdirSync, openSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { StoreError } from './error.ts';
import { apply, pendingMigrations } from './migrations.ts';

/**
 * Opens a state file for this process alone, and brings it up to date. Missing, it is made, 0600, and its directory,
 * 0700: it tells who renders what.
 *
 * The lock is SQLite's own (`locking_mode=EXCLUSIVE`): the kernel takes it away with the process, however it dies,
 * while a row that says "locked" would outlive a SIGKILL and need a guess. Its price: no other program can look into
 * the file while the server runs.
 * @param waitMilliseconds how long another process that holds the file may take to let go of it
 * @throws StoreError with a sentence that says what to do
 */
export function openDatabase(file: string, waitMilliseconds: number): DatabaseSync {
  let database: DatabaseSync | null = null;
  try {
    makeFile(file);
    database = new DatabaseSync(file, { timeout: waitMilliseconds, enableForeignKeyConstraints: true });
    database.exec('PRAGMA locking_mode = EXCLUSIVE');
    // Takes the lock, kept from now on, before anything is written.
    database.exec('BEGIN EXCLUSIVE; COMMIT');
    const pending = pendingMigrations(database, file);
    // WAL with FULL: a commit is one fsync, and on disk when it returns.
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON');
    // What a large change left in the log is given back.
    database.exec(`PRAGMA journal_size_limit = ${logBytes}`);
    for (const migration of pending) apply(database, migration);
    // Makes the log, so that it can be watched from now on.
    database.exec('BEGIN IMMEDIATE; COMMIT');
    return database;
  } catch (error) {
    database?.close();
    throw explain(error, file, 'open');
  }
}

/** The most that the log (`-wal`) keeps of the disk between changes; SQLite writes it back every 4 MB. */
const logBytes = 16 * 1024 * 1024;

/**
 * Watches that the file is still where it was opened: SQLite goes on writing into one that was removed or replaced, and
 * all that was acknowledged since would be gone with the process.
 */
export class StateFile {
  readonly name: string;
  readonly #files: readonly { readonly path: string; readonly identity: string }[];

  /** To be made when the file is open, and its log made. */
  constructor(name: string) {
    this.name = name;
    this.#files = [name, `${name}-wal`].map((path) => ({ path, identity: identityOf(path) }));
  }

  /** @throws StoreError */
  refuseIfGone(): void {
    for (const { path, identity } of this.#files) {
      if (identityOf(path) === identity) continue;
      throw new StoreError(
        `The state could not be saved: ${path} was removed or replaced while the server runs. ` +
          'Put the file back that was there, or end the server, and start it with the files as they should be.',
      );
    }
  }
}

function identityOf(path: string): string {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat ? `${stat.dev}:${stat.ino}` : 'none';
}

/** The sentence for what SQLite, or the system, says. Errors that are sentences already stay as they are. */
export function explain(error: unknown, file: string, deed: 'open' | 'save to' | 'read'): Error {
  if (error instanceof StoreError) return error;
  const { code, errcode, message } = error as { code?: string; errcode?: number; message: string };
  const primary = (errcode ?? systemErrors[code ?? ''] ?? -1) & 0xff;
  const sentence = sentences[primary] ?? (() => `Cannot ${deed} the state file ${file}: ${message}.`);
  return new StoreError(sentence(file), { cause: error });
}

/** Errors of making the file, as SQLite would number them. */
const systemErrors: Readonly<Record<string, number>> = { EACCES: 3, EROFS: 8, ENOSPC: 13, EDQUOT: 13 };

/** By SQLite's primary result code (sqlite.org/rescode.html). */
const sentences: Readonly<Record<number, (file: string) => string>> = {
  3: (file) => `The state file ${file} cannot be used: this user may not read and write it.`,
  5: (file) => `The state file ${file} is in use by another process: is a server running with this home already?`,
  8: (file) => `The state file ${file}, or its directory, is not writable.`,
  11: (file) =>
    `The state file ${file} is damaged. Put a copy from a backup in its place, or move it away to start with none.`,
  13: (file) => `The state could not be saved to ${file}: the disk is full.`,
  14: (file) => `Cannot open the state file ${file}: it is no regular file, or its directory is not writable.`,
  26: (file) => `The state file ${file} is not a database of rayserver. Move it away to start with none.`,
};

/** Only a missing file is touched here: closing a descriptor of one in use would take its lock away (POSIX). */
function makeFile(file: string): void {
  unlessThere(() => mkdirSync(dirname(file), { mode: 0o700 }));
  unlessThere(() => closeSync(openSync(file, 'wx', 0o600)));
  if (!statSync(file).isFile()) throw new StoreError(`The state file ${file} is no regular file. Move it away.`);
  accessSync(file, constants.R_OK | constants.W_OK);
}

function unlessThere(make: () => void): void {
  try {
    make();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}
