import { expect } from 'chai';
import fc from 'fast-check';
import type { Job } from '../../../src/model/job.ts';
import { freshTask, taskProgress } from '../../../src/model/planned-tasks.ts';
import { jobProgress, secondsLeft, summaryOf } from '../../../src/model/progress.ts';
import type { TaskState } from '../../../src/model/task.ts';
import { commandJob, job, taskOf, taskPlan } from '../../support/jobs.ts';
import { jobStateExamples, taskStateExamples } from '../../support/states.ts';

const running = (fraction: number): TaskState => ({ is: 'running', host: 'sun', since: 0, pid: 1, fraction });
const done: TaskState = { is: 'done', since: 0, until: 1, results: [], skipped: false, warnings: [] };
const waiting: TaskState = { is: 'waiting' };

/** A job that has run since the time 0, of tasks given as weight and state. */
function running0(...parts: readonly (readonly [weight: number, state: TaskState])[]): Job {
  const made = job(
    1,
    parts.map(([weight], index) => taskPlan(index + 1, { weight })),
    { state: { is: 'running', startedAt: 0 } },
  );
  for (const [index, [, state]] of parts.entries()) made.tasks.move(taskOf(made, index + 1), state);
  return made;
}

describe('the progress of a task', () => {
  for (const state of taskStateExamples) {
    const expected = { waiting: 0, running: 0.25, paused: 0.5, done: 1, failed: 0, cancelled: 0 }[state.is];
    it(`is ${expected} when it is ${state.is}`, () => {
      expect(taskProgress({ ...freshTask(taskPlan(1)), state })).to.equal(expected);
    });
  }
});

describe('the progress of a job', () => {
  it('is that of its tasks, by their share of the work', () => {
    expect(jobProgress(running0([1, done], [3, waiting]))).to.equal(0.25);
    expect(jobProgress(running0([1, done], [2, running(0.5)], [1, waiting]))).to.equal(0.5);
    expect(jobProgress(running0([0, waiting], [8, done]))).to.equal(1);
  });
  it('is none without tasks, or without work', () => {
    expect(jobProgress(running0())).to.equal(0);
    expect(jobProgress(running0([0, running(0.5)]))).to.equal(0);
  });
  it('is whole when it is done, even if nothing was to be done', () => {
    const state = { is: 'done', startedAt: null, finishedAt: 9, reason: null } as const;
    expect(jobProgress(job(1, [], { state }))).to.equal(1);
    expect(jobProgress(job(1, [taskPlan(1)], { state }))).to.equal(1);
  });
  it('keeps what was done of a job that failed', () => {
    const failed = running0([1, done], [1, waiting]);
    failed.state = { is: 'failed', startedAt: 0, finishedAt: 9, reason: 'No light.', lastLines: [] };
    expect(jobProgress(failed)).to.equal(0.5);
  });
  it('lies between 0 and 1, and never falls when a task goes on', () => {
    const fraction = fc.double({ min: 0, max: 1, noNaN: true });
    const weight = fc.double({ min: 0, max: 1e6, noNaN: true });
    fc.assert(
      fc.property(fc.array(fc.tuple(weight, fraction), { minLength: 1, maxLength: 6 }), fraction, (parts, other) => {
        const made = running0(...parts.map(([share, part]) => [share, running(part)] as const));
        const before = jobProgress(made);
        expect(before).to.be.within(0, 1 + 1e-9);
        const first = taskOf(made, 1);
        made.tasks.move(first, running(Math.max(taskProgress(first), other)));
        expect(jobProgress(made)).to.be.at.least(before - 1e-9);
      }),
    );
  });
});

describe('the seconds left', () => {
  const at = (progress: number) => ({ progress, state: { is: 'running', startedAt: 0 } as const });

  it('follow from the time so far', () => {
    expect(secondsLeft(at(0.25), 10_000)).to.equal(30);
    expect(secondsLeft(at(0.5), 90_000)).to.equal(90);
  });
  it('are whole seconds', () => {
    expect(secondsLeft(at(0.75), 10_000)).to.equal(3);
  });
  it('are not guessed in the first second, or before two hundredths are done', () => {
    expect(secondsLeft(at(0.25), 999)).to.equal(null);
    expect(secondsLeft(at(0.25), 1000)).to.equal(3);
    expect(secondsLeft(at(0.0199), 60_000)).to.equal(null);
    expect(secondsLeft(at(0.02), 60_000)).to.equal(2940);
  });
  it('are not guessed when the clock was set back', () => {
    expect(secondsLeft(at(0.25), -60_000)).to.equal(null);
  });
  it('are none at the end', () => {
    expect(secondsLeft(at(1), 60_000)).to.equal(0);
  });
  for (const state of jobStateExamples.filter(({ is }) => is !== 'running')) {
    const expected = 'finishedAt' in state ? 0 : null;
    it(`are ${expected ?? 'unknown'} when the job is ${state.is}`, () => {
      expect(secondsLeft({ progress: 0.25, state }, 60_000)).to.equal(expected);
    });
  }
});

describe('the summary of a job', () => {
  const ended = (path: string, ...warnings: string[]): TaskState => {
    return { ...done, results: [{ path, bytes: 7, sha256: 'ab' }], warnings };
  };

  it('is its head, and what its tasks come to', () => {
    const made = running0([1, ended('a.hdr', 'dark', 'noisy')], [1, running(0.5)], [2, ended('b.hdr')]);
    const { tasks, ...head } = made;
    expect(summaryOf(made)).to.deep.equal({
      ...head,
      counts: { total: 3, waiting: 0, running: 1, paused: 0, done: 2, failed: 0, cancelled: 0 },
      progress: 0.875,
      results: [
        { path: 'a.hdr', bytes: 7, sha256: 'ab' },
        { path: 'b.hdr', bytes: 7, sha256: 'ab' },
      ],
      warnings: ['room.v1: dark', 'room.v1: noisy'],
    });
    expect(tasks.total).to.equal(3);
  });
  it('counts by state, and whole', () => {
    const parts = [...taskStateExamples, done, waiting, waiting].map((state) => [1, state] as const);
    expect(summaryOf(running0(...parts)).counts).to.deep.equal({
      total: 9,
      waiting: 3,
      running: 1,
      paused: 1,
      done: 2,
      failed: 1,
      cancelled: 1,
    });
  });
  it('stays as it is when the job goes on', () => {
    const made = commandJob(1);
    const before = summaryOf(made);
    made.tasks.move(taskOf(made, 1), running(0.5));
    expect(before.counts.waiting).to.equal(5);
    expect(summaryOf(made)).to.deep.include({ progress: 0.1, results: [], warnings: [] });
  });
});
