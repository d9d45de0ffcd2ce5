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

  it('has the last two thousand lines of a portion understood, each whole, whatever ends them', async () => {
    const log = new SimulationLog(() => 0, 0);
    log.write = () => Promise.resolve();
    class Leaping extends HandClock {
      override passed(): number {
        this.pass(1000);
        return super.passed();
      }
    }
    const percents = Array.from({ length: 5000 }, (_, line) => line % 100);
    for (const end of ['\n', '\r\n', '\r']) {
      const told: number[] = [];
      const output = new Output({ program: 'turns', step: 'frame' }, log, new Leaping(), (f) => told.push(f));
      await output.hear('out', Buffer.from('ä begun 1'));
      await output.hear('out', Buffer.from(`${percents.map((percent) => `${percent} %${end}`).join('')}the`));
      await output.hear('out', Buffer.from(` end${end}`));
      expect(told).to.deep.equal(percents.slice(-2000).map((percent) => percent / 100));
      expect(output.lastLines()).to.deep.equal(['the end']);
    }
  });

  it('shows the last twenty lines, and no more of each than a thousand characters', async () => {
    const log = new SimulationLog(() => 0, 0);
    log.write = () => Promise.resolve();
    const output = new Output({ program: 'turns', step: 'frame' }, log, new HandClock(), () => {});
    for (let line = 1; line <= 73; line++) {
      await output.hear('err', Buffer.from(`${line} ${'x'.repeat(2000)}\n`));
      expect(output.lastLines().length).to.equal(Math.min(line, 20));
    }
    expect(output.lastLines().map((line) => [Number.parseInt(line, 10), line.length])).to.deep.equal(
      Array.from({ length: 20 }, (_, index) => [54 + index, 1000]),
    );
  });
});
