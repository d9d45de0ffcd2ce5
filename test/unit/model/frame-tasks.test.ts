import { expect } from 'chai';
import fc from 'fast-check';
import { FrameTasks } from '../../../src/model/frame-tasks.ts';
import { FramesError } from '../../../src/model/frames.ts';
import type { CommandRequest } from '../../../src/model/job.ts';
import { type Task, type TaskState, type TaskStateName, taskMoves, taskStates } from '../../../src/model/task.ts';
import { noCounts, type TaskCounts } from '../../../src/model/tasks.ts';

const request: CommandRequest = { kind: 'command', command: ['povray', '+K%d'], frames: '10-1', slots: null };
const underWay = { host: 'sun', since: 4, pid: 77, fraction: 0.5 };
const states = {
  waiting: { is: 'waiting' },
  running: { is: 'running', ...underWay },
  paused: { is: 'paused', ...underWay },
  done: { is: 'done', since: 4, until: 6, results: [], skipped: false, warnings: [] },
  failed: { is: 'failed', since: 4, until: 6, reason: 'No light.', lastLines: ['dark'] },
  cancelled: { is: 'cancelled', until: 6 },
} as const satisfies Record<TaskStateName, unknown>;

const state = (name: TaskStateName) => structuredClone(states[name]) as TaskState;
const made = (frames: string | null = '10-1') => new FrameTasks(3, { ...request, frames });
const task = (tasks: FrameTasks, number: number) => tasks.get(number) as Task;
const numbers = (found: Iterable<Task>) => Array.from(found, ({ plan }) => plan.number);
const inOrder = (found: Iterable<Task>) => numbers(found).sort((one, other) => one - other);

/** Attempts by number, as a store would know them: of a frame that has ended, its tasks do not tell. */
const attempts = new WeakMap<FrameTasks, Map<number, number>>();
const attemptsOf = (tasks: FrameTasks, number: number) => attempts.get(tasks)?.get(number) ?? 0;

/** Starts the next that may, as the scheduler does. */
function start(tasks: FrameTasks): Task | null {
  for (const next of tasks.startable()) {
    next.attempts += 1;
    attempts.set(tasks, new Map(attempts.get(tasks)).set(next.plan.number, next.attempts));
    tasks.move(next, state('running'));
    return next;
  }
  return null;
}

/** All that startable gives, each one started; a copy is asked, for that changes them. */
function startedAll(tasks: FrameTasks): number[] {
  const started = [];
  for (let next = start(tasks); next; next = start(tasks)) started.push(next.plan.number);
  return started;
}

/** As the store gives it back. */
function restored(tasks: FrameTasks, frames = '10-1'): FrameTasks {
  const again = made(frames);
  const known = new Map(Array.from(tasks.known(), (one) => [one.plan.number, structuredClone(one)]));
  for (let number = 1; number <= tasks.total; number++) {
    const one = known.get(number);
    if (one) again.restoreTask(one);
    else again.restore(number, tasks.stateOf(number) as TaskStateName, attemptsOf(tasks, number));
  }
  again.failure = tasks.failure;
  attempts.set(again, new Map(attempts.get(tasks)));
  return again;
}

describe('the tasks of frames', () => {
  it('are numbered in the order in which the frames are named, and all wait', () => {
    const tasks = made('7,3-5');
    expect(tasks.total).to.equal(4);
    expect([1, 2, 3, 4, 5].map((number) => tasks.frameOf(number))).to.deep.equal([7, 3, 4, 5, null]);
    expect(tasks.counts).to.deep.include({ total: 4, waiting: 4, running: 0 });
    expect(tasks.get(2)?.plan.name).to.equal('povray-3.0003');
    expect(tasks.get(2)).to.deep.include({ attempts: 0, failures: 0, lost: 0, best: 0, tried: [] });
    expect([...tasks.known()]).to.deep.equal([]);
  });
  it('are one where there are no frames', () => {
    const tasks = made(null);
    expect([tasks.total, tasks.frameOf(1), tasks.get(1)?.plan.name]).to.deep.equal([1, null, 'povray-3']);
    tasks.move(task(tasks, 1), state('failed'));
    expect(tasks.failedText()).to.equal('povray-3');
  });
  it('are none for a list that is not understood', () => {
    expect(() => made('1-')).to.throw(FramesError);
  });
  it('are not there outside of the list', () => {
    const tasks = made();
    for (const number of [0, 11, -1, 1.5]) {
      expect([tasks.get(number), tasks.stateOf(number)]).to.deep.equal([null, null]);
    }
  });
  it('are known while they are under way, and are not given when they have ended', () => {
    const tasks = made();
    const first = start(tasks) as Task;
    expect(tasks.get(1)).to.equal(first);
    for (const name of ['paused', 'running', 'waiting', 'running'] as const) {
      tasks.move(first, state(name));
      expect(inOrder(tasks.known())).to.deep.equal([1]);
    }
    tasks.move(first, state('done'));
    expect([tasks.get(1), tasks.stateOf(1)]).to.deep.equal([null, 'done']);
    expect([...tasks.known()]).to.deep.equal([]);
  });
});

describe('the frames that may start', () => {
  it('are those that wait, in order', () => {
    const tasks = made('1-4');
    tasks.move(task(tasks, 2), state('done'));
    expect(startedAll(tasks)).to.deep.equal([1, 3, 4]);
    expect(start(tasks)).to.equal(null);
  });
  it('are first those that wait for another attempt, the longest waiting first', () => {
    const tasks = made('1-5');
    const [first, second, third] = [start(tasks), start(tasks), start(tasks)] as [Task, Task, Task];
    for (const one of [third, first, second]) tasks.move(one, state('waiting'));
    tasks.move(first, state('cancelled'));
    expect(startedAll(tasks)).to.deep.equal([3, 2, 4, 5]);
  });
  it('are no more than one where that one is left waiting', () => {
    expect(numbers(made().startable())).to.deep.equal([1]);
  });
});

describe('the frames of a job that is cancelled', () => {
  it('are all cancelled that wait; those that were tried are given, to be kept one by one', () => {
    const tasks = made('1-5');
    const [first, second] = [start(tasks), start(tasks)] as [Task, Task];
    tasks.move(second, state('waiting'));
    const tried = tasks.cancelWaiting(9);
    expect(tried).to.deep.equal([second]);
    expect(second.state).to.deep.equal({ is: 'cancelled', until: 9 });
    expect(tasks.counts).to.deep.include({ waiting: 0, running: 1, cancelled: 4 });
    expect(numbers(tasks.known())).to.deep.equal([first.plan.number]);
    expect(start(tasks)).to.equal(null);
  });
});

describe('frames that are tried again', () => {
  it('are those that failed or were cancelled; their attempts are counted on', () => {
    const tasks = made('1-4');
    for (const end of ['failed', 'done', 'cancelled'] as const) tasks.move(start(tasks) as Task, state(end));
    tasks.retry();
    expect(tasks.counts).to.deep.include({ waiting: 3, done: 1, failed: 0, cancelled: 0 });
    expect([tasks.failure, tasks.failedText()]).to.deep.equal([null, null]);
    expect(tasks.get(1)).to.deep.include({ attempts: 1, failures: 0 });
    expect(startedAll(tasks)).to.deep.equal([1, 3, 4]);
    expect(tasks.get(1)?.attempts).to.equal(2);
  });
});

describe('what failed of frames', () => {
  it('is named by their numbers, and the first says why', () => {
    const tasks = made('10-1');
    tasks.move(start(tasks) as Task, state('failed'));
    expect(tasks.failedText()).to.equal('frame 10');
    for (let count = 0; count < 2; count++) {
      tasks.move(start(tasks) as Task, { ...states.failed, reason: 'Too late.', lastLines: [] });
    }
    expect(tasks.failedText()).to.equal('frames 8-10');
    expect(tasks.failure).to.deep.equal({ number: 1, task: 'povray-3.0010', reason: 'No light.', lastLines: ['dark'] });
  });
});

describe('the pace of frames', () => {
  it('is that of the first, then follows the newer ones', () => {
    const tasks = made();
    expect(tasks.pace).to.equal(null);
    tasks.took(1000);
    expect(tasks.pace).to.equal(1000);
    tasks.took(2000);
    expect(tasks.pace).to.be.closeTo(1100, 1e-9);
  });
});

describe('a walk over frames', () => {
  /** What one may do with a frame, and with all of them. */
  const move = fc.record({ number: fc.integer({ min: 1, max: 10 }), to: fc.constantFrom(...taskStates) });
  const deed = fc.oneof(
    { weight: 6, arbitrary: move.map((one) => (tasks: FrameTasks) => moveIfLegal(tasks, one.number, one.to)) },
    { weight: 6, arbitrary: fc.constant((tasks: FrameTasks) => void start(tasks)) },
    { weight: 1, arbitrary: fc.constant((tasks: FrameTasks) => void tasks.cancelWaiting(6)) },
    { weight: 1, arbitrary: fc.constant((tasks: FrameTasks) => tasks.retry()) },
  );

  function moveIfLegal(tasks: FrameTasks, number: number, to: TaskStateName): void {
    const one = tasks.get(number);
    if (one && (taskMoves[one.state.is] as readonly string[]).includes(to)) tasks.move(one, state(to));
  }

  const seen = (tasks: FrameTasks) => ({
    counts: { ...tasks.counts },
    each: Array.from({ length: tasks.total }, (_, index) => [tasks.stateOf(index + 1), tasks.get(index + 1)]),
    known: inOrder(tasks.known()),
    failed: tasks.failedText(),
    failure: tasks.failure,
    progress: tasks.progress(),
  });

  function counted(tasks: FrameTasks): TaskCounts {
    const counts = noCounts(tasks.total);
    for (let number = 1; number <= tasks.total; number++) counts[tasks.stateOf(number) as TaskStateName] += 1;
    return counts;
  }

  it('counts as many as there are in each state, after each step', () => {
    fc.assert(
      fc.property(fc.array(deed, { maxLength: 40 }), (deeds) => {
        const tasks = made();
        for (const act of deeds) {
          act(tasks);
          expect(tasks.counts).to.deep.equal(counted(tasks));
          for (const one of tasks.known()) expect(tasks.stateOf(one.plan.number)).to.equal(one.state.is);
          expect(tasks.progress()).to.be.within(tasks.counts.done / 10, 1);
        }
      }),
    );
  });
  it('goes on as before when it is taken up again', () => {
    let retried = 0;
    fc.assert(
      fc.property(fc.array(deed, { maxLength: 40 }), fc.array(deed, { maxLength: 20 }), (before, after) => {
        const tasks = made();
        for (const act of before) act(tasks);
        if (tasks.counts.waiting > 0 && attemptsOf(tasks, 1) > 0) retried += 1;
        const again = restored(tasks);
        expect(seen(again)).to.deep.equal(seen(tasks));
        const [one, other] = [restored(tasks), restored(again)];
        for (const act of after) {
          act(one);
          act(other);
        }
        expect(seen(other)).to.deep.equal(seen(one));
        // The same ones start; of those that wait for another attempt it is forgotten which has waited longest.
        expect(startedAll(again).sort()).to.deep.equal(startedAll(tasks).sort());
      }),
    );
    expect(retried).to.be.greaterThan(0);
  });
  it('ends with every frame started once that waited', () => {
    fc.assert(
      fc.property(fc.array(deed, { maxLength: 40 }), (deeds) => {
        const tasks = made();
        for (const act of deeds) act(tasks);
        const waiting = Array.from({ length: 10 }, (_, index) => index + 1).filter(
          (n) => tasks.stateOf(n) === 'waiting',
        );
        expect(startedAll(tasks).sort((a, b) => a - b)).to.deep.equal(waiting);
        expect(tasks.counts.waiting).to.equal(0);
      }),
    );
  });
});
