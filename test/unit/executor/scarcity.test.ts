import { expect } from 'chai';
import { isScarcity, patiently } from '../../../src/executor/scarcity.ts';
import { Refusal } from '../../../src/model/refusal.ts';
import { HandClock } from '../../support/executor.ts';

const lacking = Object.assign(new Error('EMFILE: too many open files'), { code: 'EMFILE' });
const turn = () => new Promise((done) => setImmediate(done));

describe('what a host lacks for a moment', () => {
  it('is told from what is wrong', () => {
    expect(isScarcity(lacking)).to.equal(true);
    expect(isScarcity(new Refusal('not-ready', 'Try again.'))).to.equal(true);
    expect(isScarcity(new Refusal('no-such-project', 'No such project "x".'))).to.equal(false);
    expect(isScarcity(Object.assign(new Error('gone'), { code: 'ENOENT' }))).to.equal(false);
    expect(isScarcity('nonsense')).to.equal(false);
  });

  it('is waited for, and given up after half a minute', async () => {
    const clock = new HandClock();
    let tries = 0;
    const deed = () => {
      tries += 1;
      throw lacking;
    };
    const outcome = patiently(deed, clock, () => true).catch((error: Error) => error);
    for (let seconds = 0; seconds < 29; seconds++) {
      for (let half = 0; half < 2; half++) {
        await turn();
        clock.pass(500);
      }
    }
    await turn();
    expect(tries).to.equal(59);
    clock.pass(500);
    expect(await outcome).to.equal(lacking);
    expect(tries).to.equal(60);
  });

  it('is not waited for by whoever is to end, nor by what would never come', async () => {
    const clock = new HandClock();
    const fails = (error: Error) => () => {
      throw error;
    };
    expect(await patiently(fails(lacking), clock, () => false).catch((error: Error) => error)).to.equal(lacking);
    const gone = new Error('gone');
    expect(await patiently(fails(gone), clock, () => true).catch((error: Error) => error)).to.equal(gone);
  });
});
