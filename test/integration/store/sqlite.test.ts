import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect } from 'chai';
import { StoreError } from '../../../src/store/error.ts';
import { applicationId, apply, migrations, pendingMigrations } from '../../../src/store/migrations.ts';
import { openSqliteStore } from '../../../src/store/sqlite.ts';
import { openDatabase } from '../../../src/store/sqlite-file.ts';
import { pictureJob } from '../../support/jobs.ts';
import { runCommand, temporaryDirectory, top } from '../../support/program.ts';

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
    it('finds jobs by state, by key and by number through an index', () => {
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
      expect(plan('SELECT data FROM tasks WHERE job = 1 ORDER BY number')).to.match(
        /^SEARCH tasks USING INDEX \S+ \(job=\?\)$/,
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
      expect(await again.loadActive()).to.deep.equal([pictureJob(1, { idempotencyKey: 'k' })]);
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
      if (process.getuid?.() !== 0) {
        console.log('        skipped: only root can try as another user');
        this.skip();
      }
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

    it('says so when pages are overwritten', async () => {
      await fill(60);
      const bytes = readFileSync(file);
      bytes.fill(0xa5, 8192);
      writeFileSync(file, bytes);
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
        'The state of task 3 of job 1 is damaged: /is ',
      ],
    ] as const) {
      it(`names the place: ${what}`, async () => {
        await fill(1);
        tamper(sql);
        const store = await open();
        const answer = await store.loadActive().then(String, (error: Error) => error.message);
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
        const [second, first] = await store.jobs(allJobs);
        expect(first).to.deep.include({ id: 1, name: 'job 1', user: 'ann', idempotencyKey: 'k' });
        expect(first?.tasks.map(({ state }) => state.is)).to.deep.equal([
          'done',
          'running',
          'waiting',
          'waiting',
          'waiting',
        ]);
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
      expect(hashes).to.deep.equal(['1 jobs 4e675e5e20658144']);
    });
  });
});
