import { expect } from 'chai';
import type { JobView } from '../../../src/protocol/api.ts';
import { emptyFarm } from '../../../src/scheduler/farm.ts';
import { react } from '../../../src/scheduler/reactor.ts';
import { Answers } from '../../../src/server/answers.ts';
import { Commands } from '../../../src/server/commands.ts';
import type { FarmOptions } from '../../../src/server/options.ts';
import { Watchers } from '../../../src/server/watchers.ts';
import { memoryStore } from '../../../src/store/memory.ts';
import { commandJob } from '../../support/jobs.ts';

const deaf = { ask: () => Promise.reject(new Error('asked')) };

/** Its tasks may be a million: to read them all takes the server seconds, in which it answers nobody. */
describe('a job that has ended', () => {
  const store = memoryStore();
  const farm = emptyFarm();
  const watchers = new Watchers();
  const options = { store, now: () => 5000, log: () => {} } as Partial<FarmOptions> as FarmOptions;
  const answers = new Answers({ options, farm, watchers, procwrap: deaf, kept: () => Promise.resolve() });
  const happen = () => Promise.reject(new Error('something happened'));
  const commands = new Commands({ options, farm, watchers, answers, happen });
  const ann = { user: 'ann', uid: 1000, peer: 'socket' };

  before(async () => {
    const job = commandJob(7, { frames: '10-30:10' });
    job.tasks.cancelWaiting(3000);
    job.state = { is: 'cancelled', startedAt: null, finishedAt: 3000, reason: 'Cancelled by ann.' };
    await store.commit([{ job, tasks: 'all' }]);
    store.job = () => Promise.reject(new Error('all tasks are read'));
  });

  it('is shown, listed and watched without its tasks', async () => {
    const shown = await answers.job(7);
    expect([shown.id, shown.state, shown.tasks.cancelled]).to.deep.equal([7, 'cancelled', 3]);
    expect((await answers.jobs({ state: null, before: null, limit: 10 })).jobs).to.deep.equal([shown]);
    const told: JobView[] = [];
    (await answers.watch(7, (view) => told.push(view)))();
    expect(told).to.deep.equal([shown]);
  });

  it('has its tasks read page by page', async () => {
    const { tasks, next } = await answers.tasks(7, 1, 1, null);
    expect(tasks.map(({ number, frame, state }) => [number, frame, state])).to.deep.equal([[2, 20, 'cancelled']]);
    expect(next).to.equal(2);
  });

  it('has the log of a task that is named', async () => {
    expect(await answers.log(7, 2, 0)).to.deep.equal({ task: 2, attempt: 0, text: '', next: 0, ended: true });
    const refused = await answers.log(7, 4, 0).catch((error: Error) => error.message);
    expect(refused).to.equal('Job 7 has no task 4.');
  });

  it('is refused what only others can be asked for, without its tasks', async () => {
    const said = (asked: Promise<unknown>) => asked.catch((error: Error) => error.message);
    expect(await said(commands.cancel(ann, 7))).to.equal('Job 7 has ended already (cancelled).');
    expect(await said(commands.pause(ann, 7))).to.equal('Job 7 has ended already (cancelled).');
    expect(await said(commands.resume(ann, 7))).to.equal('Job 7 is not paused (cancelled).');
  });

  it('is deleted without its tasks being read', async () => {
    await commands.remove(ann, 7);
    expect(await answers.job(7).catch((error: Error) => error.message)).to.equal('There is no job 7.');
    expect(await answers.job(6).catch((error: Error) => error.message)).to.equal('There is no job 6.');
  });
});

describe('what happened a moment ago', () => {
  const turn = () => new Promise((settle) => setImmediate(settle));
  /** A job of which an attempt has just been started, and a store that has not written that yet. */
  const stage = async () => {
    const store = memoryStore();
    const farm = emptyFarm();
    const watchers = new Watchers();
    const options = { store, now: () => 5000, log: () => {} } as Partial<FarmOptions> as FarmOptions;
    const { promise, resolve: write } = Promise.withResolvers<void>();
    const answers = new Answers({ options, farm, watchers, procwrap: deaf, kept: () => promise });
    const job = commandJob(7);
    await store.commit([{ job, tasks: 'all' }]);
    react(farm, { what: 'host joined', host: 'lab1', slots: 1, attempts: [] }, 1000);
    react(farm, { what: 'submitted', job }, 1000);
    return { answers, watchers, job, write };
  };

  it('is shown when it is on disk, for else a loss of power would undo what was told', async () => {
    const { answers, write } = await stage();
    const shown: unknown[] = [];
    void answers.job(7).then(({ state }) => shown.push(state));
    void answers.tasks(7, 0, 1, null).then(({ tasks }) => shown.push(tasks[0]?.attempts));
    void answers.tasks(7, 0, 1, 'running').then(({ tasks }) => shown.push(tasks[0]?.state));
    void answers.jobs({ state: null, before: null, limit: 1 }).then(({ jobs }) => shown.push(jobs[0]?.tasks.running));
    await turn();
    expect(shown).to.deep.equal([]);
    write();
    await turn();
    expect(shown).to.have.members(['running', 1, 'running', 1]);
  });

  it('is told to those who begin to watch when it is on disk, once', async () => {
    const { answers, watchers, job, write } = await stage();
    const told: string[] = [];
    const first = answers.watch(7, ({ state }) => told.push(`first ${state}`));
    await turn();
    watchers.tell(job);
    expect(told).to.deep.equal(['first running']);
    void answers.watch(7, ({ state }) => told.push(`second ${state}`));
    await turn();
    expect(told).to.have.length(1);
    write();
    (await first)();
    await turn();
    expect(told).to.deep.equal(['first running', 'second running']);
  });
});

/** Of 100,000 tasks that takes a tenth of a second, in which nobody else is answered. */
describe('a job that has ended and is looked at again and again', () => {
  it('has its tasks read once, until it ends another time', async () => {
    const store = memoryStore();
    let reads = 0;
    const whole = store.job.bind(store);
    store.job = (id) => {
      reads += 1;
      return whole(id);
    };
    const options = { store, now: () => 5000, log: () => {} } as Partial<FarmOptions> as FarmOptions;
    const answers = new Answers({
      options,
      farm: emptyFarm(),
      watchers: new Watchers(),
      procwrap: deaf,
      kept: async () => {},
    });
    const end = async (id: number, finishedAt: number) => {
      const job = commandJob(id, { frames: '1-4' });
      job.tasks.cancelWaiting(finishedAt);
      job.state = { is: 'cancelled', startedAt: null, finishedAt, reason: 'Cancelled by ann.' };
      await store.commit([{ job, tasks: 'all' }]);
    };
    const cancelled = async (id: number, after: number) =>
      (await answers.tasks(id, after, 2, 'cancelled')).tasks.map(({ number }) => number);
    await end(7, 3000);
    await end(8, 3000);
    expect([await cancelled(7, 0), await cancelled(7, 2), reads]).to.deep.equal([[1, 2], [3, 4], 1]);
    expect(await answers.log(7, null, 0)).to.include({ task: 4, attempt: 0, ended: true });
    expect(reads).to.equal(1);
    await end(7, 4000);
    expect([await cancelled(7, 0), reads]).to.deep.equal([[1, 2], 2]);
    expect([await cancelled(8, 0), reads]).to.deep.equal([[1, 2], 3]);
    await store.remove(8);
    expect(await cancelled(8, 0).catch((error: Error) => error.message)).to.equal('There is no job 8.');
  });
});
