import type { Migration } from '../migrations.ts';

export const jobs: Migration = {
  number: 1,
  name: 'jobs',
  sql: `
    CREATE TABLE job_number (
      one INTEGER PRIMARY KEY CHECK (one = 1),
      last INTEGER NOT NULL
    ) STRICT;
    INSERT INTO job_number (one, last) VALUES (1, 0);

    CREATE TABLE jobs (
      id INTEGER PRIMARY KEY,
      user TEXT NOT NULL,
      idempotency_key TEXT,
      state TEXT NOT NULL,
      data TEXT NOT NULL
    ) STRICT;
    CREATE INDEX jobs_by_state ON jobs (state, id);
    CREATE UNIQUE INDEX jobs_by_key ON jobs (user, idempotency_key) WHERE idempotency_key IS NOT NULL;

    CREATE TABLE tasks (
      job INTEGER NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
      number INTEGER NOT NULL,
      state TEXT NOT NULL,
      attempts INTEGER NOT NULL,
      plan TEXT NOT NULL,
      data TEXT NOT NULL,
      PRIMARY KEY (job, number)
    ) STRICT;
  `,
};
