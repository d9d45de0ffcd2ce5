import { existsSync, realpathSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { runCommand, top } from '../support/program.ts';
import { skip } from '../support/skip.ts';
import { packaged, systemd, sysv } from './boot/names.ts';
import { CANNOT, runLab, whyNot } from './run-lab.ts';

/** Enough for a slow mirror and a busy machine; a third of it is never needed. */
const BUILD_SECONDS = 420;
const RUN_SECONDS = 600;

/** Two, so that one can take the other's place. */
async function makePackages(): Promise<void> {
  const to = join(top, 'build/lab');
  rmSync(to, { recursive: true, force: true });
  for (const revision of ['1', '2']) {
    const words = ['--deb', '--fast', '--revision', revision, '--to', to];
    const made = await runCommand(join(top, 'scripts/package'), words, { milliseconds: BUILD_SECONDS * 1000 });
    expect(made.status, made.stdout + made.stderr).to.equal(0);
  }
}

/**
 * Debian boots, with systemd and with sysvinit (test/lab/boot/lab says how), and the program comes and goes with it as its
 * package has laid it out. One run for each part, of which each line is a test.
 */
describe('on a machine that boots', function () {
  this.timeout((BUILD_SECONDS + RUN_SECONDS) * 1000);

  before(async function () {
    if (!existsSync(join(top, '.radiance/bin/rpict'))) skip(this, 'the guests see the Radiance of scripts/setup only');
    const built = await runLab('boot/lab', BUILD_SECONDS, 'build');
    if (built.status === CANNOT) skip(this, `no guests that boot: ${whyNot(built)}`);
    expect(built.status, built.errors).to.equal(0);
    await makePackages();
  });

  for (const [title, kind, script, names] of [
    ['with systemd', 'systemd', 'systemd', systemd],
    ['with sysvinit', 'sysv', 'sysv', sysv],
    ['and its package, with systemd', 'systemd', 'package', packaged],
    ['and its package, with sysvinit', 'sysv', 'package', packaged],
  ] as const) {
    describe(title, () => {
      let told = '';
      before(async () => {
        const node = dirname(realpathSync(process.execPath));
        const checks = ['/node/node', `/rayserver/build/test/lab/boot/${script}.js`];
        const ran = await runLab('boot/lab', RUN_SECONDS + 30, 'run', kind, String(RUN_SECONDS), top, node, ...checks);
        told = ran.output;
        expect(ran.status, `${ran.output}${ran.errors}`).to.equal(0);
        for (const [, figure] of told.matchAll(/^# (.* MB|.* to serving.*)$/gm)) console.log(`      ${figure}`);
      });

      for (const name of names) {
        it(name, () => {
          const line = told.split('\n').find((one) => one.startsWith(`ok ${name} (`));
          expect(line, told).to.be.a('string');
        });
      }
    });
  }
});
