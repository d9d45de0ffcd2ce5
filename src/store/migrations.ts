import type { DatabaseSync } from 'node:sqlite';
import { StoreError } from './error.ts';
import { jobs } from './migrations/0001-jobs.ts';
import { frames } from './migrations/0002-frames.ts';
import { ambient } from './migrations/0003-ambient.ts';

/** One step from a state file's older form to a newer one. Never edited once released: a new one mends it. */
export interface Migration {
  /** Counts from 1 without gaps. */
  readonly number: number;
  readonly name: string;
  readonly sql: string;
}

/** All migrations, oldest first. */
export const migrations: readonly Migration[] = [jobs, frames, ambient];

/** Marks a state file as rayserver's (`rays`), so that no other program's database is ever taken for one. */
export const applicationId = 0x72617973;

/**
 * The migrations that a state file still needs; it is only looked at.
 * @param file its name, for messages
 * @throws StoreError if it belongs to another program or to a newer rayserver
 */
export function pendingMigrations(database: DatabaseSync, file: string, steps = migrations): readonly Migration[] {
  const done = appliedMigrations(database, file);
  for (const [index, { number, name }] of done.entries()) {
    if (steps[index]?.number === number && steps[index].name === name) continue;
    throw new StoreError(
      `The state file ${file} was written by a newer rayserver (migration ${number}, "${name}"; this one knows ${steps.length}). ` +
        'Install that one again, or move the file away to start with none.',
    );
  }
  return steps.slice(done.length);
}

/** Takes one step, whole or not at all. */
export function apply(database: DatabaseSync, { number, name, sql }: Migration): void {
  database.exec('BEGIN IMMEDIATE');
  try {
    if (number === 1) {
      database.exec(`PRAGMA application_id = ${applicationId}`);
      database.exec(
        'CREATE TABLE migrations (number INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at INTEGER NOT NULL) STRICT',
      );
    }
    database.exec(sql);
    database.prepare('INSERT INTO migrations VALUES (?, ?, unixepoch())').run(number, name);
    database.exec('COMMIT');
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
}

function appliedMigrations(database: DatabaseSync, file: string): { number: number; name: string }[] {
  const { application_id: owner } = database.prepare('PRAGMA application_id').get() as { application_id: number };
  if (owner === applicationId) {
    return database.prepare('SELECT number, name FROM migrations ORDER BY number').all() as {
      number: number;
      name: string;
    }[];
  }
  const { count } = database.prepare('SELECT count(*) AS count FROM sqlite_schema').get() as { count: number };
  if (owner === 0 && count === 0) return [];
  throw new StoreError(`The state file ${file} is the database of another program. Move it away.`);
}
