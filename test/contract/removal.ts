import { expect } from 'chai';
import type { Job, JobState } from '../../src/model/job.ts';
import type { Store } from '../../src/store/store.ts';
import { commandJob, pictureJob, plain, taskOf } from '../support/jobs.ts';

const allJobs = { before: null, limit: 100, states: null };
const ended = (finishedAt: number): JobState => ({ is: 'done', startedAt: 1, finishedAt, reason: null });

/** What every store promises of jobs that are removed or forgotten. */
export function removalPromises(tried: () => Store): void {
  const add = (...jobs: Job[]) => tried().commit(jobs.map((one) => ({ job: one, tasks: 'all' as const })));
  const left = async () => (await tried().jobs(allJobs)).map(({ id }) => id).reverse();

  describe('a removed job', () => {
    it('is gone, with its tasks and its key, and no other is', async () => {
      await add(pictureJob(1, { idempotencyKey: 'k' }), pictureJob(2));
      await tried().remove(1);
      expect(await tried().job(1)).to.equal(null);
      expect(await tried().tasks(1, 0, 10)).to.deep.equal([]);
      expect(await tried().jobByIdempotencyKey('ann', 'k')).to.equal(null);
      expect((await tried().loadActive()).map(plain)).to.deep.equal([plain(pictureJob(2))]);
    });
    it('gives its key free, and its number never', async () => {
      await add(pictureJob(1, { idempotencyKey: 'k' }));
      await tried().remove(1);
      expect(await tried().nextJob()).to.equal(2);
      await add(pictureJob(2, { idempotencyKey: 'k' }));
      expect((await tried().jobByIdempotencyKey('ann', 'k'))?.id).to.equal(2);
    });
    it('may have been none', async () => {
      await tried().remove(7);
      expect(await left()).to.deep.equal([]);
    });
    it('leaves nothing to a job with its number', async () => {
      const before = commandJob(1);
      await add(before);
      const second = taskOf(before, 2);
      before.tasks.move(second, { is: 'cancelled', until: 3 });
      await tried().commit([{ job: before, tasks: [second] }]);
      await tried().remove(1);
      await add(commandJob(1));
      await tried().remove(9);
      expect(plain((await tried().job(1)) as Job)).to.deep.equal(plain(commandJob(1)));
    });
    it('may have many tasks', async () => {
      const many = commandJob(1, { frames: '1-25000' });
      await add(many, pictureJob(2));
      const moved = Array.from({ length: 25_000 }, (_, index) => taskOf(many, index + 1));
      for (const task of moved) many.tasks.move(task, { is: 'cancelled', until: 3 });
      await tried().commit([{ job: many, tasks: moved }]);
      // It is gone at once, for all who ask meanwhile.
      const gone = tried().remove(1);
      expect(await tried().job(1)).to.equal(null);
      expect(await tried().nextJob()).to.equal(3);
      await gone;
      await add(commandJob(1, { frames: '1-25000' }));
      expect((await tried().job(1))?.tasks.counts.waiting).to.equal(25_000);
      expect(await left()).to.deep.equal([1, 2]);
    });
  });

  describe('what is forgotten', () => {
    beforeEach(() =>
      add(
        pictureJob(1, { state: ended(500) }),
        pictureJob(2, { state: { is: 'running', startedAt: 1 } }),
        pictureJob(3, { state: ended(300) }),
        pictureJob(4, { state: ended(400) }),
        pictureJob(5, { state: { is: 'paused', startedAt: 1 } }),
        pictureJob(6, { state: ended(300.5) }),
      ),
    );

    it('is nothing by itself', async () => {
      expect(await tried().forget({ endedBefore: null, keep: null, limit: 100 })).to.deep.equal([]);
      expect(await left()).to.have.length(6);
    });
    it('are jobs that ended before a time, oldest first', async () => {
      expect(await tried().forget({ endedBefore: 401, keep: null, limit: 100 })).to.deep.equal([3, 6, 4]);
      expect(await left()).to.deep.equal([1, 2, 5]);
    });
    it('are not those that ended at that time', async () => {
      expect(await tried().forget({ endedBefore: 400, keep: null, limit: 100 })).to.deep.equal([3, 6]);
    });
    it('are all but the newest', async () => {
      expect(await tried().forget({ endedBefore: null, keep: 1, limit: 100 })).to.deep.equal([3, 6, 4]);
      expect(await left()).to.deep.equal([1, 2, 5]);
    });
    it('are those for which either holds', async () => {
      expect(await tried().forget({ endedBefore: 301, keep: 1, limit: 100 })).to.deep.equal([3, 6, 4]);
      expect(await tried().forget({ endedBefore: 9999, keep: 5, limit: 100 })).to.deep.equal([1]);
    });
    it('are never jobs that have not ended', async () => {
      expect(await tried().forget({ endedBefore: 1e15, keep: 0, limit: 100 })).to.deep.equal([3, 6, 4, 1]);
      expect(await left()).to.deep.equal([2, 5]);
    });
    it('are as many at a time as asked for', async () => {
      expect(await tried().forget({ endedBefore: null, keep: 1, limit: 2 })).to.deep.equal([3, 6]);
      expect(await tried().forget({ endedBefore: null, keep: 1, limit: 2 })).to.deep.equal([4]);
      expect(await tried().forget({ endedBefore: null, keep: 1, limit: 2 })).to.deep.equal([]);
    });
    it('is not a job that is tried again', async () => {
      const again = pictureJob(3, { state: { is: 'waiting' } });
      await tried().commit([{ job: again, tasks: 'retried' }]);
      expect(await tried().forget({ endedBefore: 1e15, keep: null, limit: 100 })).to.deep.equal([6, 4, 1]);
    });
  });
}
