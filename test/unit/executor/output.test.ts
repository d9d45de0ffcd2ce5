import { expect } from 'chai';
import { Output } from '../../../src/executor/output.ts';
import { SimulationLog } from '../../../src/executor/simulation-log.ts';
import { HandClock } from '../../support/executor.ts';

describe('the output of a program', () => {
  it('is not understood line by line where it is a flood of tiny ones, but its end is', async () => {
    const said: Buffer[] = [];
    const log = new SimulationLog(() => 0, 0);
    log.write = (bytes) => Promise.resolve(void said.push(Buffer.from(bytes)));
    let looks = 0;
    class Watched extends HandClock {
      override passed(): number {
        looks += 1;
        return super.passed();
      }
    }
    const told: number[] = [];
    const output = new Output({ program: 'turns', step: 'frame' }, log, new Watched(), (f) => told.push(f));
    const flood = Buffer.from(`${'7 %\r'.repeat(16_000)}the end\n`);
    await output.hear('err', flood);
    expect(looks).to.be.within(1, 2000);
    expect(told).to.deep.equal([0.07]);
    expect(output.lastLines()).to.deep.equal(['the end']);
    expect(Buffer.concat(said)).to.deep.equal(flood);
  });
});
