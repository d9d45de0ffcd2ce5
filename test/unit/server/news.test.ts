import { expect } from 'chai';
import fc from 'fast-check';
import type { JobNews } from '../../../src/protocol/api.ts';
import { FarmNews } from '../../../src/server/news.ts';
import { jobView } from '../../support/views.ts';

type State = JobNews['state'];

/** A farm of jobs, each of which is a state only, whose changes are told. */
class Jobs {
  readonly news: FarmNews;
  readonly states = new Map<number, State>();
  /** All that was to be told. */
  readonly log: string[] = [];

  constructor(events: number) {
    this.news = new FarmNews({ events });
  }

  set(id: number, state: State): void {
    if (this.states.get(id) === state) return;
    this.log.push(`${id} ${state}`);
    this.states.set(id, state);
    const finishedAt = ['done', 'failed', 'cancelled'].includes(state) ? '2026-11-22T10:31:00.000Z' : null;
    this.news.tell(id, state, () => jobView({ id, state, finishedAt }));
  }

  delete(id: number): void {
    if (!this.states.delete(id)) return;
    this.log.push(`${id} deleted`);
    this.news.deleted(id);
  }
}

/** What a front end knows: it takes events, loses its connection now and then, and reads the listing after a reset. */
class FrontEnd {
  known = new Map<number, State>();
  last: string | null = null;
  /** Each state of each job, as it was told since the last reset. */
  seen: string[] = [];
  /** How much had happened at the last reset. */
  resetAt = 0;

  read({ news, states, log }: Jobs, most: number): void {
    for (const { id, name, data } of news.after(this.last, most)) {
      this.last = id;
      if (name === 'reset') {
        this.resetAt = log.length;
        this.known = new Map(states);
        this.seen = [];
        continue;
      }
      const job = JSON.parse(data) as JobNews;
      if (name === 'deleted') this.known.delete(job.id);
      else this.known.set(job.id, job.state);
      this.seen.push(name === 'deleted' ? `${job.id} deleted` : `${job.id} ${job.state}`);
    }
  }

  readAll(jobs: Jobs): void {
    while (jobs.news.after(this.last, 1).length > 0) this.read(jobs, 7);
  }
}

const deed = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      is: fc.constant('set' as const),
      id: fc.integer({ min: 1, max: 6 }),
      state: fc.constantFrom<State>('waiting', 'running', 'paused', 'done', 'failed', 'cancelled'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ is: fc.constant('delete' as const), id: fc.integer({ min: 1, max: 6 }) }) },
  { weight: 3, arbitrary: fc.record({ is: fc.constant('read' as const), most: fc.integer({ min: 1, max: 10 }) }) },
);

describe('the news of the farm', () => {
  it('lose nothing over any row of changes and readings, and say so where the ring is too small', () => {
    fc.assert(
      fc.property(fc.array(deed, { maxLength: 120 }), fc.integer({ min: 1, max: 40 }), (deeds, events) => {
        const jobs = new Jobs(events);
        const client = new FrontEnd();
        client.readAll(jobs);
        for (const one of deeds) {
          if (one.is === 'read') client.read(jobs, one.most);
          else if (one.is === 'delete') jobs.delete(one.id);
          else jobs.set(one.id, one.state);
        }
        client.readAll(jobs);
        expect([...client.known].sort()).to.deep.equal([...jobs.states].sort());
        expect(client.seen).to.deep.equal(jobs.log.slice(client.resetAt));
      }),
      { numRuns: 500 },
    );
  });

  it('have ids that go up by one, and are another row after a restart', () => {
    const jobs = new Jobs(100);
    const [start] = jobs.news.after(null, 10);
    jobs.set(1, 'waiting');
    jobs.set(1, 'running');
    const ids = jobs.news.after(start?.id ?? '', 10).map(({ id }) => id.split('-'));
    expect(ids.map(([epoch]) => epoch)).to.deep.equal(Array(2).fill(start?.id.split('-')[0]));
    expect(ids.map(([, number]) => number)).to.deep.equal(['1', '2']);
    expect(new Jobs(100).news.after(ids.at(-1)?.join('-') ?? '', 10).map(({ name }) => name)).to.deep.equal(['reset']);
  });

  it('know only ids of their own', () => {
    const jobs = new Jobs(10);
    jobs.set(1, 'waiting');
    const [{ id } = { id: '' }] = jobs.news.after(null, 1);
    const epoch = id.split('-')[0];
    const strange = [
      '',
      '-',
      '1',
      epoch,
      `${epoch}-`,
      `${epoch}--1`,
      `${epoch}-2`,
      `${epoch}-1e0`,
      `${epoch}- 1`,
      `x${id}`,
    ];
    for (const other of strange)
      expect(
        jobs.news.after(other ?? '', 5).map(({ name }) => name),
        other,
      ).to.deep.equal(['reset']);
    expect(jobs.news.after(id, 5)).to.deep.equal([]);
  });

  it('tell of progress while somebody listens, and of the newest state to the first who comes', async () => {
    const news = new FarmNews({ progressMs: 1 });
    let progress = 0;
    const come = (to: number) => {
      progress = to;
      news.tell(1, 'running', () => jobView({ state: 'running', progress }));
    };
    const told = () => news.after(start, 100).map(({ data }) => (JSON.parse(data) as JobNews).progress);
    const [{ id: start } = { id: '' }] = news.after(null, 1);
    for (const to of [0, 0.1, 0.2]) come(to);
    expect(told(), 'nobody listens').to.deep.equal([0]);
    const woken = Promise.withResolvers<void>();
    const stop = news.watch(woken.resolve);
    expect(told(), 'the first who comes').to.deep.equal([0, 0.2]);
    for (const to of [0.3, 0.4]) come(to);
    await woken.promise;
    expect(told(), 'later').to.deep.equal([0, 0.2, 0.4]);
    come(0.5);
    stop();
    stop();
    expect(told(), 'nobody listens any more').to.deep.equal([0, 0.2, 0.4]);
  });

  it('are kept within their bounds', () => {
    const news = new FarmNews({ events: 100, characters: 10_000 });
    const name = 'n'.repeat(200);
    for (let id = 1; id < 10_000; id++) news.tell(id, 'waiting', () => jobView({ id, name }));
    const [{ id: last } = { id: '' }] = news.after(null, 1);
    const [epoch, number] = last.split('-');
    const replayed = (back: number) => news.after(`${epoch}-${Number(number) - back}`, 1000);
    const most = Array.from({ length: 110 }, (_, back) => replayed(back)).filter((all) => all[0]?.name === 'job');
    expect(most.length).to.be.within(5, 30);
    expect(replayed(100).map((event) => event.name)).to.deep.equal(['reset']);
  });
});
