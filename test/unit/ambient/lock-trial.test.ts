import { expect } from 'chai';
import { tryLocks, type Verdict } from '../../../src/ambient/lock-trial.ts';
import { HandClock } from '../../support/executor.ts';
import { good, ProbeChildren, type Script } from '../../support/probe-children.ts';

const hanging: Script = { says: ['started'], ends: false, obeys: false };

describe('a trial of file locks', () => {
  /** Time passes as long as the trial waits for it. */
  const trial = async (children: ProbeChildren): Promise<Verdict> => {
    const clock = new HandClock();
    let verdict: Verdict | null = null;
    const over = tryLocks('/proj', children.start, clock).then((settled) => {
      verdict = settled;
    });
    for (let turns = 0; verdict === null && turns < 1000; turns++) {
      await new Promise(setImmediate);
      clock.pass(1000);
    }
    await over;
    return verdict ?? 'gone';
  };

  it('is passed where the second process is refused what the first one holds', async () => {
    const children = new ProbeChildren();
    expect(await trial(children)).to.equal('refused');
    expect(children.seen).to.deep.equal(['hold', 'try', 'KILL try', 'TERM hold']);
  });

  it('is failed where both get the lock', async () => {
    const both: Script = { says: ['started', 'obtained'], ends: true, obeys: true };
    expect(await trial(new ProbeChildren({ ...good, try: both }))).to.equal('obtained');
  });

  for (const verb of ['hold', 'try']) {
    it(`waits no longer than its patience for "${verb}", kills both and removes the file`, async () => {
      const children = new ProbeChildren({ ...good, [verb]: hanging });
      expect(await trial(children)).to.equal('silent');
      expect(children.seen).to.include(`KILL ${verb}`);
      if (verb === 'hold') expect(children.seen).to.deep.equal(['hold', 'KILL hold', 'remove', 'KILL remove']);
    });
  }

  it('waits for no child that outlives its KILL, also where removing hangs', async () => {
    const children = new ProbeChildren({ hold: hanging, remove: hanging });
    expect(await trial(children)).to.equal('silent');
    expect(children.seen).to.deep.equal(['hold', 'KILL hold', 'remove', 'KILL remove']);
  });

  it('kills a holder that does not end when it is asked to, and removes its file', async () => {
    const deaf: Script = { says: ['started', 'held'], ends: false, obeys: false };
    const children = new ProbeChildren({ ...good, hold: deaf });
    expect(await trial(children)).to.equal('refused');
    expect(children.seen.slice(3)).to.deep.equal(['TERM hold', 'KILL hold', 'remove', 'KILL remove']);
  });

  it('gives a slow start more time than a slow answer', async () => {
    const clock = new HandClock();
    const unborn: Script = { says: [], ends: false, obeys: true };
    const children = new ProbeChildren({ ...good, hold: unborn });
    let over = false;
    const verdict = tryLocks('/proj', children.start, clock).then((settled) => {
      over = true;
      return settled;
    });
    await new Promise(setImmediate);
    clock.pass(29_000);
    await new Promise(setImmediate);
    expect(over).to.equal(false);
    clock.pass(1000);
    expect(await verdict).to.equal('silent');
  });

  it('says why the first process got no lock; it has removed the file itself', async () => {
    const failed: Script = { says: ['started', 'failed ENOLCK'], ends: true, obeys: true };
    const children = new ProbeChildren({ ...good, hold: failed });
    expect(await trial(children)).to.equal('failed ENOLCK');
    expect(children.seen).to.deep.equal(['hold', 'KILL hold']);
  });

  it('takes words that it does not know, and a sudden end, for no answer', async () => {
    for (const says of [[], ['nonsense'], ['started', 'perhaps']]) {
      const odd: Script = { says, ends: true, obeys: true };
      expect(await trial(new ProbeChildren({ ...good, hold: odd })), says.join()).to.equal('gone');
    }
  });
});
