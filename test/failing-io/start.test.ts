import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { type FailingStage, makeFailingStage } from '../support/failing-io/failing-stage.ts';
import { type Fault, type Faults, firstOf } from '../support/failing-io/faults.ts';
import type { Ended } from '../support/program.ts';
import { Customer } from '../support/torture/customer.ts';
import type { Stage } from '../support/torture/stage.ts';

/** A daemon starts with an empty home, again and again; each time another call on a file of the home fails. */
const every = Number(process.env['EVERY'] ?? 23);
const kinds: Pick<Fault, 'role' | 'call' | 'error'>[] = [
  { role: 'server', call: 'write', error: 'EIO' },
  { role: 'server', call: 'write', error: 'ENOSPC' },
  { role: 'server', call: 'write', error: 'short' },
  { role: 'server', call: 'sync', error: 'EIO' },
  { role: 'server', call: 'open', error: 'EMFILE' },
  { role: 'procwrap', call: 'write', error: 'ENOSPC' },
  { role: 'procwrap', call: 'open', error: 'EMFILE' },
];
/** More calls than any start makes. */
const most = 1000;

describe('a call that fails at the start', function () {
  this.timeout(900_000);
  let failing: FailingStage | undefined;
  let stage: Stage;
  let faults: Faults;

  before(async function () {
    failing = await makeFailingStage(this, ({ lab }) => [lab.home]);
    ({ stage, faults } = failing);
  });
  after(() => failing?.close());

  for (const kind of kinds) {
    const { role, call, error } = kind;
    it(`in ${role}, ${call} with ${error}: the daemon serves, or says why not and serves the next time`, async () => {
      let tried = 0;
      const wrong: string[] = [];
      for (let nth = firstOf(every); nth < most; nth += every) {
        const { reached, violations } = await startOnce({ ...kind, nth, times: 1 });
        wrong.push(...violations.map((violation) => `${role} ${call} ${error} ${nth}: ${violation}`));
        if (!reached || wrong.length > 10) break;
        tried += 1;
      }
      expect(wrong.join('\n')).to.equal('');
      if (every === 1) expect(tried, 'calls that failed').to.be.greaterThan(0);
    });
  }

  async function startOnce(fault: Fault): Promise<{ reached: boolean; violations: string[] }> {
    const { lab } = stage;
    for (const name of ['state', 'run', 'srvlogs', 'config/token']) {
      rmSync(join(lab.home, name), { recursive: true, force: true });
    }
    faults.arm(fault);
    const ended = await start();
    const reached = faults.failed() > 0;
    faults.clear();
    const violations: string[] = [];
    if (ended !== null) {
      if (!reached) violations.push(`nothing failed, but: ${ended.stderr}`);
      violations.push(...unclear(ended));
      const again = await start();
      if (again !== null) violations.push(`it does not start again: ${again.stderr}`);
    }
    const server = await new Customer(lab).ask('/api/v1/server');
    if (server?.status !== 200) violations.push(`it does not serve: ${JSON.stringify(server)}`);
    const odd = readdirSync(join(lab.home, 'config')).filter((name) => !['token', 'rayserver.yaml'].includes(name));
    violations.push(...odd.map((name) => `left: config/${name}`));
    await lab.stopDaemon();
    return { reached, violations };
  }

  /** Null once it serves; else how it ended. */
  async function start(): Promise<Ended | null> {
    const { lab } = stage;
    try {
      await lab.startDaemon([], { env: faults.env });
      return null;
    } catch {
      return (await lab.daemon?.ended) ?? null;
    }
  }

  function unclear({ status, signal, stderr }: Ended): string[] {
    const named = /EIO|i\/o error|no space|disk is full|too many open files|cannot open|is not writable/i;
    if (status === 1 && named.test(stderr) && !/internal error|\n {4}at /i.test(stderr)) return [];
    return [`it ended with ${signal ?? status}: ${stderr}`];
  }
});
