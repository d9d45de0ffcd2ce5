import { expect } from 'chai';
import fc from 'fast-check';
import type { Job } from '../../src/model/job.ts';
import type { TaskState, Tried } from '../../src/model/task.ts';
import { memoryStore } from '../../src/store/memory.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import type { Change, Store } from '../../src/store/store.ts';
import { commandJob, job, plain, taskPlan } from '../support/jobs.ts';
import { temporaryDirectory } from '../support/program.ts';
import { triedExamples } from '../support/states.ts';
import { storePromises, type TriedStore } from './store.ts';

async function sqlite(): Promise<TriedStore> {
  const directory = temporaryDirectory();
  const store = await openSqliteStore(`${directory.path}/state/rayserver.db`);
  const clear = async () => {
    await store.close();
    directory.remove();
  };
  return { store, clear };
}

async function memory(): Promise<TriedStore> {
  const store = memoryStore();
  return { store, clear: () => store.close() };
}

describe('a store in memory', () => storePromises(memory));
describe('a store in SQLite', () => storePromises(sqlite));

describe('two stores', () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 8 });
  const time = fc.nat();
  const orNull = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: null });
  const underWay = {
    host: text,
    since: time,
    pid: orNull(fc.nat()),
    fraction: fc.integer({ min: 0, max: 64 }).map((part) => part / 64),
  };
  const taskState: fc.Arbitrary<TaskState> = fc.oneof(
    fc.record({ is: fc.constant('waiting' as const) }),
    fc.record({ is: fc.constantFrom('running' as const), ...underWay }),
    fc.record({ is: fc.constantFrom('paused' as const), ...underWay }),
    fc.record({
      is: fc.constant('done' as const),
      since: time,
      until: time,
      results: fc.array(fc.constant({ path: 'a.hdr', bytes: 7, sha256: 'ab' }), { maxLength: 1 }),
      skipped: fc.boolean(),
      warnings: fc.array(text, { maxLength: 1 }),
    }),
    fc.record({
      is: fc.constant('failed' as const),
      since: time,
      until: time,
      reason: text,
      lastLines: fc.array(text),
    }),
    fc.record({ is: fc.constant('cancelled' as const), until: time }),
  );
  const tried: fc.Arbitrary<Tried[]> = fc.integer({ min: 0, max: 3 }).map((from) => triedExamples.slice(from, 3));

  type Live = Map<number, Job>;
  /** Changes jobs, and gives what is then to be asked of each store. */
  type Step = (live: Live) => (store: Store) => Promise<unknown>;
  const id = fc.integer({ min: 1, max: 4 });
  const submit: fc.Arbitrary<Step> = fc
    .record({
      id,
      name: text,
      user: fc.constantFrom('ann', 'bob'),
      key: orNull(fc.constantFrom('k', '')),
      kind: fc.nat(2),
    })
    .map(({ id, name, user, key, kind }) => (live) => {
      const head = { name, user, idempotencyKey: key };
      const plans = [taskPlan(1), taskPlan(2, { after: [1], afterwards: ['a.unf'] }), taskPlan(3)];
      const made = [
        job(id, plans, head),
        commandJob(id, { frames: '9-5' }, head),
        commandJob(id, { frames: null }, head),
      ];
      live.set(id, made[kind] as Job);
      return commit(live.get(id) as Job, 'all');
    });
  const move: fc.Arbitrary<Step> = fc
    .record({ id, number: fc.integer({ min: 1, max: 5 }), to: taskState, failures: fc.nat(2), tried })
    .map(({ id, number, to, failures, tried }) => (live) => {
      const given = live.get(id) ?? job(id, []);
      const task = given.tasks.get(number);
      if (!task) return commit(given, []);
      Object.assign(task, { attempts: task.attempts + 1, failures, tried });
      given.tasks.move(task, to);
      given.state = { is: 'running', startedAt: 1 };
      return commit(given, [task]);
    });
  const end: fc.Arbitrary<Step> = fc.record({ id, at: time }).map(({ id, at }) => (live) => {
    const given = live.get(id) ?? commandJob(id);
    given.state = { is: 'cancelled', startedAt: 1, finishedAt: at, reason: 'Cancelled by ann.' };
    return commit(given, given.tasks.cancelWaiting(at));
  });
  const retry: fc.Arbitrary<Step> = id.map((number) => (live) => {
    const given = live.get(number) ?? commandJob(number);
    given.tasks.retry();
    given.state = { is: 'waiting' };
    return commit(given, 'retried');
  });
  const ask =
    (question: (store: Store) => Promise<unknown>): Step =>
    () =>
      question;
  const questions: fc.Arbitrary<Step> = fc.oneof(
    fc.constant(ask((store) => store.nextJob())),
    fc.constant(ask((store) => store.jobByIdempotencyKey('ann', 'k').then((found) => found && plain(found)))),
    id.map((number) => ask((store) => store.remove(number))),
    fc
      .record({ endedBefore: orNull(time), keep: orNull(fc.nat(2)), limit: fc.nat(2) })
      .map((which) => ask((store) => store.forget(which))),
    fc
      .record({
        before: orNull(fc.nat(5)),
        limit: fc.nat(4),
        states: orNull(fc.array(fc.constantFrom('waiting' as const, 'running' as const, 'cancelled' as const))),
      })
      .map((query) => ask((store) => store.jobs(query))),
    fc.tuple(id, fc.nat(5), fc.nat(5)).map((args) => ask((store) => store.tasks(...args))),
  );
  const step: fc.Arbitrary<Step> = fc.oneof(
    { weight: 3, arbitrary: submit },
    { weight: 8, arbitrary: move },
    { weight: 2, arbitrary: end },
    { weight: 2, arbitrary: retry },
    { weight: 4, arbitrary: questions },
  );

  function commit(given: Job, tasks: Change['tasks']) {
    return (store: Store) => store.commit([{ job: given, tasks }]);
  }
  const answer = (call: Promise<unknown>) => call.catch((error: Error) => `refused: ${error.message}`);
  const everything = ask(async (store) => {
    const jobs = await store.jobs({ before: null, limit: 100, states: null });
    return [
      jobs,
      (await store.loadActive()).map(plain),
      await Promise.all(jobs.map(async (one) => plain((await store.job(one.id)) as Job))),
      await Promise.all(jobs.map((one) => store.tasks(one.id, 0, 100))),
      await store.nextJob(),
    ];
  });

  it('in memory and in SQLite give the same answers to the same calls', async () => {
    const directory = temporaryDirectory();
    let round = 0;
    let kept = 0;
    let refused = 0;
    try {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
          round += 1;
          const live: Live = new Map();
          const one = memoryStore();
          const other = await openSqliteStore(`${directory.path}/state/${round}.db`);
          for (const next of [...steps, everything]) {
            const call = next(live);
            const expected = await answer(call(one));
            if (typeof expected === 'string') refused += 1;
            else kept += 1;
            expect(await answer(call(other))).to.deep.equal(expected);
          }
          await other.close();
        }),
        { numRuns: 60 },
      );
    } finally {
      directory.remove();
    }
    expect(kept, 'calls that were kept').to.be.greaterThan(100);
    expect(refused, 'calls that were refused').to.be.greaterThan(10);
  });
});
