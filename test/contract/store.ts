import { expect } from 'chai';
import type { Job, JobState } from '../../src/model/job.ts';
import type { Task } from '../../src/model/task.ts';
import type { Store } from '../../src/store/store.ts';
import { job, pictureJob, taskPlan } from '../support/jobs.ts';
import { jobStateExamples, taskStateExamples } from '../support/states.ts';

/** A store to be tried, empty, and what clears it away. */
export interface TriedStore {
  readonly store: Store;
  readonly clear: () => Promise<void>;
}

const allJobs = { before: null, limit: 100, states: null };
const numbers = (jobs: readonly Job[]) => jobs.map(({ id }) => id);

async function rejection(promise: Promise<unknown>): Promise<string> {
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
      expect(await store.job(1)).to.deep.equal(given);
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
        (given.tasks[0] as Task).state = state;
        await add(given);
        expect((await store.job(1))?.tasks[0]?.state).to.deep.equal(state);
      });
    }
    it('is null where no job has the number', async () => {
      expect(await store.job(7)).to.equal(null);
    });
    it('is kept as it was when commit was called, whatever happens to it afterwards', async () => {
      const given = pictureJob(1);
      const done = add(given);
      given.state = { is: 'running', startedAt: 3 };
      (given.tasks[0] as Task).attempts = 9;
      await done;
      expect(await store.job(1)).to.deep.equal(pictureJob(1));
    });
    it('is given as a copy that the caller may change', async () => {
      await add(pictureJob(1));
      const taken = (await store.job(1)) as Job;
      taken.state = { is: 'running', startedAt: 3 };
      taken.tasks.pop();
      expect(await store.job(1)).to.deep.equal(pictureJob(1));
    });
    it('may have no tasks', async () => {
      await add(job(1, []));
      expect((await store.job(1))?.tasks).to.deep.equal([]);
    });
    it('gives its tasks by number', async () => {
      await add(job(1, [taskPlan(3), taskPlan(1), taskPlan(2)]));
      expect((await store.job(1))?.tasks.map(({ plan }) => plan.number)).to.deep.equal([1, 2, 3]);
    });
  });

  describe('a later commit', () => {
    const changed = (): Job => {
      const given = pictureJob(1, { state: { is: 'running', startedAt: 3 } });
      for (const task of given.tasks) {
        task.attempts = 1;
        task.state = { is: 'running', host: 'sun', since: 4, pid: 77, fraction: 0 };
      }
      return given;
    };

    it('changes the job and the tasks that it names, and no others', async () => {
      await add(pictureJob(1));
      await store.commit([{ job: changed(), tasks: [2, 4] }]);
      const kept = (await store.job(1)) as Job;
      expect(kept.state.is).to.equal('running');
      expect(kept.tasks.map(({ state }) => state.is)).to.deep.equal([
        'waiting',
        'running',
        'waiting',
        'running',
        'waiting',
      ]);
      expect(kept.tasks.map(({ attempts }) => attempts)).to.deep.equal([0, 1, 0, 1, 0]);
    });
    it('changes the job alone when it names no task', async () => {
      await add(pictureJob(1));
      await store.commit([{ job: changed(), tasks: [] }]);
      expect(await store.job(1)).to.deep.equal({ ...pictureJob(1), state: { is: 'running', startedAt: 3 } });
    });
    it('of all tasks replaces them', async () => {
      await add(pictureJob(1));
      await add(job(1, [taskPlan(1)]));
      expect(await store.job(1)).to.deep.equal(job(1, [taskPlan(1)]));
    });
    it('of the same job in one commit counts last', async () => {
      await store.commit([
        { job: pictureJob(1), tasks: 'all' },
        { job: changed(), tasks: [5, 5] },
      ]);
      const kept = (await store.job(1)) as Job;
      expect(kept.tasks.map(({ attempts }) => attempts)).to.deep.equal([0, 0, 0, 0, 1]);
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
      expect(await store.jobs(allJobs)).to.deep.equal([pictureJob(1, { idempotencyKey: 'k' })]);
      expect(await store.nextJob()).to.equal(2);
    };
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
        { job: pictureJob(1, { idempotencyKey: 'k', state: { is: 'running', startedAt: 1 } }), tasks: [1] },
        { job: pictureJob(2), tasks: [1] },
      ]);
      expect(await rejection(refused)).to.match(/^Job 2 is not in the store/);
      await nothingChanged();
    });
    it('leaves nothing of it behind: a task that the job does not have', async () => {
      const refused = store.commit([{ job: pictureJob(1, { state: { is: 'running', startedAt: 1 } }), tasks: [1, 6] }]);
      expect(await rejection(refused)).to.equal('Job 1 has no task 6.');
      await nothingChanged();
    });
    it('leaves nothing of it behind: a task that was not in the first commit', async () => {
      const refused = store.commit([
        { job: job(1, [taskPlan(6)], { state: { is: 'running', startedAt: 1 } }), tasks: [6] },
      ]);
      expect(await rejection(refused)).to.match(/^Task 6 of job 1 is not in the store/);
      await nothingChanged();
    });
    it('leaves nothing of it behind: two tasks with one number', async () => {
      expect(await rejection(add(job(2, [taskPlan(1), taskPlan(1)])))).to.equal(
        'Job 2 has two tasks with the same number.',
      );
      await nothingChanged();
    });
    it('does not hinder the next', async () => {
      await rejection(add(job(2, [taskPlan(1), taskPlan(1)])));
      await add(pictureJob(2));
      expect(numbers(await store.jobs(allJobs))).to.deep.equal([2, 1]);
    });
  });

  describe('active jobs', () => {
    it('are those that have not ended, with their tasks, oldest first', async () => {
      const given = jobStateExamples.map((state, index) => pictureJob(index + 1, { state }));
      await add(...given.toReversed());
      expect(await store.loadActive()).to.deep.equal(given.slice(0, 3));
    });
    it('are all of them, however many', async () => {
      await add(...Array.from({ length: 1200 }, (_, index) => job(index + 1, [])));
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
      expect(await store.jobByIdempotencyKey('bob', 'k')).to.deep.equal(
        pictureJob(2, { idempotencyKey: 'k', user: 'bob' }),
      );
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
        store.jobByIdempotencyKey('ann', 'k'),
      ];
      for (const call of calls) expect(await rejection(call)).to.equal('The store is closed.');
    });
  });
}
