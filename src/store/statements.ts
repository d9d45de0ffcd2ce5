import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { afresh } from './rows.ts';

/** All that the store says to SQLite, prepared once. */
export type Statements = ReturnType<typeof prepare>;

const jobColumns = 'id, user, idempotency_key AS idempotencyKey, state, ended_at AS endedAt, data, summary';
const taskColumns = 'job, number, state, attempts, data, tried_before AS triedBefore, plan';
const jobValues = `user = ?2, idempotency_key = ?3, state = ?4, ended_at = ?5, data = ?6, summary = ?7`;

export function prepare(database: DatabaseSync) {
  const statement = (sql: string): StatementSync => database.prepare(sql);
  /** Gives arrays: an object for each of a million rows takes twice the time. */
  const lean = (sql: string): StatementSync => {
    const made = statement(sql);
    made.setReturnArrays(true);
    return made;
  };
  return {
    lastJob: statement('SELECT last FROM job_number'),
    raiseNumber: statement('UPDATE job_number SET last = ?1 WHERE last < ?1'),
    addJob: statement(
      `INSERT INTO jobs (id, user, idempotency_key, state, ended_at, data, summary) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
       ON CONFLICT (id) DO UPDATE SET ${jobValues}`,
    ),
    changeJob: statement(`UPDATE jobs SET ${jobValues} WHERE id = ?1`),
    job: statement(`SELECT ${jobColumns} FROM jobs WHERE id = ?`),
    jobByKey: statement(`SELECT ${jobColumns} FROM jobs WHERE user = ? AND idempotency_key = ?`),
    holderOfKey: statement('SELECT id FROM jobs WHERE user = ? AND idempotency_key = ?'),
    activeJobs: statement(`SELECT ${jobColumns} FROM jobs WHERE state IN ('waiting', 'running', 'paused') ORDER BY id`),
    jobs: statement(`SELECT ${jobColumns} FROM jobs WHERE id < ? ORDER BY id DESC LIMIT ?`),
    jobsInState: statement(`SELECT ${jobColumns} FROM jobs WHERE state = ? AND id < ? ORDER BY id DESC LIMIT ?`),

    addTask: statement('INSERT INTO tasks (job, number, state, attempts, data, plan) VALUES (?, ?, ?, ?, ?, ?)'),
    moveTask: statement('UPDATE tasks SET state = ?3, attempts = ?4, data = ?5 WHERE job = ?1 AND number = ?2'),
    moveFrame: statement(
      `INSERT INTO tasks (job, number, state, attempts, data) VALUES (?1, ?2, ?3, ?4, ?5)
       ON CONFLICT (job, number) DO UPDATE SET state = ?3, attempts = ?4, data = ?5`,
    ),
    retryFrames: statement(
      `UPDATE tasks SET state = 'waiting', data = '${afresh}', tried_before = coalesce(data ->> '$.tried', tried_before)
       WHERE job = ? AND state IN ('failed', 'cancelled')`,
    ),
    dropTasks: statement('DELETE FROM tasks WHERE job = ?'),
    tasksBetween: statement(
      `SELECT ${taskColumns} FROM tasks WHERE job = ? AND number > ? AND number <= ? ORDER BY number`,
    ),
    frames: lean(
      `SELECT number, state, attempts, tried_before,
         CASE WHEN state IN ('running', 'paused') OR (state = 'waiting' AND data <> '${afresh}') THEN data END
       FROM tasks WHERE job = ? ORDER BY number`,
    ),

    endedJobs: statement('SELECT count(*) AS count FROM jobs WHERE ended_at IS NOT NULL'),
    oldestEnded: statement(
      'SELECT id, ended_at AS endedAt FROM jobs WHERE ended_at IS NOT NULL ORDER BY ended_at, id LIMIT ?',
    ),
    removeJob: statement('DELETE FROM jobs WHERE id = ?'),
    markRemoved: statement('INSERT INTO removed_jobs (id) VALUES (?)'),
    unmarkRemoved: statement('DELETE FROM removed_jobs WHERE id = ?'),
    removedJob: statement('SELECT id FROM removed_jobs ORDER BY id LIMIT 1'),
    dropSomeTasks: statement(
      `DELETE FROM tasks WHERE job = ?1 AND number <
         coalesce((SELECT number FROM tasks WHERE job = ?1 ORDER BY number LIMIT 1 OFFSET ?2), 9e15)`,
    ),
  };
}
