import { expect } from 'chai';
import fc from 'fast-check';
import { freshTask, PlannedTasks } from '../../../src/model/planned-tasks.ts';
import { type Task, type TaskPlan, type TaskState, type TaskStateName, taskStates } from '../../../src/model/task.ts';
import { pictureJob, taskPlan } from '../../support/jobs.ts';
import { taskStateExamples } from '../../support/states.ts';

const example = (name: TaskStateName) => taskStateExamples.find(({ is }) => is === name) as TaskState;
const made = (...plans: TaskPlan[]) => new PlannedTasks(plans.map((plan) => freshTask(plan)));
const task = (tasks: PlannedTasks, number: number) => tasks.get(number) as Task;
const numbers = (found: Iterable<Task>) => Array.from(found, ({ plan }) => plan.number);
const anything = () => true;
const move = (tasks: PlannedTasks, ...moves: [number, TaskStateName][]) => {
  for (const [number, to] of moves) tasks.move(task(tasks, number), example(to));
};

/** Octree, two views after it, a filter after each that has its raw picture removed. */
function picture(): PlannedTasks {
  const plans = Array.from(pictureJob(1).tasks.known(), ({ plan }) => plan);
  const raw = { 4: 'a.unf', 5: 'b.unf' } as Record<number, string>;
  return made(...plans.map((plan) => ({ ...plan, afterwards: raw[plan.number] ? [raw[plan.number] as string] : [] })));
}

describe('planned tasks', () => {
  it('are counted by their states, as they come', () => {
    const tasks = new PlannedTasks(
      taskStateExamples.map((state, index) => ({ ...freshTask(taskPlan(index + 1)), state })),
    );
    expect(tasks.counts).to.deep.equal({
      total: 6,
      waiting: 1,
      running: 1,
      paused: 1,
      done: 1,
      failed: 1,
      cancelled: 1,
    });
    expect(tasks.total).to.equal(6);
  });
  it('are all known, and none is there outside of them', () => {
    const tasks = picture();
    expect(numbers(tasks.known())).to.deep.equal([1, 2, 3, 4, 5]);
    expect([tasks.get(0), tasks.get(6), tasks.stateOf(6), tasks.stateOf(5)]).to.deep.equal([
      null,
      null,
      null,
      'waiting',
    ]);
  });
  it('say nothing of how long the next takes', () => {
    const tasks = picture();
    tasks.took();
    expect(tasks.pace).to.equal(null);
  });
  it('are done by their share of the work', () => {
    const tasks = picture();
    move(tasks, [1, 'done'], [2, 'running'], [3, 'paused']);
    expect(tasks.progress()).to.be.closeTo((2 + 25 + 50) / 204, 1e-12);
  });
  it('may start when those are done that they follow, and nobody else holds what they hold', () => {
    const tasks = picture();
    expect(numbers(tasks.startable(anything))).to.deep.equal([1]);
    move(tasks, [1, 'running']);
    expect(numbers(tasks.startable(anything))).to.deep.equal([]);
    move(tasks, [1, 'done']);
    expect(numbers(tasks.startable(anything))).to.deep.equal([2, 3]);
    expect(numbers(tasks.startable((holds) => !holds.includes('view:a.hdr')))).to.deep.equal([3]);
    for (const end of ['failed', 'cancelled', 'paused'] as const) {
      move(tasks, [2, end]);
      expect(numbers(tasks.startable(anything)), end).to.deep.equal([3]);
    }
    move(tasks, [2, 'done'], [3, 'done'], [4, 'done'], [5, 'done']);
    expect(numbers(tasks.startable(anything))).to.deep.equal([]);
  });
  it('that wait are cancelled at once, and given', () => {
    const tasks = picture();
    move(tasks, [1, 'done'], [2, 'running']);
    expect(numbers(tasks.cancelWaiting(9))).to.deep.equal([3, 4, 5]);
    expect(task(tasks, 5).state).to.deep.equal({ is: 'cancelled', until: 9 });
    expect(tasks.counts).to.deep.include({ waiting: 0, running: 1, cancelled: 3 });
  });
  it('fail for the reason of the first', () => {
    const tasks = picture();
    expect([tasks.failure, tasks.failedText()]).to.deep.equal([null, null]);
    tasks.move(task(tasks, 3), { is: 'failed', since: 1, until: 2, reason: 'Later.', lastLines: [] });
    tasks.move(task(tasks, 2), { is: 'failed', since: 1, until: 3, reason: 'No light.', lastLines: ['dark'] });
    expect(tasks.failure).to.deep.equal({ number: 2, task: 'room.a', reason: 'No light.', lastLines: ['dark'] });
    expect(tasks.failedText()).to.equal('room.a');
  });
  it('count as many as there are in each state, whatever is done', () => {
    const deed = fc.oneof(
      fc.tuple(fc.integer({ min: 1, max: 5 }), fc.constantFrom(...taskStates)).map((one) => (tasks: PlannedTasks) => {
        move(tasks, one);
      }),
      fc.constant((tasks: PlannedTasks) => void tasks.cancelWaiting(1)),
      fc.constant((tasks: PlannedTasks) => tasks.retry()),
    );
    fc.assert(
      fc.property(fc.array(deed, { maxLength: 30 }), (deeds) => {
        const tasks = picture();
        for (const act of deeds) act(tasks);
        expect(new PlannedTasks([...tasks.known()]).counts).to.deep.equal(tasks.counts);
      }),
    );
  });
});

describe('planned tasks that are tried again', () => {
  it('are those that failed or were cancelled, as if they never had; their attempts are counted on', () => {
    const tasks = picture();
    move(tasks, [1, 'done'], [2, 'failed'], [3, 'cancelled'], [4, 'cancelled'], [5, 'cancelled']);
    Object.assign(task(tasks, 2), { attempts: 7, failures: 3, lost: 2 });
    tasks.retry();
    expect(tasks.counts).to.deep.include({ done: 1, waiting: 4 });
    expect(task(tasks, 2)).to.deep.include({ attempts: 7, failures: 0, lost: 0 });
  });
  it('have what they need made again, where it was tidied away', () => {
    const tasks = picture();
    move(tasks, [1, 'done'], [2, 'done'], [3, 'done'], [4, 'done'], [5, 'failed']);
    tasks.retry();
    expect([1, 2, 3, 4, 5].map((number) => tasks.stateOf(number))).to.deep.equal([
      'done',
      'done',
      'waiting',
      'done',
      'waiting',
    ]);
    expect(numbers(tasks.startable(anything))).to.deep.equal([3]);
  });
});
