import { expect } from 'chai';
import { type Forgetting, keepForgetting } from '../../../src/server/forgetting.ts';
import { memoryStore } from '../../../src/store/memory.ts';
import { job } from '../../support/jobs.ts';

const day = 86_400_000;

/** 250 jobs that ended one a day, and one that waits; what is left of them after one look on the last day. */
async function left(settings: Forgetting['settings'], changes: Partial<Forgetting> = {}) {
  const store = memoryStore();
  for (let id = 1; id <= 250; id++) {
    const state = { is: 'done', startedAt: null, finishedAt: id * day, reason: null } as const;
    await store.commit([{ job: job(id, [], { state }), tasks: 'all' }]);
  }
  await store.commit([{ job: job(251, []), tasks: 'all' }]);
  const [log, pauses]: [string[], number[]] = [[], []];
  let closing = false;
  await keepForgetting({
    store,
    settings,
    now: () => 250 * day + 1,
    log: (level, text) => log.push(`${level}: ${text}`),
    pause: async (milliseconds) => {
      pauses.push(milliseconds);
      closing = milliseconds > 1000;
    },
    isClosing: () => closing,
    ...changes,
  });
  const ids = (await store.jobs({ before: null, limit: 1000, states: null })).map(({ id }) => id);
  return { ids, log, pauses };
}

describe('old jobs', () => {
  it('are kept where no setting says otherwise', async () => {
    const { ids, log, pauses } = await left({ keep: null, days: null });
    expect([ids.length, log, pauses]).to.deep.equal([251, [], []]);
  });

  it('are forgotten in portions, all but the newest that ended; what waits stays', async () => {
    const { ids, log, pauses } = await left({ keep: 2, days: null });
    expect(ids).to.deep.equal([251, 250, 249]);
    expect(log).to.deep.equal(['info: 248 ended jobs forgotten']);
    expect(pauses).to.deep.equal([20, 20, 60_000]);
  });

  it('are forgotten after some days', async () => {
    expect((await left({ keep: null, days: 3 })).ids).to.deep.equal([251, 250, 249, 248]);
  });

  it('stay when the store cannot be written, which is said', async () => {
    const store = { forget: () => Promise.reject(new Error('the disk is full')) };
    const { log } = await left({ keep: 0, days: null }, { store });
    expect(log).to.deep.equal(['error: old jobs cannot be forgotten: the disk is full']);
  });
});
