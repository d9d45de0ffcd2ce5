import { expect } from 'chai';
import { isEnded, type JobStateName, jobMoves, jobStates } from '../../../src/model/job.ts';
import { pictureJob } from '../../support/jobs.ts';
import { jobStateExamples } from '../../support/states.ts';

/** All moves that a job may make, and what makes it. Any other pair cannot happen. */
const moves: Readonly<Record<string, string>> = {
  'waiting > running': 'its first task starts',
  'waiting > paused': 'its user pauses it',
  'waiting > done': 'nothing is to be done: its pictures are up to date',
  'waiting > failed': 'what it needs is gone',
  'waiting > cancelled': 'its user cancels it',
  'running > waiting': 'its host is lost, and its tasks go back to the queue',
  'running > paused': 'its user pauses it',
  'running > done': 'its last task is done',
  'running > failed': 'a task fails',
  'running > cancelled': 'its user cancels it',
  'paused > waiting': 'its user resumes it',
  'paused > running': 'its user resumes it, and a task of it ran on',
  'paused > done': 'its last task had ended when it was paused',
  'paused > failed': 'a task had failed when it was paused',
  'paused > cancelled': 'its user cancels it',
  'failed > waiting': 'its user tries it again',
  'cancelled > waiting': 'its user tries it again',
};

const ended: readonly JobStateName[] = ['done', 'failed', 'cancelled'];

describe('the moves of a job', () => {
  for (const from of jobStates) {
    for (const to of jobStates) {
      const why = moves[`${from} > ${to}`];
      it(`${from} > ${to}: ${why ?? 'never'}`, () => {
        expect((jobMoves[from] as readonly string[]).includes(to)).to.equal(why !== undefined);
      });
    }
  }
  it('are named once each', () => {
    for (const from of jobStates) expect(new Set(jobMoves[from]).size).to.equal(jobMoves[from].length);
  });
  it('lead from every state to an end, or are at one', () => {
    for (const from of jobStates) {
      const reached = new Set<JobStateName>([from]);
      for (const state of reached) for (const next of jobMoves[state]) reached.add(next);
      expect(
        ended.some((state) => reached.has(state)),
        from,
      ).to.equal(true);
    }
  });
});

describe('a job', () => {
  for (const state of jobStateExamples) {
    const over = ended.includes(state.is);
    it(`that is ${state.is} has ${over ? '' : 'not '}ended`, () => {
      expect(isEnded(pictureJob(1, { state }).state)).to.equal(over);
      expect('finishedAt' in state).to.equal(over);
    });
  }
});
