import { expect } from 'chai';
import { GateError, Patience, Queue } from '../../../src/ambient/waiting.ts';
import { HandClock } from '../../support/executor.ts';

/** Lets everything that can go on do so. */
const settle = () => new Promise<void>((done) => setImmediate(done));

describe('patience', () => {
  it('tries at once, and then ever more seldom, until it comes true', async () => {
    const clock = new HandClock();
    const tries: number[] = [];
    const waiting = new Patience(clock, 1000).until(() => tries.push(clock.passed()) === 8);
    for (let passed = 0; passed < 300; passed += 1) {
      await settle();
      clock.pass(1);
    }
    expect(await waiting).to.equal(true);
    expect(tries).to.deep.equal([0, 1, 3, 7, 15, 31, 63, 103]);
  });

  it('ends with its time, of all waits together', async () => {
    const clock = new HandClock();
    const patience = new Patience(clock, 10);
    const first = patience.until(() => clock.passed() >= 7);
    const step = async () => {
      await settle();
      clock.pass(1);
    };
    for (let passed = 0; passed < 7; passed += 1) await step();
    expect(await first).to.equal(true);
    const second = patience.until(() => false);
    for (let passed = 0; passed < 3; passed += 1) await step();
    expect(await second).to.equal(false);
  });

  it('ends when nobody wants to wait any more, even if it would come true', async () => {
    const error = await new Patience(new HandClock(), 10, () => true).until(() => true).catch((reason) => reason);
    expect(error).to.be.instanceOf(GateError);
    expect(error.why).to.equal('given up');
  });
});

describe('a queue', () => {
  it('lets one after another do his deed, in order, whatever becomes of it; those of other names do not wait', async () => {
    const queue = new Queue();
    const seen: string[] = [];
    const { promise, resolve } = Promise.withResolvers<void>();
    const first = queue.in('a', async () => {
      await promise;
      seen.push('first');
      throw new Error('failed');
    });
    const second = queue.in('a', async () => seen.push('second'));
    await queue.in('b', async () => seen.push('other'));
    resolve();
    expect(await first.catch((error: Error) => error.message)).to.equal('failed');
    expect(await second).to.equal(3);
    expect(seen).to.deep.equal(['other', 'first', 'second']);
  });
});
