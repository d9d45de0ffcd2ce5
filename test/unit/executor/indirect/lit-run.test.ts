import { expect } from 'chai';
import { LitRun } from '../../../../src/executor/indirect/lit-run.ts';
import type { Ending, Run } from '../../../../src/executor/run.ts';
import { HandClock } from '../../../support/executor.ts';

type Deed = () => void | Promise<void>;

/** A program whose signals are written down, and a passage whose lock comes when it is told to. */
class Bench {
  readonly seen: string[] = [];
  readonly clock = new HandClock();
  readonly waiting: { manner: string; come: () => void; fail: () => void; isWanted: () => boolean }[] = [];
  stands = false;
  end: () => void = () => {};
  readonly run: LitRun;

  constructor() {
    const ended = new Promise<Ending>((settle) => {
      this.end = () => settle({ exit: 0, signal: null, lost: false, outOfMemory: false, usage: null });
    });
    const note = (what: string) => () => void this.seen.push(what);
    const run: Run = {
      pid: 7,
      ended,
      stop: (how) => {
        this.seen.push(how);
        this.end();
      },
      pause: note('paused'),
      resume: note('resumed'),
    };
    const alone = async (deed: Deed, manner = 'end', isWanted = () => true) => {
      await new Promise<void>((come, fail) => {
        this.waiting.push({ manner, come, fail: () => fail(new Error('EIO')), isWanted });
      });
      if (isWanted()) await deed();
      this.seen.push('unlocked');
    };
    this.run = new LitRun(run, { alone }, this.clock, () => this.stands);
  }

  /** All that can happen now has happened. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
  }

  async lock(): Promise<void> {
    await this.settle();
    this.waiting.shift()?.come();
    await this.settle();
  }
}

describe('a program that shares an ambient file', () => {
  let bench: Bench;
  beforeEach(() => {
    bench = new Bench();
  });

  it('is killed only when the lock is there, and keeps it until it is gone', async () => {
    bench.run.stop();
    await bench.settle();
    expect(bench.seen).to.deep.equal([]);
    await bench.lock();
    expect(bench.seen).to.deep.equal(['at once', 'unlocked']);
    await bench.run.ended;
  });

  it('is paused under the lock, which lasts until it stands still', async () => {
    bench.run.pause();
    await bench.lock();
    expect(bench.seen).to.deep.equal(['paused']);
    bench.clock.pass(2);
    await bench.settle();
    expect(bench.seen).to.deep.equal(['paused']);
    bench.stands = true;
    bench.clock.pass(2);
    await bench.settle();
    expect(bench.seen).to.deep.equal(['paused', 'unlocked']);
  });

  it('that is let go before its pause had its lock is not paused', async () => {
    bench.run.pause();
    await bench.settle();
    bench.run.resume();
    expect(bench.waiting[0]?.isWanted()).to.equal(false);
    await bench.lock();
    expect(bench.seen).to.deep.equal(['resumed', 'unlocked']);
  });

  it('that is let go while it comes to stand still gives up the lock', async () => {
    bench.run.pause();
    await bench.lock();
    bench.run.resume();
    bench.clock.pass(2);
    await bench.settle();
    expect(bench.seen).to.deep.equal(['paused', 'resumed', 'unlocked']);
  });

  it('is ended though a pause waits: that is not wanted any more, and goes first', async () => {
    bench.run.pause();
    await bench.settle();
    bench.run.stop();
    expect(bench.waiting.map(({ manner }) => manner)).to.deep.equal(['pause']);
    expect(bench.waiting[0]?.isWanted()).to.equal(false);
    await bench.lock();
    await bench.lock();
    expect(bench.seen).to.deep.equal(['unlocked', 'at once', 'unlocked']);
  });

  it('is ended without the lock where that fails', async () => {
    bench.run.stop();
    await bench.settle();
    bench.waiting.shift()?.fail();
    await bench.settle();
    expect(bench.seen).to.deep.equal(['at once']);
    await bench.run.ended;
  });

  it('that has ended is neither paused nor killed: another may have its number', async () => {
    bench.run.pause();
    await bench.settle();
    bench.end();
    await bench.run.ended;
    bench.run.stop();
    await bench.lock();
    expect(bench.seen).to.deep.equal(['unlocked']);
    expect(bench.waiting).to.deep.equal([]);
  });
});
