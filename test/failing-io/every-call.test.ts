import { join } from 'node:path';
import { expect } from 'chai';
import { type FailingStage, makeFailingStage } from '../support/failing-io/failing-stage.ts';
import { type Fault, type Faults, firstOf } from '../support/failing-io/faults.ts';
import { Trials } from '../support/failing-io/trials.ts';
import { litter } from '../support/torture/checks.ts';
import type { Stage } from '../support/torture/stage.ts';

/**
 * A small job, again and again; each time another call on a file of the home or the project fails, in the server or in
 * procwrap. `EVERY=1` takes every call (`npm run test:torture`), otherwise only every seventh.
 */
const every = Number(process.env['EVERY'] ?? 7);
/** For the rest of the run, until somebody is told. */
const onAndOn = 1_000_000;
const kinds: Pick<Fault, 'role' | 'call' | 'error' | 'times'>[] = [
  { role: 'server', call: 'write', error: 'EIO', times: 1 },
  { role: 'server', call: 'write', error: 'ENOSPC', times: 1 },
  { role: 'server', call: 'write', error: 'short', times: 1 },
  { role: 'server', call: 'sync', error: 'EIO', times: 1 },
  { role: 'server', call: 'sync', error: 'ENOSPC', times: 1 },
  { role: 'procwrap', call: 'write', error: 'EIO', times: 1 },
  { role: 'procwrap', call: 'write', error: 'ENOSPC', times: 1 },
  { role: 'procwrap', call: 'write', error: 'short', times: 1 },
  { role: 'procwrap', call: 'sync', error: 'EIO', times: 1 },
  { role: 'procwrap', call: 'rename', error: 'EIO', times: 1 },
  { role: 'procwrap', call: 'rename', error: 'ENOSPC', times: 1 },
  { role: 'procwrap', call: 'open', error: 'EMFILE', times: 1 },
  { role: 'procwrap', call: 'open', error: 'EIO', times: 1 },
  { role: 'server', call: 'write', error: 'ENOSPC', times: onAndOn },
  { role: 'server', call: 'sync', error: 'EIO', times: onAndOn },
  { role: 'procwrap', call: 'write', error: 'ENOSPC', times: onAndOn },
  // Not on and on: procwrap itself waits half a minute for descriptors.
  { role: 'procwrap', call: 'open', error: 'EMFILE', times: 3 },
];
/** More calls than any such run makes. */
const most = 1000;

describe('a call that fails', function () {
  this.timeout(900_000);
  let failing: FailingStage | undefined;
  let stage: Stage;
  let trials: Trials;
  let faults: Faults;

  before(async function () {
    const kept = ['config', 'data', 'run', 'state'];
    failing = await makeFailingStage(this, ({ lab, project }) => [
      ...kept.map((name) => join(lab.home, name)),
      project,
    ]);
    ({ stage, faults } = failing);
    trials = new Trials(stage, faults);
    await trials.start();
  });
  after(() => failing?.close());

  for (const kind of kinds) {
    const { role, call, error, times } = kind;
    const often = times === 1 ? 'once' : times === onAndOn ? 'on and on' : `${times} in a row`;
    it(`in ${role}, ${call} with ${error}, ${often}: the job ends whole, or it is said why not`, async () => {
      const wrong: string[] = [];
      const before = litter(stage.project);
      let tried = 0;
      for (let nth = firstOf(every); nth < most; nth += every) {
        const { reached, violations } = await trials.try({ ...kind, nth });
        wrong.push(...violations.map((violation) => `${role} ${call} ${error} ${nth}: ${violation}`));
        if (!reached || wrong.length > 50) break;
        tried += 1;
      }
      // What cannot be opened cannot be removed either.
      if (call !== 'open') wrong.push(...litter(stage.project).filter((name) => !before.includes(name)));
      expect(wrong.join('\n')).to.equal('');
      if (every === 1) expect(tried, 'calls that failed').to.be.greaterThan(0);
    });
  }

  it('loses no job that was acknowledged', async () => {
    expect(await trials.restart()).to.deep.equal([]);
  });
});
