import { createHash } from 'node:crypto';
import {
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect } from 'chai';
import type { Job } from '../../../src/model/job.ts';
import { summaryOf } from '../../../src/model/progress.ts';
import type { Task } from '../../../src/model/task.ts';
import { StoreError } from '../../../src/store/error.ts';
import { applicationId, apply, migrations, pendingMigrations } from '../../../src/store/migrations.ts';
import { openSqliteStore } from '../../../src/store/sqlite.ts';
import { openDatabase } from '../../../src/store/sqlite-file.ts';
import type { Store } from '../../../src/store/store.ts';
import { commandJob, pictureJob, plain, taskOf } from '../../support/jobs.ts';
import { runCommand, temporaryDirectory, top } from '../../support/program.ts';
import { skip } from '../../support/skip.ts';

const fixtures = join(import.meta.dirname, '../../fixtures/store');
const texts = join(top, 'test/fixtures/store');
const allJobs = { before: null, limit: 1000, states: null };

describe('a state file', () => {
  let directory: ReturnType<typeof temporaryDirectory>;
  let file: string;
  beforeEach(() => {
    directory = temporaryDirectory();
    file = join(directory.path, 'state/rayserver.db');
  });
  afterEach(() => directory.remove());

  const open = () => openSqliteStore(file, { waitMilliseconds: 0 });
  const refusal = async (): Promise<string> => {
    try {
      await (await open()).close();
    } catch (error) {
      expect(error).to.be.instanceOf(StoreError);
      return (error as StoreError).message;
    }
    throw new Error('it was opened');
  };
  const fill = async (count: number) => {
    const store = await open();
    for (let id = 1; id <= count; id += 1) await store.commit([{ job: pictureJob(id), tasks: 'all' }]);
    await store.close();
  };
  /** Changes the file behind the program's back. */
  const tamper = (sql: string) => {
    mkdirSync(join(directory.path, 'state'), { recursive: true });
    const database = new DatabaseSync(file);
    database.exec(sql);
    database.close();
  };
  const contents = () => createHash('sha256').update(readFileSync(file)).digest('hex');

  describe('when it is made', () => {
    it('is for its user alone, as is its directory', async () => {
      await fill(1);
      expect((statSync(file).mode & 0o777).toString(8)).to.equal('600');
      expect((statSync(join(directory.path, 'state')).mode & 0o777).toString(8)).to.equal('700');
    });
    it('is written with one fsync for each commit, and checks references', () => {
      const database = openDatabase(file, 0);
      const pragma = (name: string) => Object.values(database.prepare(`PRAGMA ${name}`).get() ?? {})[0];
      expect(['journal_mode', 'synchronous', 'locking_mode', 'foreign_keys'].map(pragma)).to.deep.equal([
        'wal',
        2,
        'exclusive',
        1,
      ]);
      database.close();
    });
    it('finds jobs by state, by key, by number and by their end through an index', () => {
      const database = openDatabase(file, 0);
      const plan = (sql: string) => {
        const rows = database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all() as { detail: string }[];
        return rows.map(({ detail }) => detail).join('; ');
      };
      expect(plan("SELECT id FROM jobs WHERE state = 'done' AND id < 9 ORDER BY id DESC LIMIT 2")).to.equal(
        'SEARCH jobs USING COVERING INDEX jobs_by_state (state=? AND id<?)',
      );
      expect(plan("SELECT data FROM jobs WHERE user = 'ann' AND idempotency_key = 'k'")).to.equal(
        'SEARCH jobs USING INDEX jobs_by_key (user=? AND idempotency_key=?)',
      );
      expect(plan('SELECT data FROM tasks WHERE job = 1 AND number > 2 AND number <= 9 ORDER BY number')).to.equal(
        'SEARCH tasks USING PRIMARY KEY (job=? AND number>? AND number<?)',
      );
      expect(plan('SELECT id FROM jobs WHERE ended_at IS NOT NULL ORDER BY ended_at, id LIMIT 9')).to.equal(
        'SEARCH jobs USING COVERING INDEX jobs_by_end (ended_at>?)',
      );
      database.close();
    });
    it('is refused where its directory cannot be made', async () => {
      file = join(directory.path, 'none/state/rayserver.db');
      expect(await refusal()).to.match(/^Cannot open the state file .*ENOENT/);
    });
  });

  describe('when it is opened again', () => {
    it('gives back all jobs, and goes on counting them', async () => {
      const store = await open();
      const id = await store.nextJob();
      await store.commit([{ job: pictureJob(id, { idempotencyKey: 'k' }), tasks: 'all' }]);
      await store.close();
      const again = await open();
      expect((await again.loadActive()).map(plain)).to.deep.equal([plain(pictureJob(1, { idempotencyKey: 'k' }))]);
      expect((await again.jobByIdempotencyKey('ann', 'k'))?.id).to.equal(1);
      expect(await again.nextJob()).to.equal(2);
      await again.close();
    });
  });

  describe('of a server that runs', () => {
    const inUse = /is in use by another process: is a server running with this home already\?$/;

    it('is refused to a second process', async () => {
      const store = await open();
      const second = await runCommand(process.execPath, [join(fixtures, 'opener.js'), file]);
      expect(second.stdout).to.match(inUse);
      await store.commit([{ job: pictureJob(1), tasks: 'all' }]);
      await store.close();
      expect((await runCommand(process.execPath, [join(fixtures, 'opener.js'), file])).stdout).to.equal('opened');
    });
    it('is refused to a second store of the same process', async () => {
      const store = await open();
      expect(await refusal()).to.match(inUse);
      // The refused one has not taken the lock of the first away.
      const second = await runCommand(process.execPath, [join(fixtures, 'opener.js'), file]);
      expect(second.stdout).to.match(inUse);
      await store.close();
    });
  });

  describe('that is not ours', () => {
    const write = (data: string | Buffer) => {
      mkdirSync(join(directory.path, 'state'));
      writeFileSync(file, data);
    };

    it('is refused, unchanged: any file', async () => {
      write('Dear diary,\n'.repeat(1000));
      const before = contents();
      expect(await refusal()).to.equal(
        `The state file ${file} is not a database of rayserver. Move it away to start with none.`,
      );
      expect(contents()).to.equal(before);
    });
    it('is refused, unchanged: the database of another program', async () => {
      tamper('CREATE TABLE bookmarks (url TEXT)');
      const before = contents();
      expect(await refusal()).to.equal(`The state file ${file} is the database of another program. Move it away.`);
      expect(contents()).to.equal(before);
    });
    it('is refused, unchanged: a program that marks its databases', async () => {
      tamper('PRAGMA application_id = 7');
      const before = contents();
      expect(await refusal()).to.match(/is the database of another program/);
      expect(contents()).to.equal(before);
    });
    it('is refused: a directory', async () => {
      mkdirSync(file, { recursive: true });
      expect(await refusal()).to.equal(`The state file ${file} is no regular file. Move it away.`);
    });
    it('is taken for a new one when it is empty', async () => {
      write('');
      await fill(1);
    });
    it('is refused, unchanged: one of a newer rayserver', async () => {
      await fill(1);
      const next = migrations.length + 1;
      tamper(`INSERT INTO migrations VALUES (${next}, 'teleport', 0)`);
      const before = contents();
      expect(await refusal()).to.equal(
        `The state file ${file} was written by a newer rayserver (migration ${next}, "teleport"; this one knows ` +
          `${migrations.length}). Install that one again, or move the file away to start with none.`,
      );
      expect(contents()).to.equal(before);
    });
    it('is refused to a user who may not write it', async function () {
      if (process.getuid?.() !== 0) skip(this, 'only root can try as another user');
      await fill(1);
      const args = ['--reuid=65534', '--regid=65534', '--clear-groups', process.execPath, join(fixtures, 'opener.js')];
      const seen = await runCommand('setpriv', [...args, join(directory.path, 'rayserver.db')]);
      expect(seen.stdout).to.match(/^StoreError: .*: this user may not read and write it\.$/);
      const kept = join(directory.path, 'kept.db');
      writeFileSync(kept, readFileSync(file), { mode: 0o644 });
      expect((await runCommand('setpriv', [...args, kept])).stdout).to.equal(
        `StoreError: The state file ${kept} cannot be used: this user may not read and write it.`,
      );
    });
  });

  describe('that is damaged', () => {
    const damaged = /^The state file .* is damaged\. Put a copy from a backup in its place/;

    it('names the job whose summary is none', async () => {
      await fill(1);
      tamper("UPDATE jobs SET summary = '{}'");
      const store = await open();
      const answer = await store.jobs(allJobs).then(String, (error: Error) => error.message);
      expect(answer).to.match(/^The state of job 1 is damaged: it must have required properties counts, progress/);
      await store.close();
    });
    const overwrite = (from: number) => {
      const bytes = readFileSync(file);
      bytes.fill(0xa5, from);
      writeFileSync(file, bytes);
    };
    it('says so when all pages but the first are overwritten', async () => {
      await fill(60);
      overwrite(8192);
      expect(await refusal()).to.match(damaged);
    });
    it('says so when pages with jobs are overwritten', async () => {
      await fill(60);
      overwrite(statSync(file).size / 2);
      const store = await open();
      const answer = await store.jobs(allJobs).then(String, (error: Error) => error.message);
      expect(answer).to.match(damaged);
      await store.close();
    });
    it('says so when it was cut short', async () => {
      await fill(60);
      truncateSync(file, 4096);
      expect(await refusal()).to.match(damaged);
    });
    for (const [what, sql, message] of [
      ['a job that is not JSON', "UPDATE jobs SET data = '{' ", 'The state of job 1 is damaged: it is not JSON.'],
      [
        'a job without a project',
        "UPDATE jobs SET data = json_remove(data, '$.project')",
        'The state of job 1 is damaged: it must have required properties project.',
      ],
      [
        'a job in no state that we know',
        'UPDATE jobs SET data = json_set(data, \'$.state\', json(\'{"is":"asleep"}\'))',
        'The state of job 1 is damaged: /state',
      ],
      [
        'a task without a plan',
        "UPDATE tasks SET plan = '[]' WHERE number = 2",
        'The state of task 2 of job 1 is damaged: it must be object.',
      ],
      [
        'a task that runs nowhere',
        'UPDATE tasks SET data = \'{"is":"running"}\' WHERE number = 3',
        'The state of task 3 of job 1 is damaged: it ',
      ],
      [
        'a task in no state that we know',
        'UPDATE tasks SET data = \'{"state":{"is":"asleep"}}\' WHERE number = 3',
        'The state of task 3 of job 1 is damaged: /state',
      ],
      [
        'a task that is gone',
        'DELETE FROM tasks WHERE number = 3',
        'The state of job 1 is damaged: its task 3 is missing.',
      ],
      [
        'a frame that was never asked for',
        "INSERT INTO tasks (job, number, state, attempts, data) VALUES (2, 6, 'done', 1, '{}')",
        'The state of job 2 is damaged: it has no task 6.',
      ],
      [
        'a frame in no state that we know',
        "INSERT INTO tasks (job, number, state, attempts, data) VALUES (2, 3, 'asleep', 1, '{}')",
        'The state of task 3 of job 2 is damaged: it is "asleep".',
      ],
      [
        'a frame under way that is not JSON',
        "INSERT INTO tasks (job, number, state, attempts, data) VALUES (2, 3, 'running', 1, '[')",
        'The state of task 3 of job 2 is damaged: it is not JSON.',
      ],
    ] as const) {
      it(`names the place: ${what}`, async () => {
        const made = await open();
        await made.commit([pictureJob(1), commandJob(2)].map((job) => ({ job, tasks: 'all' as const })));
        await made.close();
        tamper(sql);
        const store = await open();
        const answer = await Promise.all([store.job(1), store.job(2)]).then(String, (error: Error) => error.message);
        expect(answer).to.include(message);
        await store.close();
      });
    }
  });

  describe('of an older rayserver', () => {
    it('is described by a fixture for each version', () => {
      const versions = readdirSync(texts).filter((name) => name.startsWith('version-'));
      const expected = migrations.map(({ number }) => `version-${String(number).padStart(4, '0')}.sql`);
      expect(versions.sort()).to.deep.equal(expected);
    });
    for (const { number } of migrations) {
      it(`is read: version ${number}`, async () => {
        tamper(readFileSync(join(texts, `version-${String(number).padStart(4, '0')}.sql`), 'utf8'));
        const store = await open();
        const [second, first] = (await store.jobs(allJobs)).slice(-2);
        expect(first).to.deep.include({ id: 1, name: 'job 1', user: 'ann', idempotencyKey: 'k' });
        const tasks = await store.tasks(1, 0, 10);
        expect(tasks.map(({ state }) => state.is)).to.deep.equal(['done', 'running', 'waiting', 'waiting', 'waiting']);
        expect(tasks[0]).to.deep.include({ attempts: 1, failures: 0, lost: 0, best: 0, tried: [] });
        expect(first?.limits).to.deep.equal({ retries: 2, seconds: null, progressSeconds: null });
        expect(first?.request).to.deep.include({ kind: 'radiance', ambient: 'shared' });
        for (const summary of [first, second]) {
          expect(summary).to.deep.equal(summaryOf((await store.job(summary?.id as number)) as Job));
        }
        expect(await store.forget({ endedBefore: 10, keep: null, limit: 9 })).to.deep.equal([2]);
        expect(second).to.deep.include({ id: 2, name: 'Küche, "Süd"', user: 'bob' });
        expect(second?.state).to.deep.include({ is: 'failed', lastLines: ["oconv: fatal - it's dark"] });
        expect(await store.nextJob()).to.equal(4);
        await store.close();
        const database = openDatabase(file, 0);
        expect(pendingMigrations(database, file)).to.deep.equal([]);
        database.close();
      });
    }
  });

  describe('of version 2', () => {
    it('has frames that are tried anew, that run, are paused, and wait for another attempt', async () => {
      tamper(readFileSync(join(texts, 'version-0002.sql'), 'utf8'));
      const store = await open();
      const { tasks, limits } = (await store.job(3)) as Job;
      expect(limits).to.deep.equal({ retries: 1, seconds: 60, progressSeconds: null });
      expect(Array.from(tasks.known(), ({ plan }) => plan.number)).to.have.members([3, 4, 5]);
      const page = await store.tasks(3, 0, 10);
      expect(page.map(({ state }) => state.is)).to.deep.equal([
        'done',
        'waiting',
        'running',
        'waiting',
        'paused',
        'waiting',
      ]);
      expect(page.map(({ tried }) => tried.map(({ ended }) => ended))).to.deep.equal([
        ['done'],
        ['lost'],
        [],
        ['failed'],
        [],
        [],
      ]);
      expect(page[3]).to.deep.include({ failures: 1, lost: 1, best: 0.5 });
      await store.close();
    });
  });

  describe('that was removed or replaced while it is open', () => {
    const log = () => `${file}-wal`;
    const gone = (path: string) =>
      `The state could not be saved: ${path} was removed or replaced while the server runs. ` +
      'Put the file back that was there, or end the server, and start it with the files as they should be.';
    const add = (store: Store, id: number) => store.commit([{ job: pictureJob(id), tasks: 'all' }]);
    const refused = (store: Store) => add(store, 9).then(String, (error: Error) => error.message);

    for (const [what, path] of [
      ['the file', () => file],
      ['its log', log],
    ] as const) {
      it(`refuses all changes until it is back: ${what}`, async () => {
        const store = await open();
        await add(store, 1);
        renameSync(path(), `${path()}.away`);
        expect(await refused(store)).to.equal(gone(path()));
        copyFileSync(`${path()}.away`, path());
        expect(await refused(store)).to.equal(gone(path()));
        renameSync(`${path()}.away`, path());
        await add(store, 2);
        await store.close();
        const again = await open();
        expect((await again.jobs(allJobs)).map(({ id }) => id)).to.deep.equal([2, 1]);
        await again.close();
      });
    }
    it('is still read, and may be closed', async () => {
      await fill(1);
      const store = await open();
      rmSync(file);
      expect(await refused(store)).to.equal(gone(file));
      expect(await store.jobs(allJobs)).to.have.length(1);
      await store.close();
    });
  });

  describe('with jobs that are being removed', () => {
    const many = 25_000;
    const rows = () => {
      const database = new DatabaseSync(file);
      const count = (table: string) => database.prepare(`SELECT count(*) AS count FROM ${table}`).get()?.['count'];
      const found = [count('tasks'), count('removed_jobs')];
      database.close();
      return found;
    };
    const fillFrames = async () => {
      const store = await open();
      const given = commandJob(1, { frames: `1-${many}` });
      const tasks: Task[] = Array.from({ length: many }, (_, index) => taskOf(given, index + 1));
      for (const task of tasks) given.tasks.move(task, { is: 'cancelled', until: 1 });
      await store.commit([
        { job: given, tasks: 'all' },
        { job: given, tasks },
      ]);
      return store;
    };

    it('keeps nothing of them', async () => {
      const store = await fillFrames();
      await store.remove(1);
      await store.close();
      expect(rows()).to.deep.equal([0, 0]);
    });
    it('serves others meanwhile, and leaves to the next what is left when it is closed', async () => {
      const store = await fillFrames();
      const removed = store.remove(1);
      await store.commit([{ job: pictureJob(2), tasks: 'all' }]);
      await store.close();
      await removed;
      expect(rows()).to.deep.equal([many - 10_000 + 5, 1]);
      const again = await open();
      expect(await again.job(1)).to.equal(null);
      expect(await again.forget({ endedBefore: 1, keep: null, limit: 9 })).to.deep.equal([]);
      await again.close();
      expect(rows()).to.deep.equal([5, 0]);
    });
    it('gives the disk back that its log took', async () => {
      const store = await fillFrames();
      await store.remove(1);
      await store.commit([{ job: pictureJob(2), tasks: 'all' }]);
      expect(statSync(`${file}-wal`).size).to.be.at.most(17 * 1024 * 1024);
      await store.close();
    });
  });

  describe('a migration', () => {
    it('that fails leaves nothing behind', async () => {
      const database = openDatabase(file, 0);
      const number = migrations.length + 1;
      const bad = { number, name: 'bad', sql: 'CREATE TABLE half (x); INSERT INTO nowhere VALUES (1)' };
      expect(() => apply(database, bad)).to.throw(/no such table: nowhere/);
      expect(database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'half'").get()).to.equal(undefined);
      const good = { number, name: 'good', sql: 'CREATE TABLE half (x)' };
      expect(pendingMigrations(database, file, [...migrations, good])).to.deep.equal([good]);
      apply(database, good);
      expect(pendingMigrations(database, file, [...migrations, good])).to.deep.equal([]);
      expect(Object.values(database.prepare('PRAGMA application_id').get() ?? {})).to.deep.equal([applicationId]);
      database.close();
    });
    it('is never edited once it is released', () => {
      const hashes = migrations.map(({ number, name, sql }) => {
        const hash = createHash('sha256').update(sql).digest('hex');
        return `${number} ${name} ${hash.slice(0, 16)}`;
      });
      expect(hashes).to.deep.equal([
        '1 jobs 4e675e5e20658144',
        '2 frames 61ab30e2530ed9f1',
        '3 ambient 3ce5a6f829f6f071',
      ]);
    });
  });
});
