import { expect } from 'chai';
import fc from 'fast-check';
import type { Job, JobState } from '../../src/model/job.ts';
import type { Task, TaskState } from '../../src/model/task.ts';
import { memoryStore } from '../../src/store/memory.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import type { Store } from '../../src/store/store.ts';
import { job, taskPlan } from '../support/jobs.ts';
import { temporaryDirectory } from '../support/program.ts';
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

  const jobState: fc.Arbitrary<JobState> = fc.oneof(
    fc.record({ is: fc.constant('waiting' as const) }),
    fc.record({ is: fc.constant('running' as const), startedAt: time }),
    fc.record({ is: fc.constant('paused' as const), startedAt: orNull(time) }),
    fc.record({
      is: fc.constant('failed' as const),
      startedAt: orNull(time),
      finishedAt: time,
      reason: text,
      lastLines: fc.array(text),
    }),
  );
  const taskState: fc.Arbitrary<TaskState> = fc.oneof(
    fc.record({ is: fc.constant('waiting' as const) }),
    fc.record({
      is: fc.constant('running' as const),
      host: text,
      since: time,
      pid: orNull(fc.nat()),
      fraction: fc.integer({ min: 0, max: 64 }).map((part) => part / 64),
    }),
    fc.record({ is: fc.constant('cancelled' as const), until: time }),
  );
  const task: fc.Arbitrary<Task> = fc.record({
    plan: fc.integer({ min: 1, max: 4 }).map((number) => taskPlan(number)),
    attempts: fc.nat(9),
    state: taskState,
  });
  const change = fc.record({
    job: fc
      .record({
        id: fc.integer({ min: 1, max: 6 }),
        name: text,
        user: fc.constantFrom('ann', 'bob'),
        idempotencyKey: orNull(fc.constantFrom('k', 'l', '')),
        state: jobState,
        tasks: fc.array(task, { maxLength: 4 }),
      })
      .map(({ id, ...rest }): Job => job(id, [], rest)),
    tasks: fc.oneof(fc.constant('all' as const), fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 2 })),
  });
  const query = fc.record({
    before: orNull(fc.integer({ min: 0, max: 8 })),
    limit: fc.nat(5),
    states: orNull(fc.array(fc.constantFrom('waiting' as const, 'running' as const, 'failed' as const))),
  });
  type Step = (store: Store) => Promise<unknown>;
  const step: fc.Arbitrary<Step> = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.array(change, { maxLength: 3 }).map(
        (changes): Step =>
          (store) =>
            store.commit(changes),
      ),
    },
    { weight: 1, arbitrary: fc.constant<Step>((store) => store.nextJob()) },
    {
      weight: 2,
      arbitrary: query.map(
        (asked): Step =>
          (store) =>
            store.jobs(asked),
      ),
    },
    { weight: 1, arbitrary: fc.constant<Step>((store) => store.jobByIdempotencyKey('ann', 'k')) },
  );

  const answer = (call: Promise<unknown>) => call.catch((error: Error) => `refused: ${error.message}`);
  const everything: Step = async (store) => [
    await store.loadActive(),
    await store.jobs({ before: null, limit: 100, states: null }),
    await store.nextJob(),
  ];

  it('in memory and in SQLite give the same answers to the same calls', async () => {
    const directory = temporaryDirectory();
    let round = 0;
    let kept = 0;
    let refused = 0;
    try {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
          round += 1;
          const one = memoryStore();
          const other = await openSqliteStore(`${directory.path}/state/${round}.db`);
          for (const call of [...steps, everything]) {
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
  }).timeout(60_000);
});
