import { expect } from 'chai';
import type { Job, JobState } from '../../src/model/job.ts';
import { summaryOf } from '../../src/model/progress.ts';
import type { Task } from '../../src/model/task.ts';
import type { Store } from '../../src/store/store.ts';
import { commandJob, job, pictureJob, plain, taskOf, taskPlan } from '../support/jobs.ts';
import { jobStateExamples, taskStateExamples, triedExamples } from '../support/states.ts';
import { framePromises } from './frames.ts';
import { removalPromises } from './removal.ts';

/** A store to be tried, empty, and what clears it away. */
export interface TriedStore {
  readonly store: Store;
  readonly clear: () => Promise<void>;
}

const allJobs = { before: null, limit: 100, states: null };
const numbers = (jobs: readonly { id: number }[]) => jobs.map(({ id }) => id);

const withoutTasks = (id: number) => job(id, []);

export async function rejection(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'nothing was refused',
    (error: Error) => error.message,
  );
}

/** What every store promises. */
export function storePromises(open: () => Promise<TriedStore>): void {
  let store: Store;
  let clear: () => Promise<void>;
  beforeEach(async () => {
    ({ store, clear } = await open());
  });
  afterEach(() => clear());

  const add = (...jobs: Job[]) => store.commit(jobs.map((one) => ({ job: one, tasks: 'all' as const })));
  const kept = async (id: number) => {
    const found = await store.job(id);
    return found && plain(found);
  };
  const tasksOf = async (id: number) => plain((await store.job(id)) as Job).tasks as Task[];

  describe('job numbers', () => {
    it('begin at 1 and grow by one', async () => {
      expect([await store.nextJob(), await store.nextJob(), await store.nextJob()]).to.deep.equal([1, 2, 3]);
    });
    it('are given once, even to callers who do not wait for each other', async () => {
      const given = await Promise.all(Array.from({ length: 20 }, () => store.nextJob()));
      expect(new Set(given).size).to.equal(20);
    });
    it('are greater than those of all jobs that are kept', async () => {
      await add(pictureJob(41));
      expect(await store.nextJob()).to.equal(42);
    });
  });

  describe('a job', () => {
    it('comes back as it was committed, with its tasks', async () => {
      const given = pictureJob(1, {
        name: 'ünïcode 💡 "\'\\ \n',
        notes: ['View "a" is up to date.'],
        idempotencyKey: 'k',
      });
      await add(given);
      expect(await kept(1)).to.deep.equal(plain(given));
    });
    for (const state of jobStateExamples) {
      it(`keeps all of the state ${state.is}`, async () => {
        await add(pictureJob(1, { state }));
        expect((await store.job(1))?.state).to.deep.equal(state);
      });
    }
    for (const state of taskStateExamples) {
      it(`keeps all of a task that is ${state.is}`, async () => {
        const given = job(1, [taskPlan(1)]);
        given.tasks.move(taskOf(given, 1), state);
        await add(given);
        expect((await store.job(1))?.tasks.get(1)?.state).to.deep.equal(state);
        expect((await store.tasks(1, 0, 1))[0]?.state).to.deep.equal(state);
      });
    }
    it('keeps what is known of the attempts of a task', async () => {
      const given = job(1, [taskPlan(1)]);
      Object.assign(taskOf(given, 1), { attempts: 7, failures: 2, lost: 3, best: 0.625, tried: triedExamples });
      await add(given);
      expect(await kept(1)).to.deep.equal(plain(given));
      expect(await store.tasks(1, 0, 1)).to.deep.equal([taskOf(given, 1)]);
    });
    it('keeps its limits', async () => {
      const limits = { retries: 0, seconds: 0.5, progressSeconds: 1e9 };
      await add(pictureJob(1, { limits }));
      expect((await store.job(1))?.limits).to.deep.equal(limits);
    });
    it('is null where no job has the number', async () => {
      expect(await store.job(7)).to.equal(null);
    });
    it('is kept as it was when commit was called, whatever happens to it afterwards', async () => {
      const given = pictureJob(1);
      const done = add(given);
      given.state = { is: 'running', startedAt: 3 };
      taskOf(given, 1).attempts = 9;
      await done;
      expect(await kept(1)).to.deep.equal(plain(pictureJob(1)));
    });
    it('is given as a copy that the caller may change', async () => {
      await add(pictureJob(1));
      const taken = (await store.job(1)) as Job;
      taken.state = { is: 'running', startedAt: 3 };
      taken.tasks.cancelWaiting(3);
      expect(await kept(1)).to.deep.equal(plain(pictureJob(1)));
    });
    it('may have no tasks', async () => {
      await add(job(1, []));
      expect((await store.job(1))?.tasks.total).to.equal(0);
      expect(await store.tasks(1, 0, 10)).to.deep.equal([]);
    });
  });

  describe('a later commit', () => {
    const changed = (): Job => {
      const given = pictureJob(1, { state: { is: 'running', startedAt: 3 } });
      for (const task of given.tasks.known()) {
        task.attempts = 1;
        given.tasks.move(task, { is: 'running', host: 'sun', since: 4, pid: 77, fraction: 0 });
      }
      return given;
    };
    const change = (given: Job, ...tasks: number[]) => ({
      job: given,
      tasks: tasks.map((number) => taskOf(given, number)),
    });

    it('changes the job and the tasks that it names, and no others', async () => {
      await add(pictureJob(1));
      await store.commit([change(changed(), 2, 4)]);
      expect((await store.job(1))?.state.is).to.equal('running');
      const tasks = await tasksOf(1);
      expect(tasks.map(({ state }) => state.is)).to.deep.equal(['waiting', 'running', 'waiting', 'running', 'waiting']);
      expect(tasks.map(({ attempts }) => attempts)).to.deep.equal([0, 1, 0, 1, 0]);
    });
    it('changes the job alone when it names no task', async () => {
      await add(pictureJob(1));
      await store.commit([change(changed())]);
      expect(await kept(1)).to.deep.equal(plain(pictureJob(1, { state: { is: 'running', startedAt: 3 } })));
    });
    it('of all tasks replaces them', async () => {
      await add(pictureJob(1));
      await add(job(1, [taskPlan(1)]));
      expect(await kept(1)).to.deep.equal(plain(job(1, [taskPlan(1)])));
    });
    it('of the same job in one commit counts last', async () => {
      await store.commit([{ job: pictureJob(1), tasks: 'all' }, change(changed(), 5, 5)]);
      expect((await tasksOf(1)).map(({ attempts }) => attempts)).to.deep.equal([0, 0, 0, 0, 1]);
    });
    it('takes effect after those that were called before it', async () => {
      const commits = [];
      for (let since = 0; since < 20; since += 1) {
        commits.push(add(pictureJob(1, { state: { is: 'running', startedAt: since } })));
      }
      await Promise.all(commits);
      expect((await store.job(1))?.state).to.deep.equal({ is: 'running', startedAt: 19 });
    });
  });

  describe('a commit that cannot be kept', () => {
    const nothingChanged = async () => {
      const before = pictureJob(1, { idempotencyKey: 'k' });
      expect(await store.jobs(allJobs)).to.deep.equal([summaryOf(before)]);
      expect(await kept(1)).to.deep.equal(plain(before));
      expect(await store.nextJob()).to.equal(2);
    };
    const running = (given: Job): Job => {
      given.state = { is: 'running', startedAt: 1 };
      given.tasks.move(taskOf(given, 1), { is: 'running', host: 'sun', since: 4, pid: 77, fraction: 0 });
      return given;
    };
    const change = (given: Job, ...tasks: number[]) => ({
      job: given,
      tasks: tasks.map((number) => taskOf(given, number)),
    });
    beforeEach(() => add(pictureJob(1, { idempotencyKey: 'k' })));

    it('leaves nothing of it behind: a second job with the key of the first', async () => {
      const refused = store.commit([
        { job: pictureJob(2), tasks: 'all' },
        { job: pictureJob(3, { idempotencyKey: 'k' }), tasks: 'all' },
      ]);
      expect(await rejection(refused)).to.equal('User "ann" has a job with the idempotency key "k" already.');
      await nothingChanged();
    });
    it('leaves nothing of it behind: two new jobs with the same key', async () => {
      const refused = add(pictureJob(2, { idempotencyKey: 'new' }), pictureJob(3, { idempotencyKey: 'new' }));
      expect(await rejection(refused)).to.equal('User "ann" has a job with the idempotency key "new" already.');
      await nothingChanged();
    });
    it('leaves nothing of it behind: tasks of a job that was never committed', async () => {
      const refused = store.commit([
        change(running(pictureJob(1, { idempotencyKey: 'k' })), 1),
        change(running(pictureJob(2)), 1),
      ]);
      expect(await rejection(refused)).to.match(/^Job 2 is not in the store/);
      await nothingChanged();
    });
    it('leaves nothing of it behind: a task that the job does not have', async () => {
      const other = taskOf(commandJob(1, { frames: '1-6' }), 6);
      const refused = store.commit([{ job: running(pictureJob(1)), tasks: [other] }]);
      expect(await rejection(refused)).to.equal('Job 1 has no task 6.');
      await nothingChanged();
    });
    it('leaves nothing of it behind: a task that was not in the first commit', async () => {
      const larger = job(
        1,
        [1, 2, 3, 4, 5, 6].map((number) => taskPlan(number)),
      );
      const refused = store.commit([change(running(larger), 1, 6)]);
      expect(await rejection(refused)).to.match(/^Task 6 of job 1 is not in the store/);
      await nothingChanged();
    });
    for (const numbered of [[1, 1], [2, 1], [2], [1, 3]]) {
      it(`leaves nothing of it behind: tasks with the numbers ${numbered}`, async () => {
        const strange = job(
          2,
          numbered.map((number) => taskPlan(number)),
        );
        expect(await rejection(add(pictureJob(3), strange))).to.equal('The tasks of job 2 are not numbered from 1 on.');
        await nothingChanged();
      });
    }
    it('does not hinder the next', async () => {
      await rejection(add(job(2, [taskPlan(2)])));
      await add(pictureJob(2));
      expect(numbers(await store.jobs(allJobs))).to.deep.equal([2, 1]);
    });
  });

  describe('active jobs', () => {
    it('are those that have not ended, with their tasks, oldest first', async () => {
      const given = jobStateExamples.map((state, index) => pictureJob(index + 1, { state }));
      await add(...given.toReversed());
      expect((await store.loadActive()).map(plain)).to.deep.equal(given.slice(0, 3).map(plain));
    });
    it('are all of them, however many', async () => {
      await add(...Array.from({ length: 1200 }, (_, index) => withoutTasks(index + 1)));
      expect(await store.loadActive()).to.have.length(1200);
    });
    it('are none in a new store', async () => {
      expect(await store.loadActive()).to.deep.equal([]);
    });
  });

  describe('a listing', () => {
    beforeEach(() =>
      add(...[3, 1, 7, 5, 4, 2, 6].map((id) => pictureJob(id, { state: jobStateExamples[id % 3] as JobState }))),
    );

    it('is newest first', async () => {
      expect(numbers(await store.jobs(allJobs))).to.deep.equal([7, 6, 5, 4, 3, 2, 1]);
    });
    it('holds no more than asked for', async () => {
      expect(numbers(await store.jobs({ ...allJobs, limit: 2 }))).to.deep.equal([7, 6]);
      expect(await store.jobs({ ...allJobs, limit: 0 })).to.deep.equal([]);
    });
    it('goes on where the last page ended', async () => {
      expect(numbers(await store.jobs({ before: 6, limit: 3, states: null }))).to.deep.equal([5, 4, 3]);
      expect(numbers(await store.jobs({ before: 1, limit: 3, states: null }))).to.deep.equal([]);
    });
    it('holds jobs in one state', async () => {
      expect(numbers(await store.jobs({ ...allJobs, states: ['waiting'] }))).to.deep.equal([6, 3]);
    });
    it('holds jobs in one of some states, page by page', async () => {
      const states = ['running', 'paused', 'running'] as const;
      expect(numbers(await store.jobs({ before: 7, limit: 3, states }))).to.deep.equal([5, 4, 2]);
      expect(await store.jobs({ ...allJobs, states: [] })).to.deep.equal([]);
    });
    it('shows what the tasks of a job come to, as they were when it was committed', async () => {
      const given = pictureJob(8, { state: { is: 'running', startedAt: 1 } });
      const results = [{ path: 'octrees/room.oct', bytes: 7, sha256: 'ab' }];
      const ended = { is: 'done', since: 1, until: 2, results, skipped: false, warnings: ['w'] } as const;
      given.tasks.move(taskOf(given, 1), { ...ended, warnings: ['w'] });
      await add(given);
      const [first] = await store.jobs({ ...allJobs, limit: 1 });
      expect(first).to.deep.equal(summaryOf(given));
      expect(first?.counts).to.deep.include({ total: 5, done: 1, waiting: 4 });
      expect(first).to.deep.include({ results, warnings: ['room.octree: w'], progress: 2 / 204 });
    });
    it('follows a job from state to state', async () => {
      await add(pictureJob(6, { state: { is: 'running', startedAt: 1 } }));
      expect(numbers(await store.jobs({ ...allJobs, states: ['waiting'] }))).to.deep.equal([3]);
      expect(numbers(await store.jobs({ ...allJobs, states: ['running'] }))).to.deep.equal([7, 6, 4, 1]);
    });
  });

  describe('an idempotency key', () => {
    it('names the job of that user', async () => {
      await add(pictureJob(1, { idempotencyKey: 'k' }), pictureJob(2, { idempotencyKey: 'k', user: 'bob' }));
      expect((await store.jobByIdempotencyKey('ann', 'k'))?.id).to.equal(1);
      const other = await store.jobByIdempotencyKey('bob', 'k');
      expect(plain(other as Job)).to.deep.equal(plain(pictureJob(2, { idempotencyKey: 'k', user: 'bob' })));
      expect(await store.jobByIdempotencyKey('cid', 'k')).to.equal(null);
      expect(await store.jobByIdempotencyKey('ann', 'K')).to.equal(null);
    });
    it('goes on naming it when it has ended', async () => {
      await add(pictureJob(1, { idempotencyKey: 'k', state: jobStateExamples[5] as JobState }));
      expect((await store.jobByIdempotencyKey('ann', 'k'))?.id).to.equal(1);
    });
    it('is not shared by jobs without one', async () => {
      await add(pictureJob(1), pictureJob(2));
      expect(numbers(await store.jobs(allJobs))).to.deep.equal([2, 1]);
    });
  });

  framePromises(() => store);
  removalPromises(() => store);

  describe('a closed store', () => {
    it('may be closed again', async () => {
      await store.close();
      await store.close();
    });
    it('refuses everything else', async () => {
      await store.close();
      const calls = [
        store.nextJob(),
        add(pictureJob(1)),
        store.loadActive(),
        store.job(1),
        store.jobs(allJobs),
        store.tasks(1, 0, 1),
        store.jobByIdempotencyKey('ann', 'k'),
        store.remove(1),
        store.forget({ endedBefore: null, keep: 0, limit: 1 }),
      ];
      for (const call of calls) expect(await rejection(call)).to.equal('The store is closed.');
    });
  });
}
