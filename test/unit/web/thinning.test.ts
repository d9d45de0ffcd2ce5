import { expect } from 'chai';
import { hasEnded, waitBefore } from '../../../src/web/thinning.ts';
import { MemoryFarm } from '../../support/memory-farm.ts';

const view = new MemoryFarm().add({ state: 'running', progress: 0.1, secondsLeft: 100 });
const last = { view, at: 1000 };

describe('events of a job', () => {
  it('go at once when they are the first', () => {
    expect(waitBefore(view, null, 1000, 250)).to.equal(0);
  });

  it('wait out a quarter of a second when they tell of progress only', () => {
    const further = { ...view, progress: 0.2, secondsLeft: 90 };
    expect(waitBefore(further, last, 1000, 250)).to.equal(250);
    expect(waitBefore(further, last, 1100, 250)).to.equal(150);
    expect(waitBefore(further, last, 1250, 250)).to.equal(0);
    expect(waitBefore(further, last, 9999, 250)).to.equal(0);
  });

  it('go at once when anything else has changed', () => {
    for (const changed of [
      { ...view, state: 'done' as const },
      { ...view, tasks: { ...view.tasks, done: 1 } },
      { ...view, notes: ['x'] },
      { ...view, results: [{ path: 'a', bytes: 1, sha256: 'b' }] },
    ])
      expect(waitBefore(changed, last, 1001, 250)).to.equal(0);
  });

  it('end with the job', () => {
    const states = ['waiting', 'running', 'paused', 'done', 'failed', 'cancelled'] as const;
    expect(states.filter((state) => hasEnded({ ...view, state }))).to.deep.equal(['done', 'failed', 'cancelled']);
  });
});
