import type { Migration } from '../migrations.ts';

/**
 * Frames without rows, limits, summaries, the end of a job as a column, removal little by little. Old rows are brought
 * up to date here, once, so that the program reads one form only.
 *
 * A task's row is found by its job and number only, so these are the table's own order: one tree to write to instead
 * of two. It refers to no job, because a million rows cannot be removed with theirs in one go.
 */
export const frames: Migration = {
  number: 2,
  name: 'frames',
  sql: `
    CREATE TABLE tasks_now (
      job INTEGER NOT NULL,
      number INTEGER NOT NULL,
      state TEXT NOT NULL,
      attempts INTEGER NOT NULL,
      data TEXT NOT NULL,
      tried_before TEXT,
      plan TEXT,
      PRIMARY KEY (job, number)
    ) STRICT, WITHOUT ROWID;
    INSERT INTO tasks_now
      SELECT job, number, state, attempts, json_object('state', json(data)), NULL, plan FROM tasks;

    ALTER TABLE jobs ADD COLUMN ended_at INTEGER;
    ALTER TABLE jobs ADD COLUMN summary TEXT NOT NULL DEFAULT '{}';
    UPDATE jobs SET
      data = json_set(data, '$.limits', json('{"retries":2,"seconds":null,"progressSeconds":null}')),
      ended_at = CAST(json_extract(data, '$.state.finishedAt') AS INTEGER),
      summary = json_object(
        'counts', (
          SELECT json_object(
            'total', count(*),
            'waiting', count(*) FILTER (WHERE state = 'waiting'),
            'running', count(*) FILTER (WHERE state = 'running'),
            'paused', 0,
            'done', count(*) FILTER (WHERE state = 'done'),
            'failed', count(*) FILTER (WHERE state = 'failed'),
            'cancelled', count(*) FILTER (WHERE state = 'cancelled')
          ) FROM tasks WHERE job = jobs.id
        ),
        'progress', CASE state WHEN 'done' THEN 1 ELSE (
          SELECT coalesce(
            sum((plan ->> '$.weight') * CASE state WHEN 'done' THEN 1 ELSE coalesce(data ->> '$.fraction', 0) END)
              / nullif(total(plan ->> '$.weight'), 0),
            0
          ) FROM tasks WHERE job = jobs.id
        ) END,
        'results', (
          SELECT json_group_array(json(result.value) ORDER BY number, result.key)
          FROM tasks, json_each(tasks.data, '$.results') AS result WHERE job = jobs.id
        ),
        'warnings', (
          SELECT json_group_array((plan ->> '$.name') || ': ' || warning.value ORDER BY number, warning.key)
          FROM tasks, json_each(tasks.data, '$.warnings') AS warning WHERE job = jobs.id
        )
      );
    CREATE INDEX jobs_by_end ON jobs (ended_at, id) WHERE ended_at IS NOT NULL;

    DROP TABLE tasks;
    ALTER TABLE tasks_now RENAME TO tasks;

    CREATE TABLE removed_jobs (id INTEGER PRIMARY KEY) STRICT;
  `,
};
