import { expect } from 'chai';
import { Limits } from '../../../src/executor/limits.ts';
import { HandClock } from '../../support/executor.ts';

describe('the limits of a simulation', () => {
  let clock: HandClock;
  let exceeded: string[];
  let grows: boolean;
  const watch = (seconds: number | null, progressSeconds: number | null) =>
    new Limits(
      { seconds, progressSeconds },
      clock,
      () => grows,
      (sentence) => exceeded.push(sentence),
    );
  beforeEach(() => {
    clock = new HandClock();
    [exceeded, grows] = [[], false];
  });

  it('end what runs too long, once, and say which setting that is', () => {
    watch(30, 30);
    clock.pass(29_999);
    expect(exceeded).to.deep.equal([]);
    clock.pass(1);
    clock.pass(100_000);
    expect(exceeded).to.deep.equal([
      'It was ended because it ran longer than 30 seconds (limit of the job, or setting "limits.seconds").',
    ]);
  });

  it('end what says nothing for too long', () => {
    const limits = watch(null, 1);
    clock.pass(900);
    limits.heard();
    clock.pass(999);
    expect(exceeded).to.deep.equal([]);
    clock.pass(1);
    expect(exceeded).to.deep.equal([
      'It was ended because it said nothing and made no progress for 1 second (limit of the job, or setting "limits.progress").',
    ]);
  });

  it('take a file that grows for progress', () => {
    watch(null, 1);
    grows = true;
    clock.pass(1000);
    clock.pass(1000);
    expect(exceeded).to.deep.equal([]);
    grows = false;
    clock.pass(1000);
    expect(exceeded).to.have.length(1);
  });

  it('stand still while it is paused', () => {
    const limits = watch(10, 5);
    clock.pass(4000);
    limits.hold();
    limits.hold();
    clock.pass(1_000_000);
    limits.letGo();
    limits.letGo();
    clock.pass(999);
    expect(exceeded).to.deep.equal([]);
    limits.heard();
    clock.pass(4999);
    expect(exceeded).to.deep.equal([]);
    clock.pass(2);
    expect(exceeded.join()).to.match(/limits.progress|limits.seconds/);
  });

  it('are nothing where there are none, and over with the simulation', () => {
    watch(null, null);
    const limits = watch(1, 1);
    limits.end();
    limits.hold();
    limits.letGo();
    clock.pass(1e12);
    expect(exceeded).to.deep.equal([]);
  });

  it('do not mind that somebody sets the clock', () => {
    const limits = watch(10, 5);
    clock.pass(4000);
    clock.set(86_400_000);
    limits.heard();
    clock.pass(4000);
    clock.set(-30 * 86_400_000);
    limits.hold();
    clock.set(86_400_000);
    limits.letGo();
    expect(exceeded).to.deep.equal([]);
    clock.pass(2000);
    expect(exceeded).to.have.length(1);
  });

  it('may be longer than a timer of the system', () => {
    watch(40 * 86_400, null);
    for (let day = 1; day < 40; day++) clock.pass(86_400_000);
    expect(exceeded).to.deep.equal([]);
    clock.pass(86_400_000);
    expect(exceeded).to.have.length(1);
  });
});
