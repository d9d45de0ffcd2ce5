import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { compiledSpawner } from '../../../src/executor/spawner-place.ts';
import { ControlGroup } from '../../support/control-group.ts';
import { isAlive } from '../../support/program.ts';
import { skip } from '../../support/skip.ts';
import { noCells, SpawnerLab } from '../../support/spawner.ts';
import { waitUntil } from '../../support/wait-until.ts';

const waits = 'echo $$ > leader; exec sleep 1000';
/** Leaves its session and its parent and takes its mark off, so that nothing but its control group knows it. */
const hides = (file: string) =>
  `ulimit -x 1; setsid sh -c '(sh -c "echo \\$\\$ > ${file}; exec sleep 1000" &)'; while [ ! -s ${file} ]; do :; done`;

/** No process has this number. */
const NOBODY = 2 ** 30;

describe('where the control group is delegated', () => {
  let lab: SpawnerLab;
  let group: ControlGroup | null = null;

  before(function () {
    if (existsSync(compiledSpawner)) group = ControlGroup.enter(`rayserver-test-${process.pid}`);
    if (group !== null) return;
    skip(this, 'no compiler, or no control group of version 2 can be made here');
  });
  after(() => group?.leave());
  beforeEach(() => {
    lab = new SpawnerLab('c');
  });
  afterEach(() => lab.close());

  const pidOf = (file: string) => waitUntil(`the number in ${file}`, () => lab.process(file));
  const groupOf = (pid: number) => /^0::(.*)$/m.exec(readFileSync(`/proc/${pid}/cgroup`, 'utf8'))?.[1] ?? '';

  /** What once told its number in this file. */
  const isGone = (file: string) => lab.number(file) !== null && !isAlive(lab.process(file) ?? NOBODY);

  for (const where of ['outside', 'in a cell'] as const) {
    describe(where, () => {
      before(function () {
        const reason = where === 'in a cell' ? noCells() : null;
        if (reason !== null) skip(this, reason);
      });
      beforeEach(async () => {
        if (where === 'in a cell') await lab.enterCell();
      });

      it('each simulation has one of its own', async () => {
        const one = await lab.sh(waits);
        const leader = await pidOf('leader');
        const { run, said } = await lab.sh('cat /proc/self/cgroup');
        await run.ended;
        const own = /^0::(.*)$/m.exec(said.out)?.[1];
        expect(groupOf(leader)).to.match(/\/rayserver-[0-9a-f]{6}-[0-9a-f]{5}\/\d+$/);
        expect(own).to.match(/\/rayserver-[0-9a-f]{6}-[0-9a-f]{5}\/\d+$/);
        expect(own).to.not.equal(groupOf(leader));
        one.run.stop('at once');
        expect(await one.run.ended).to.include({ signal: 'SIGKILL' });
      });

      it('what took off its mark is ended with its simulation, while others run', async () => {
        const other = await lab.sh(waits);
        const leader = await pidOf('leader');
        const { run } = await lab.start('bash', ['-c', hides('bare')]);
        expect(await run.ended).to.include({ exit: 0 });
        expect(isGone('bare')).to.equal(true);
        expect(isAlive(leader)).to.equal(true);
        other.run.stop('at once');
        await other.run.ended;
      });

      it('also when it is stopped', async () => {
        const other = await lab.sh(waits);
        await pidOf('leader');
        const { run } = await lab.start('bash', ['-c', `${hides('bare')}; exec sleep 1000`]);
        const bare = await pidOf('bare');
        run.stop('at once');
        expect(await run.ended).to.include({ signal: 'SIGKILL' });
        expect(isAlive(bare)).to.equal(false);
        other.run.stop('at once');
        await other.run.ended;
      });
    });
  }

  it('nobody is moved, and nothing limited, where it is ours but was not given to us', async () => {
    const { run } = await lab.sh(waits);
    await pidOf('leader');
    expect(lab.spawner.groups).to.deep.equal({ held: [], errno: 0 });
    expect((group as ControlGroup).groups).to.not.include('rayserver-own');
    run.stop('at once');
    await run.ended;
  });

  it('no group is left when the spawner ends, nor when it was killed and the next one has started', async () => {
    const left = () => (group as ControlGroup).groups;
    await (await lab.sh('true')).run.ended;
    expect(left().length).to.equal(1);
    const before = left();
    const { run } = await lab.sh(waits);
    await pidOf('leader');
    process.kill(lab.spawner.pid ?? 0, 'SIGKILL');
    expect(await run.ended).to.include({ lost: true });
    await waitUntil('the next one to serve', async () => {
      const next = await lab.sh('true').catch(() => null);
      return next !== null && (await next.run.ended).lost === false;
    });
    expect(left().length).to.equal(1);
    expect(left()).to.not.deep.equal(before);
    const path = join((group as ControlGroup).path, left()[0] ?? '');
    await lab.spawner.close();
    await waitUntil('it to be gone', () => !existsSync(path));
    expect(left()).to.deep.equal([]);
  });
});
