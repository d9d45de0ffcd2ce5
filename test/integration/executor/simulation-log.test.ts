import { constants, existsSync, openSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { SimulationLog } from '../../../src/executor/simulation-log.ts';
import { temporary } from '../../support/executor.ts';
import { waitUntil } from '../../support/wait-until.ts';

describe('the log of a simulation', () => {
  let base: ReturnType<typeof temporary>;
  let made: number;
  const path = () => join(base.path, 'log');
  const make = () => {
    made += 1;
    return openSync(path(), constants.O_RDWR | constants.O_CREAT | constants.O_EXCL);
  };
  const written = () => readFileSync(path(), 'utf8');
  beforeEach(() => {
    base = temporary('log');
    made = 0;
  });
  afterEach(() => base[Symbol.dispose]());

  it('is made and written at its end where there is little to say', async () => {
    const log = new SimulationLog(make, 4096);
    await log.write('# head\n');
    await log.write(Buffer.from('said\n'));
    expect(existsSync(path())).to.equal(false);
    await log.close('# done\n');
    expect(written()).to.equal('# head\nsaid\n# done\n');
    expect([made, log.problem]).to.deep.equal([1, null]);
  });

  it('can be read while it grows, once it is open', async () => {
    const log = new SimulationLog(make, 4096);
    void log.write('# head\n');
    log.open();
    log.open();
    await waitUntil('the head', () => written() === '# head\n');
    await log.write('said\n');
    expect(written()).to.equal('# head\nsaid\n');
    await log.close('# done\n');
    expect(written()).to.equal('# head\nsaid\n# done\n');
    expect(made).to.equal(1);
  });

  it('is made early where there is much to say, and keeps the beginning and the end', async () => {
    const log = new SimulationLog(make, 4096);
    await log.write('# head\n');
    for (let line = 0; line < 1000; line++) await log.write(`line ${line}\n`);
    expect(existsSync(path())).to.equal(true);
    await log.close('# done\n');
    expect(written().length).to.be.at.most(4096);
    expect(written()).to.match(
      /^# head\nline 0\n[\s\S]*\n\.\.\. \d+ bytes left out \.\.\.\nline [\s\S]*\nline 999\n# done, \d+ bytes left out after byte \d+\n$/,
    );
  });

  it('that has no room left for its end leaves something out for it, and notes that', async () => {
    for (const room of [0, 7, 50, 200]) {
      const log = new SimulationLog(make, 4096);
      log.open();
      await log.write(`${'x'.repeat(31)}\n`.repeat(128).slice(room));
      await log.close('# done\n');
      expect(written().length).to.be.at.most(4096);
      expect(written()).to.match(room === 200 ? /x\n# done\n$/ : /x\n# done, \d{4} bytes left out after byte \d+\n$/);
      rmSync(path());
    }
  });

  it('with more in one piece than it may hold is cut, too', async () => {
    const log = new SimulationLog(make, 4096);
    await log.write(`${'x'.repeat(99)}\n`.repeat(100));
    await log.close('# done\n');
    expect(written().length).to.be.at.most(4096);
    expect(written()).to.match(/bytes left out/);
  });

  it('that cannot be made, or not be written, says why and takes no more', async () => {
    const full = () => openSync('/dev/full', 'r+');
    for (const open of [false, true]) {
      const log = new SimulationLog(full, 4096);
      await log.write('# head\n');
      if (open) log.open();
      await log.write('said\n');
      await log.close('# done\n');
      expect(log.problem?.code).to.equal('ENOSPC');
    }
    const log = new SimulationLog(() => openSync(join(base.path, 'none/log'), 'w'), 4096);
    await log.write('# head\n');
    log.open();
    await log.write('said\n');
    await log.close('# done\n');
    expect(log.problem?.code).to.equal('ENOENT');
  });
});
