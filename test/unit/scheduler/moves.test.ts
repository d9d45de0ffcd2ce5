import { expect } from 'chai';
import { isEnded, type JobState, jobMoves } from '../../../src/model/job.ts';
import { type TaskState, taskMoves } from '../../../src/model/task.ts';
import { emptyFarm } from '../../../src/scheduler/farm.ts';
import { moveJob, moveTask } from '../../../src/scheduler/moves.ts';
import { commandJob, job, taskOf, taskPlan } from '../../support/jobs.ts';
import { jobStateExamples, taskStateExamples } from '../../support/states.ts';

/** Every pair of states of both tables, through the only doors by which a state changes. */

const may = (moves: readonly string[], to: string) => moves.includes(to);

describe('a move of a job', () => {
  const made = (state: JobState) => {
    const farm = emptyFarm();
    const moved = job(1, [taskPlan(1)], { state });
    farm.jobs.set(1, moved);
    if (state.is !== 'paused' && !isEnded(state)) farm.queue.add(moved);
    return { farm, moved };
  };

  for (const from of jobStateExamples) {
    for (const to of jobStateExamples) {
      if (may(jobMoves[from.is], to.is)) {
        it(`${from.is} > ${to.is} is kept, logged with its reason and told; the job is in the queue while it may run`, () => {
          const { farm, moved } = made(from);
          const orders = moveJob(farm, moved, to, 'the reason');
          expect(moved.state).to.deep.equal(to);
          expect(orders.map(({ order }) => order)).to.deep.equal(['keep', 'log', 'tell']);
          expect(orders[1]).to.include({ text: `job 1: ${from.is} > ${to.is} (the reason)` });
          expect([...farm.queue].includes(moved)).to.equal(to.is !== 'paused' && !isEnded(to));
        });
      } else {
        it(`${from.is} > ${to.is} cannot happen, and changes nothing`, () => {
          const { farm, moved } = made(from);
          const queue = [...farm.queue];
          const sentence = `Job 1 cannot go from ${from.is} to ${to.is} (the reason).`;
          expect(() => moveJob(farm, moved, to, 'the reason')).to.throw(Error, sentence);
          expect(moved.state).to.deep.equal(from);
          expect([...farm.queue]).to.deep.equal(queue);
        });
      }
    }
  }
});

describe('a move of a task', () => {
  /** The shortest way into each state. */
  const ways: Readonly<Record<TaskState['is'], readonly TaskState['is'][]>> = {
    waiting: [],
    running: ['running'],
    paused: ['running', 'paused'],
    done: ['running', 'done'],
    failed: ['running', 'failed'],
    cancelled: ['cancelled'],
  };
  const example = (is: TaskState['is']) => taskStateExamples.find((state) => state.is === is) as TaskState;
  const kinds = {
    'a planned job': () => job(1, [taskPlan(1)]),
    frames: () => commandJob(1, { frames: '1-3' }),
  };

  for (const [kind, make] of Object.entries(kinds)) {
    for (const from of taskStateExamples) {
      const made = () => {
        const owner = make();
        const task = taskOf(owner, 1);
        for (const is of ways[from.is]) moveTask(owner, task, example(is), 'on the way');
        return { owner, task };
      };
      for (const to of taskStateExamples) {
        if (may(taskMoves[from.is], to.is)) {
          it(`of ${kind}, ${from.is} > ${to.is}, is kept and told, and counted`, () => {
            const { owner, task } = made();
            const before = { ...owner.tasks.counts };
            const orders = moveTask(owner, task, to, 'the reason');
            expect(task.state).to.deep.equal(to);
            expect(orders[0]).to.deep.include({ order: 'keep', tasks: [task] });
            expect(orders.at(-1)?.order).to.equal('tell');
            expect(owner.tasks.counts[to.is]).to.equal(before[to.is] + 1);
            expect(owner.tasks.counts[from.is]).to.equal(before[from.is] - 1);
          });
        } else {
          it(`of ${kind}, ${from.is} > ${to.is}, cannot happen, and changes nothing`, () => {
            const { owner, task } = made();
            const before = { ...owner.tasks.counts };
            const sentence = `Task 1.1 cannot go from ${from.is} to ${to.is} (the reason).`;
            expect(() => moveTask(owner, task, to, 'the reason')).to.throw(Error, sentence);
            expect(task.state.is).to.equal(from.is);
            expect(owner.tasks.counts).to.deep.equal(before);
          });
        }
      }
    }
  }
});
