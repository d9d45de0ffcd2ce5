import { expect } from 'chai';
import { jobsIn } from '../../../src/server/job-pages.ts';
import { memoryStore } from '../../../src/store/memory.ts';
import { commandJob } from '../../support/jobs.ts';

describe('pages of jobs', () => {
  const idsOf = async (store: ReturnType<typeof memoryStore>, limit: number): Promise<number[][]> => {
    const pages: number[][] = [];
    for (let before: number | null = null; ; ) {
      const { jobs, next } = await jobsIn(store, { before, limit, states: null });
      pages.push(jobs.map(({ id }) => id));
      if (next === null) return pages;
      before = next;
    }
  };
  const storeOf = async (count: number, command: string[]) => {
    const store = memoryStore();
    const jobs = Array.from({ length: count }, (_, index) => commandJob(index + 1, { command, frames: null }));
    await store.commit(jobs.map((job) => ({ job, tasks: 'all' as const })));
    return store;
  };
  const downFrom = (last: number) => Array.from({ length: last }, (_, index) => last - index);

  it('have as many as are wanted, newest first, and the last one says so', async () => {
    const store = await storeOf(230, ['true']);
    expect((await idsOf(store, 1000)).map((page) => page.length)).to.deep.equal([230]);
    expect((await idsOf(store, 115)).map((page) => page.length)).to.deep.equal([115, 115]);
    expect((await idsOf(store, 114)).map((page) => page.length)).to.deep.equal([114, 114, 2]);
    for (const limit of [1, 100, 101, 1000]) expect((await idsOf(store, limit)).flat()).to.deep.equal(downFrom(230));
  });

  it('have fewer where the commands are long, and leave none out', async () => {
    const pages = await idsOf(await storeOf(50, ['cat', 'x'.repeat(200_000)]), 1000);
    expect(pages.map((page) => page.length)).to.deep.equal([20, 20, 10]);
    expect(pages.flat()).to.deep.equal(downFrom(50));
  });
});
