import { expect } from 'chai';
import { type CommandRequest, isEnded, type Job, type JobState } from '../../src/model/job.ts';
import { summaryOf } from '../../src/model/progress.ts';
import type { Task, TaskState, Tried } from '../../src/model/task.ts';
import type { Store } from '../../src/store/store.ts';
import { commandJob, job, plain, taskOf, taskPlan } from '../support/jobs.ts';
import { triedExamples } from '../support/states.ts';

const underWay = { host: 'sun', since: 4, pid: 77, fraction: 0.5 };
const running: TaskState = { is: 'running', ...underWay };
const done: TaskState = { is: 'done', since: 4, until: 6, results: [], skipped: false, warnings: [] };
const failed: TaskState = { is: 'failed', since: 4, until: 6, reason: 'No light.', lastLines: ['dark', ''] };
const [lost] = triedExamples as [Tried];

/** What every store promises of frames, which have no row until they are moved. */
export function framePromises(tried: () => Store): void {
  let given: Job;
  const begin = async (request: Partial<CommandRequest> = {}) => {
    given = commandJob(1, request);
    await tried().commit([{ job: given, tasks: 'all' }]);
  };
  /** Makes an attempt at a task and moves it. */
  const moved = (number: number, to: TaskState, changes: Partial<Task> = {}): Task => {
    const task = taskOf(given, number);
    Object.assign(task, { attempts: task.attempts + 1, ...changes });
    given.tasks.move(task, to);
    return task;
  };
  const commit = (...tasks: Task[]) => tried().commit([{ job: given, tasks }]);
  const end = async (state: JobState, ...tasks: Task[]) => {
    given.state = state;
    const cancelled = isEnded(state) ? given.tasks.cancelWaiting(state.finishedAt) : [];
    await commit(...tasks, ...cancelled);
  };
  const kept = async () => plain((await tried().job(1)) as Job);
  const page = (after = 0, limit = 100) => tried().tasks(1, after, limit);
  const states = async () => (await page()).map(({ state }) => state.is);

  describe('a job of frames', () => {
    it('comes back as it was committed', async () => {
      await begin();
      expect(await kept()).to.deep.equal(plain(given));
      expect((await tried().loadActive()).map(plain)).to.deep.equal([plain(given)]);
    });
    it('may be one program that runs once', async () => {
      await begin({ frames: null });
      await commit(moved(1, running));
      expect(await kept()).to.deep.equal(plain(given));
      expect(await page()).to.deep.equal([given.tasks.get(1)]);
    });
    it('comes back with those that are under way whole, and with the state of the others', async () => {
      await begin();
      const again = moved(5, { is: 'waiting' }, { failures: 1, lost: 2, best: 0.5, tried: [lost] });
      await commit(moved(2, done), moved(3, failed), moved(4, { is: 'paused', ...underWay }), again);
      expect(await kept()).to.deep.equal(plain(given));
      expect(plain(given).failure).to.deep.equal({
        number: 3,
        task: 'povray-1.0003',
        reason: 'No light.',
        lastLines: ['dark', ''],
      });
    });
    it('begins again with those that wait for another attempt, as before', async () => {
      await begin();
      await commit(moved(4, { is: 'waiting' }, { failures: 1 }));
      const [first] = ((await tried().job(1)) as Job).tasks.startable(() => true);
      expect(first?.plan.number).to.equal(4);
    });
    it('is summed up without its frames', async () => {
      await begin();
      await commit(moved(2, done), moved(3, running));
      expect(await tried().jobs({ before: null, limit: 1, states: null })).to.deep.equal([summaryOf(given)]);
      expect(summaryOf(given).counts).to.deep.include({ total: 5, waiting: 3, running: 1, done: 1 });
    });
    it('is changed in one commit from its submit on', async () => {
      given = commandJob(1);
      const task = moved(1, running);
      await tried().commit([
        { job: given, tasks: 'all' },
        { job: given, tasks: [task] },
      ]);
      expect(await kept()).to.deep.equal(plain(given));
    });
  });

  describe('the tasks of a job, page by page', () => {
    it('are those with a row and those without, in order', async () => {
      await begin({ frames: '7,3-5,1' });
      await commit(moved(2, running), moved(4, done, { tried: triedExamples }));
      const tasks = await page();
      expect(tasks.map(({ plan }) => plan.name)).to.deep.equal(
        ['0007', '0003', '0004', '0005', '0001'].map((frame) => `povray-1.${frame}`),
      );
      expect(await states()).to.deep.equal(['waiting', 'running', 'waiting', 'done', 'waiting']);
      expect(tasks[3]).to.deep.include({ state: done, attempts: 1, tried: triedExamples });
      expect(tasks.filter((_, index) => index !== 3)).to.deep.equal(
        [1, 2, 3, 5].map((number) => given.tasks.get(number)),
      );
    });
    it('begin after a number, and are no more than asked for', async () => {
      await begin({ frames: '1-1000000' });
      await commit(moved(500_001, done));
      const tasks = await page(500_000, 2);
      expect(tasks.map(({ plan, state }) => [plan.number, state.is])).to.deep.equal([
        [500_001, 'done'],
        [500_002, 'waiting'],
      ]);
      expect((await page(999_999, 5)).map(({ plan }) => plan.number)).to.deep.equal([1_000_000]);
      expect(await page(1_000_000, 5)).to.deep.equal([]);
      expect(await page(0, 0)).to.deep.equal([]);
    });
    it('are those of a planned job, too', async () => {
      given = job(
        2,
        [1, 2, 3].map((number) => taskPlan(number)),
      );
      await tried().commit([{ job: given, tasks: 'all' }]);
      expect(await tried().tasks(2, 1, 1)).to.deep.equal([given.tasks.get(2)]);
      expect(await tried().tasks(2, 1, 9)).to.deep.equal([given.tasks.get(2), given.tasks.get(3)]);
      expect(await tried().tasks(2, 3, 9)).to.deep.equal([]);
    });
    it('are none of a job that is not there', async () => {
      expect(await tried().tasks(7, 0, 10)).to.deep.equal([]);
    });
    for (const state of [
      { is: 'cancelled', startedAt: 1, finishedAt: 9, reason: 'Cancelled by ann.' },
      { is: 'failed', startedAt: 1, finishedAt: 9, reason: 'It failed.', lastLines: [] },
    ] as const satisfies JobState[]) {
      it(`are cancelled with a job that is ${state.is}, also those without a row`, async () => {
        await begin();
        const again = moved(2, { is: 'waiting' }, { failures: 1 });
        await end({ ...state }, moved(1, done), again);
        expect(await states()).to.deep.equal(['done', 'cancelled', 'cancelled', 'cancelled', 'cancelled']);
        for (const task of (await page()).slice(1)) expect(task.state).to.deep.equal({ is: 'cancelled', until: 9 });
        expect((await page())[1]).to.deep.include({ attempts: 1, failures: 1 });
        expect(await kept()).to.deep.equal(plain(given));
      });
    }
  });

  describe('a job that is tried again', () => {
    const ended: JobState = { is: 'failed', startedAt: 1, finishedAt: 9, reason: 'It failed.', lastLines: [] };
    const retry = async () => {
      given.tasks.retry();
      given.state = { is: 'waiting' };
      await tried().commit([{ job: given, tasks: 'retried' }]);
    };

    it('has its failed and cancelled frames wait, and no others', async () => {
      await begin();
      await end(ended, moved(1, done), moved(2, failed), moved(3, { is: 'cancelled', until: 8 }, { lost: 2 }));
      await retry();
      expect(await states()).to.deep.equal(['done', 'waiting', 'waiting', 'waiting', 'waiting']);
      expect(await kept()).to.deep.equal(plain(given));
      expect((await page()).map(({ attempts }) => attempts)).to.deep.equal([1, 1, 1, 0, 0]);
      const started = (tasks: Job['tasks']) => [...tasks.startable(() => true)].map(({ plan }) => plan.number);
      expect(started(((await tried().job(1)) as Job).tasks))
        .to.deep.equal(started(given.tasks))
        .and.deep.equal([2]);
    });
    it('forgets how often a frame failed, and shows the attempts before', async () => {
      await begin();
      await end(ended, moved(2, failed, { failures: 3, lost: 1, best: 0.5, tried: [{ ...lost, attempt: 1 }] }));
      await retry();
      const fresh = { attempts: 1, failures: 0, lost: 0, best: 0, tried: [{ ...lost, attempt: 1 }] };
      expect((await page())[1]).to.deep.include(fresh);
      expect((await kept()).tasks[1]).to.deep.equal(given.tasks.get(2));
      await commit(moved(2, failed, { failures: 1, tried: [{ ...lost, attempt: 2 }] }));
      expect((await page())[1]?.tried.map(({ attempt }) => attempt)).to.deep.equal([1, 2]);
    });
    it('may be that again and again', async () => {
      await begin();
      for (let attempt = 1; attempt <= 12; attempt += 1) {
        await end(ended, moved(2, failed, { tried: [{ ...lost, attempt }] }));
        await retry();
      }
      expect((await page())[1]).to.deep.include({ attempts: 12, state: { is: 'waiting' } });
      expect((await page())[1]?.tried.at(-1)?.attempt).to.equal(12);
      await commit(moved(2, { is: 'waiting' }, { lost: 1 }));
      expect((await kept()).tasks[1]).to.deep.include({ lost: 1 });
      // A server that starts anew takes up the attempts before, and says them again.
      given = (await tried().job(1)) as Job;
      const before = (await page())[1]?.tried;
      await commit(moved(2, running));
      expect((await page())[1]?.tried).to.deep.equal(before);
    });
    it('writes all tasks of a planned job, those that are made again too', async () => {
      given = job(1, [taskPlan(1), taskPlan(2, { after: [1], afterwards: ['a.unf'] })]);
      await tried().commit([{ job: given, tasks: 'all' }]);
      await end(ended, moved(1, done, { tried: triedExamples }), moved(2, failed, { failures: 3 }));
      expect(await states()).to.deep.equal(['done', 'failed']);
      await retry();
      expect(await states()).to.deep.equal(['waiting', 'waiting']);
      expect(await kept()).to.deep.equal(plain(given));
    });
    it('must be in the store', async () => {
      const answer = await tried()
        .commit([{ job: commandJob(9), tasks: 'retried' }])
        .catch((error: Error) => error.message);
      expect(answer).to.match(/^Job 9 is not in the store/);
    });
  });
}
