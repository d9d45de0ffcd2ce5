import { existsSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { top } from '../support/program.ts';
import { names } from './names.ts';
import { CANNOT, runLab, whyNot } from './run-lab.ts';

/** Ends what hangs; an idle machine needs two minutes to make the machines' disk once, and four for a run. */
const BUILD_SECONDS = 420;
const RUN_SECONDS = 900;

/** Two machines share a project over real NFS (test/lab/lab says how). One run, of which each line is a test. */
describe('on real NFS between two hosts', function () {
  this.timeout((BUILD_SECONDS + RUN_SECONDS) * 1000);
  let told: string[] = [];

  before(async function () {
    const built = await runLab('lab', BUILD_SECONDS, 'build');
    if (built.status === CANNOT) {
      console.log(`      skipped: no machines for NFS: ${whyNot(built)}`);
      this.skip();
    }
    expect(built.status, built.errors).to.equal(0);
    const node = dirname(realpathSync(process.execPath));
    const checks = '/rayserver/build/test/lab/checks.js';
    const ran = await runLab('lab', RUN_SECONDS + 30, 'run', String(RUN_SECONDS), top, node, '/node/node', checks);
    expect(ran.status, `${ran.output}${ran.errors}`).to.equal(0);
    told = ran.output.split(/\r?\n/);
  });

  for (const name of names) {
    it(name, function () {
      if (name.includes('rpict') && !existsSync(join(top, '.radiance/bin/rpict'))) {
        console.log('      skipped: the machines see the Radiance of scripts/setup only, not one in PATH');
        this.skip();
      }
      for (const host of ['c1', 'c2']) {
        const line = told.find((one) => one.includes(`ok ${name}`) && one.startsWith(host));
        expect(line, told.join('\n')).to.match(/^c[12]: ok /);
      }
    });
  }
});
