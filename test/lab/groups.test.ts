import { existsSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { top } from '../support/program.ts';
import { names } from './group-names.ts';
import { CANNOT, runLab, whyNot } from './run-lab.ts';

/** Ends what hangs; an idle machine needs less than a minute for the disk, once, and for a run. */
const BUILD_SECONDS = 420;
const RUN_SECONDS = 240;

/** Limits and shares of whole simulations, by control groups (test/lab/lab says how). One run, of which each line is a test. */
describe('on a kernel whose controllers are to be had', function () {
  this.timeout((BUILD_SECONDS + RUN_SECONDS) * 1000);
  let told: string[] = [];

  before(async function () {
    const built = await runLab('lab', BUILD_SECONDS, 'build');
    if (built.status === CANNOT) {
      console.log(`      skipped: no machine with controllers: ${whyNot(built)}`);
      this.skip();
    }
    expect(built.status, built.errors).to.equal(0);
    const node = dirname(realpathSync(process.execPath));
    const checks = '/rayserver/build/test/lab/group-checks.js';
    const ran = await runLab('lab', RUN_SECONDS + 30, 'alone', String(RUN_SECONDS), top, node, '/node/node', checks);
    expect(ran.status, `${ran.output}${ran.errors}`).to.equal(0);
    told = ran.output.split(/\r?\n/);
  });

  for (const name of names) {
    it(name, function () {
      if (name.includes('planned') && !existsSync(join(top, '.radiance/bin/rad'))) {
        console.log('      skipped: the machine sees the Radiance of scripts/setup only, not one in PATH');
        this.skip();
      }
      expect(
        told.find((line) => line.includes(`ok ${name}`)),
        told.join('\n'),
      ).to.match(/^ok /);
    });
  }
});
