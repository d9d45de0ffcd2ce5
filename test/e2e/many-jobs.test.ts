import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { JobState } from '../../src/model/job.ts';
import type { JobView } from '../../src/protocol/api.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import { commandJob } from '../support/jobs.ts';
import { Lab } from '../support/lab.ts';

const jobs = 100_000;
/** One commit. */
const portion = 5000;
/** What rayctl asks for at a time. */
const page = 200;

/** Every second one is paused, so that the server has it in memory; the others have ended and are on disk only. */
function stateOf(id: number): JobState {
  if (id % 2 === 0) return { is: 'paused', startedAt: null };
  return { is: 'cancelled', startedAt: null, finishedAt: 5, reason: 'Cancelled by ann.' };
}

async function fill(file: string): Promise<void> {
  const store = await openSqliteStore(file);
  for (let first = 1; first <= jobs; first += portion) {
    const ids = Array.from({ length: portion }, (_, index) => first + index);
    const made = ids.map((id) => commandJob(id, { frames: '1-3' }, { state: stateOf(id) }));
    await store.commit(made.map((job) => ({ job, tasks: 'all' as const })));
  }
  await store.close();
}

describe('a hundred thousand jobs', function () {
  this.timeout(180_000);
  let lab: Lab;

  before(async () => {
    lab = await Lab.make();
    await fill(join(lab.home, 'state/rayserver.db'));
    lab.own(lab.home);
    await lab.startDaemon();
  });
  after(() => lab.close());

  const status = async (path: string) => {
    const token = readFileSync(join(lab.home, 'config/token'), 'utf8').trim();
    const response = await fetch(`http://127.0.0.1:${lab.port}${path}`, {
      headers: { authorization: `Bearer ${token}` },
    });
    await response.arrayBuffer();
    return response.status;
  };

  it('are listed whole, in order, and others are answered between the pages', async () => {
    let isListed = false;
    const listing = lab.json<{ jobs: JobView[] }>('jobs', '--all').finally(() => {
      isListed = true;
    });
    let answered = 0;
    for (; !isListed; answered += 1) expect(await status('/api/v1/jobs/1')).to.equal(200);
    const listed = (await listing).jobs;
    expect(listed.length).to.equal(jobs);
    expect(listed.every(({ id }, index) => id === jobs - index)).to.equal(true);
    // Not one in ten pages, however the machine is busy, would be a pause.
    expect(answered).to.be.at.least(jobs / page / 10);
  });

  it('are listed by their state, wherever they are kept', async () => {
    const { jobs: paused } = await lab.json<{ jobs: JobView[] }>('jobs', '--state', 'paused', '--limit', '1500');
    expect(paused.every(({ id, state }, index) => state === 'paused' && id === jobs - 2 * index)).to.equal(true);
    const { jobs: ended } = await lab.json<{ jobs: JobView[] }>('jobs', '--state', 'cancelled', '--limit', '1500');
    expect(ended.every(({ id, state }, index) => state === 'cancelled' && id === jobs - 1 - 2 * index)).to.equal(true);
    expect([paused.length, ended.length]).to.deep.equal([1500, 1500]);
  });
});
