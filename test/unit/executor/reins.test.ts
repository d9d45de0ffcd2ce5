import { expect } from 'chai';
import { Reins } from '../../../src/executor/reins.ts';
import type { Ending, Run } from '../../../src/executor/run.ts';

/** A run that notes what is done to it. */
function paperRun() {
  const done: string[] = [];
  const { promise, resolve } = Promise.withResolvers<Ending>();
  const run: Run = {
    pid: 7,
    ended: promise,
    stop: (how) => done.push(`stop ${how}`),
    pause: () => done.push('pause'),
    resume: () => done.push('resume'),
  };
  return { run, done, end: () => resolve({ exit: 0, signal: null, lost: false, outOfMemory: false, usage: null }) };
}

const turn = () => new Promise((done) => setImmediate(done));

describe('the reins of a simulation', () => {
  it('hold what runs and let it go, once each', async () => {
    const { run, done, end } = paperRun();
    const reins = new Reins('gently');
    const over = reins.follow(run);
    reins.letGo();
    reins.hold();
    reins.hold();
    reins.letGo();
    reins.letGo();
    expect(done).to.deep.equal(['pause', 'resume']);
    end();
    expect((await over).exit).to.equal(0);
    reins.hold();
    expect(done).to.have.length(2);
  });

  it('hold a program that starts only then', () => {
    const { run, done } = paperRun();
    const reins = new Reins('gently');
    reins.hold();
    void reins.follow(run);
    expect(done).to.deep.equal(['pause']);
  });

  it('keep the next step waiting until they are let go', async () => {
    const reins = new Reins('gently');
    let free = false;
    reins.hold();
    void reins.free().then(() => {
      free = true;
    });
    await turn();
    expect(free).to.equal(false);
    reins.letGo();
    await turn();
    expect(free).to.equal(true);
  });

  it('end what is held: it is let go, so that it hears of its end', async () => {
    const { run, done } = paperRun();
    const reins = new Reins('gently');
    void reins.follow(run);
    reins.hold();
    reins.end();
    reins.end();
    expect(done).to.deep.equal(['pause', 'stop gently', 'resume']);
    expect([reins.held, reins.ending]).to.deep.equal([false, true]);
    await reins.free();
  });

  it('do not hold what is being ended', () => {
    const { run, done } = paperRun();
    const reins = new Reins('at once');
    reins.end();
    reins.hold();
    void reins.follow(run);
    expect(done).to.deep.equal(['stop at once']);
    expect(reins.held).to.equal(false);
  });
});
