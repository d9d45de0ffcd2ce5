import { expect } from 'chai';
import type { ToProcwrap } from '../../../src/protocol/inner.ts';
import type { Order } from '../../../src/scheduler/messages.ts';
import { Conductor } from '../../../src/server/conductor.ts';
import { Watchers } from '../../../src/server/watchers.ts';
import { memoryStore } from '../../../src/store/memory.ts';
import type { Change, Store } from '../../../src/store/store.ts';
import { pictureJob, taskOf } from '../../support/jobs.ts';

/** A conductor over a memory store whose first `failures` commits fail, and what it did, in order. */
function stage(failures: number) {
  const deeds: string[] = [];
  const memory = memoryStore();
  for (const id of [1, 2]) void memory.commit([{ job: pictureJob(id), tasks: 'all' }]);
  let closing = false;
  const store: Store = Object.assign(Object.create(memory) as Store, {
    commit: async (changes: Parameters<Store['commit']>[0]) => {
      if (failures-- > 0) {
        deeds.push('commit failed');
        throw new Error('no space left on device');
      }
      await memory.commit(changes);
      deeds.push(`commit ${changes.map((change) => `${change.job.id}:${textOf(change.tasks)}`).join(' ')}`);
    },
    job: (id: number) => memory.job(id),
  });
  const watchers = new Watchers();
  const conductor = new Conductor({
    store,
    watchers,
    wake: (wake, milliseconds) => deeds.push(`wake ${wake} after ${milliseconds}`),
    log: (level, text) => deeds.push(`${level}: ${text}`),
    say: (_host: string, message: ToProcwrap) => deeds.push(message.say),
    pause: async () => {
      deeds.push('pause');
    },
    isClosing: () => closing,
  });
  return {
    deeds,
    store,
    watchers,
    conductor,
    close: () => {
      closing = true;
    },
  };
}

const attempt = { job: 1, task: 1, attempt: 1 };
const keep = (job = pictureJob(1), numbers: number[] = []): Order => {
  return { order: 'keep', job, tasks: numbers.map((number) => taskOf(job, number)) };
};
const textOf = (tasks: Change['tasks']) =>
  typeof tasks === 'string' ? tasks : tasks.map(({ plan }) => plan.number).join(',');
const stop: Order = { order: 'stop', host: 'lab1', attempt };

describe('the conductor', () => {
  it('says nothing to a host before what is to be kept is in the store', async () => {
    const { deeds, conductor, store } = stage(0);
    await conductor.conduct([stop, keep()]);
    expect(deeds).to.deep.equal(['commit 1:', 'stop']);
    expect((await store.job(1))?.name).to.equal('job 1');
  });

  it('writes what happens at the same time together, one change a job', async () => {
    const { deeds, conductor } = stage(0);
    const job = pictureJob(1);
    await Promise.all([
      conductor.conduct([keep(job)]),
      conductor.conduct([keep(job, [1]), keep(job, [2])]),
      conductor.conduct([keep(pictureJob(2))]),
    ]);
    expect(deeds).to.deep.equal(['commit 1:1,2 2:']);
  });

  it('keeps the order of batches', async () => {
    const { deeds, conductor } = stage(0);
    const first = conductor.conduct([keep(), stop]);
    await first;
    void conductor.conduct([{ order: 'acknowledge', host: 'lab1', attempt }]);
    await conductor.settled();
    expect(deeds).to.deep.equal(['commit 1:', 'stop', 'acknowledge']);
  });

  it('waits while the store cannot be written, says so once, and goes on', async () => {
    const { deeds, conductor } = stage(2);
    await conductor.conduct([keep(), stop]);
    expect(deeds).to.deep.equal([
      'commit failed',
      'error: the store cannot be written, jobs wait: no space left on device',
      'pause',
      'commit failed',
      'pause',
      'commit 1:',
      'info: the store can be written again',
      'stop',
    ]);
  });

  it('does nothing that is not kept when the farm closes over a store that cannot be written', async () => {
    const { deeds, conductor, close } = stage(Number.POSITIVE_INFINITY);
    close();
    await conductor.conduct([keep(), stop]);
    expect(deeds).to.not.include('stop');
  });

  it('tells those who watch how a job is, once for all that happened to it, until they stop', async () => {
    const { watchers, conductor } = stage(0);
    const [job, other] = [pictureJob(1), pictureJob(2)];
    const seen: number[] = [];
    const stopWatch = watchers.watch(1, ({ id }) => seen.push(id));
    await conductor.conduct([
      { order: 'tell', job },
      { order: 'tell', job: other },
      { order: 'tell', job },
    ]);
    expect(seen).to.deep.equal([1]);
    stopWatch();
    stopWatch();
    await conductor.conduct([{ order: 'tell', job }]);
    expect(seen).to.deep.equal([1]);
  });

  it('says when time is to be told, when the rest is kept', async () => {
    const { deeds, conductor } = stage(0);
    await conductor.conduct([{ order: 'wake', wake: 3, milliseconds: 5 }, keep()]);
    expect(deeds).to.deep.equal(['commit 1:', 'wake 3 after 5']);
  });

  it('says when all is kept, also what was urgent to nobody, and at once where nothing is to be kept', async () => {
    const { deeds, conductor } = stage(0);
    expect(await conductor.kept()).to.equal(null);
    void conductor.conduct([keep()], false);
    expect(await conductor.kept()).to.equal(null);
    expect(deeds).to.deep.equal(['commit 1:']);
  });

  it('lets nobody wait for what is kept while the store cannot be written', async () => {
    const { conductor } = stage(2);
    void conductor.conduct([keep()]);
    expect(await conductor.kept()).to.equal('no space left on device');
    await conductor.settled();
    expect(await conductor.kept()).to.equal(null);
  });

  it('does not let people wait without end while the store cannot be written', async () => {
    const { deeds, conductor } = stage(2);
    expect(await conductor.conductOrSay([keep(), stop])).to.equal('no space left on device');
    await conductor.settled();
    expect(deeds.at(-1)).to.equal('stop');
    expect(await conductor.conductOrSay([keep()])).to.equal(null);
  });
});
