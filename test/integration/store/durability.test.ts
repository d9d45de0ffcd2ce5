import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { openSqliteStore } from '../../../src/store/sqlite.ts';
import { Running, runCommand, temporaryDirectory } from '../../support/program.ts';
import { skip } from '../../support/skip.ts';
import { waitUntil } from '../../support/wait-until.ts';

const fixtures = join(import.meta.dirname, '../../fixtures/store');

/** Lines `JOB ATTEMPTS` that came whole: attempts of the second task by job. */
function acknowledgedIn(text: string): Map<number, number> {
  const lines = text.split('\n').slice(0, -1);
  return new Map(lines.map((line) => line.split(' ').map(Number) as [number, number]));
}

describe('an acknowledged commit', () => {
  let directory: ReturnType<typeof temporaryDirectory>;
  let file: string;
  beforeEach(() => {
    directory = temporaryDirectory();
    file = join(directory.path, 'state/rayserver.db');
  });
  afterEach(() => directory.remove());

  const committer = (count: number) =>
    new Running(process.execPath, [join(fixtures, 'committer.js'), file, `${count}`], {});

  /** Opens the file as the next server does, and compares it with all that was ever acknowledged. */
  const expectKept = async (acknowledged: ReadonlyMap<number, number>) => {
    const store = await openSqliteStore(file, { waitMilliseconds: 0 });
    const jobs = await store.jobs({ before: null, limit: 1_000_000, states: null });
    const kept = new Map<number, number>();
    for (const { id } of jobs) {
      const tasks = await store.tasks(id, 0, 10);
      expect(tasks, `tasks of job ${id}`).to.have.length(5);
      kept.set(id, tasks[1]?.attempts ?? -1);
    }
    for (const [id, attempts] of acknowledged) {
      expect(kept.get(id), `job ${id}`).to.be.at.least(attempts);
    }
    const next = await store.nextJob();
    expect(next).to.be.greaterThan(Math.max(0, ...acknowledged.keys()));
    await store.close();
  };

  it('is there after SIGKILL in the same moment, round after round', async () => {
    const all = new Map<number, number>();
    for (const count of [1, 2, 3, 4, 5, 8, 13, 21, 34, 55]) {
      const { stdout, stderr, signal } = await committer(count).ended;
      expect(signal, stderr).to.equal('SIGKILL');
      const acknowledged = acknowledgedIn(stdout);
      expect(stdout.split('\n')).to.have.length(count + 1);
      for (const [job, attempts] of acknowledged) {
        expect(all.has(job), `job ${job} was numbered twice`).to.equal(false);
        all.set(job, attempts);
      }
      await expectKept(all);
    }
  });

  it('is there after SIGKILL from outside, at any moment, round after round', async () => {
    const all = new Map<number, number>();
    for (const lines of [1, 7, 20, 50, 90]) {
      const child = committer(-1);
      await waitUntil(`${lines} acknowledgements`, () => child.stdout.split('\n').length > lines);
      child.kill('SIGKILL');
      const { stdout } = await child.ended;
      for (const [job, attempts] of acknowledgedIn(stdout)) all.set(job, attempts);
      await expectKept(all);
    }
  });

  it('is there after one that the system would not write, which is refused in a sentence', async () => {
    const limited = ['-c', 'trap "" XFSZ; ulimit -f 400; exec "$@"', 'sh', process.execPath];
    const ended = await runCommand('sh', [...limited, join(fixtures, 'committer.js'), file, '-1']);
    expect(ended.status).to.equal(1);
    expect(ended.stderr).to.include(`StoreError: Cannot save to the state file ${file}: disk I/O error.`);
    const acknowledged = acknowledgedIn(ended.stdout);
    expect(acknowledged.size).to.be.greaterThan(0);
    await expectKept(acknowledged);
  });
});

describe('a full disk', () => {
  it('refuses the commit in a sentence, keeps nothing of it and all before it, and ends with the shortage', async function () {
    const directory = temporaryDirectory();
    const disk = join(directory.path, 'disk');
    mkdirSync(disk);
    try {
      const mount = ['-rm', 'sh', '-c', 'mount -t tmpfs -o size=700k none "$1" && shift && exec "$@"', 'sh', disk];
      if ((await runCommand('unshare', [...mount, 'true'])).status !== 0)
        skip(this, 'this system gives no small disk of our own (unshare -rm, mount -t tmpfs)');
      const ended = await runCommand('unshare', [...mount, process.execPath, join(fixtures, 'filler.js'), disk]);
      expect(ended.status, ended.stderr).to.equal(0);
      const seen = JSON.parse(ended.stdout);
      expect(seen.message).to.equal(`The state could not be saved to ${seen.file}: the disk is full.`);
      expect(seen.acknowledged).to.be.greaterThan(0);
      expect(seen.kept).to.equal(seen.acknowledged);
      expect(seen.reopened).to.equal(seen.acknowledged + 1);
      expect(seen.whole).to.equal(true);
    } finally {
      directory.remove();
    }
  });
});
