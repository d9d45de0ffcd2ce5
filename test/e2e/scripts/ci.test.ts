import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { runCommand, temporaryDirectory, top } from '../../support/program.ts';

describe('.ci/run', () => {
  let place: { path: string; remove: () => void };
  beforeEach(() => {
    place = temporaryDirectory();
    for (const directory of ['.ci', 'scripts']) mkdirSync(join(place.path, directory));
    cpSync(join(top, '.ci/run'), join(place.path, '.ci/run'));
  });
  afterEach(() => place.remove());

  async function run(test: string): Promise<[number | null, string | undefined]> {
    writeFileSync(join(place.path, 'scripts/test'), `#!/bin/sh\n${test}\n`, { mode: 0o755 });
    const { status, stdout } = await runCommand(join(place.path, '.ci/run'), []);
    return [status, stdout.trimEnd().split('\n').at(-1)];
  }

  it('ends with the counts of the runner, and with its status', async () => {
    const counts = "printf '  712 passing (4m)\\n  3 pending\\n'";
    expect(await run(`[ $# = 0 ] && ${counts}; exit 0`)).to.deep.equal([0, '712 passed, 0 failed, 3 skipped']);
    expect(await run(`${counts}; echo '  2 failing'; exit 2`)).to.deep.equal([2, '712 passed, 2 failed, 3 skipped']);
  });

  it('goes on with real NFS where all others pass, and counts both', async () => {
    const lab = '[ "$*" = \'--config test/lab/mocharc.json\' ]';
    const both = `if ${lab}; then printf '  8 passing\\n  1 failing\\n'; exit 1; else echo '  712 passing'; fi`;
    expect(await run(both)).to.deep.equal([1, '720 passed, 1 failed, 0 skipped']);
  });

  it('fails where not even the tests start', async () => {
    expect(await run('echo "setup: \\"cc\\" is missing." >&2; exit 1')).to.deep.equal([
      1,
      '0 passed, 0 failed, 0 skipped',
    ]);
  });
});
