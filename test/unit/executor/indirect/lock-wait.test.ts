import { expect } from 'chai';
import { LockWait } from '../../../../src/executor/indirect/lock-wait.ts';
import { HandClock } from '../../../support/executor.ts';

describe('a program that waits for the lock of its ambient file', () => {
  let clock: HandClock;
  let keeper: string | null;
  let ended: number;
  const wait = () =>
    new LockWait(
      clock,
      () => keeper,
      () => (ended += 1),
    );
  const pass = (seconds: number) => {
    for (let passed = 0; passed < seconds; passed += 10) clock.pass(10_000);
  };

  beforeEach(() => {
    clock = new HandClock();
    [keeper, ended] = ['process 4711 (rpict)', 0];
  });

  it('is ended once when nobody has given it back for five minutes', () => {
    const lock = wait();
    pass(300);
    expect([ended, lock.why]).to.deep.equal([0, null]);
    pass(600);
    expect(ended).to.equal(1);
    expect(lock.why).to.equal(
      'It was ended because it waited 5 minutes for the lock of its ambient file, which process 4711 (rpict) holds.',
    );
  });

  it('begins anew when it has had it meanwhile', () => {
    wait();
    pass(290);
    keeper = null;
    pass(10);
    keeper = 'another simulation of this host';
    pass(300);
    expect(ended).to.equal(0);
    pass(10);
    expect(ended).to.equal(1);
  });

  it('is left alone while its disk does not say who keeps it', () => {
    const fails = (): never => {
      throw new Error('EIO');
    };
    const lock = new LockWait(clock, fails, () => (ended += 1));
    pass(600);
    expect([ended, lock.why]).to.deep.equal([0, null]);
  });

  it('is not looked at any more when it is over', () => {
    const lock = wait();
    lock.close();
    pass(600);
    expect(ended).to.equal(0);
  });
});
