import { expect } from 'chai';
import type { CellRequest } from '../../../../src/executor/cell.ts';
import { LostSpawner } from '../../../../src/executor/run.ts';
import { containmentFinding } from '../../../../src/executor/sandbox/finding.ts';
import { explain, type Level, Levels } from '../../../../src/executor/sandbox/level.ts';
import { HandClock, services } from '../../../support/executor.ts';

const cell = { number: 1, pid: 1, ended: new Promise<never>(() => {}), close: () => {} };

describe('the level of containment', () => {
  let clock: HandClock;
  let asked: CellRequest[];
  beforeEach(() => {
    clock = new HandClock();
    asked = [];
  });
  const levels = (answer: (request: CellRequest) => string | null) =>
    new Levels(clock, '/usr/bin', async (request) => {
      asked.push(request);
      const problem = answer(request);
      if (problem !== null) throw new Error(problem);
      return cell;
    });

  it('is a cell where one can be made, and is then believed', async () => {
    const good = levels(() => null);
    expect((await good.reached()).is).to.equal('cell');
    clock.pass(600_000);
    expect(await good.reached()).to.deep.include({ is: 'cell', sized: true });
    expect(asked).to.have.length(1);
  });
  it('is a cell without sizes where bubblewrap is old', async () => {
    const old = levels(({ args }) => (args.includes('--size') ? 'bwrap: Unknown option --size' : null));
    expect(await old.reached()).to.deep.include({ is: 'cell', sized: false });
  });
  it('is a process where none can be made; that is looked at again a minute later', async () => {
    let problem: string | null = 'bwrap: No permissions to create new namespace';
    const changing = levels(() => problem);
    expect((await changing.reached()).is).to.equal('process');
    problem = null;
    clock.pass(59_999);
    expect((await changing.reached()).is).to.equal('process');
    clock.pass(1);
    expect((await changing.reached()).is).to.equal('cell');
  });
  it('is not known after the spawner was lost over it', async () => {
    let isLost = true;
    const losing = new Levels(clock, '/usr/bin', async () => {
      if (isLost) throw new LostSpawner('killed');
      return cell;
    });
    expect(await losing.reached().catch((error: unknown) => error)).to.be.instanceOf(LostSpawner);
    isLost = false;
    expect((await losing.reached()).is).to.equal('cell');
  });

  const cases: [what: string, problem: string, settings: Record<string, string>, why: RegExp, mend: RegExp][] = [
    [
      'a kernel that wants root for namespaces',
      'bwrap: No permissions',
      { 'kernel.unprivileged_userns_clone': '0' },
      /^ordinary users may make no user namespaces here \(kernel.unprivileged_userns_clone is 0\)$/,
      /^echo kernel.unprivileged_userns_clone=1 \| sudo tee -a (\S+) && sudo sysctl -p \1$/,
    ],
    [
      'a kernel that allows none',
      'bwrap: No space',
      { 'user.max_user_namespaces': '0' },
      /max_user_namespaces is 0/,
      /=15000/,
    ],
    [
      'AppArmor as in Ubuntu',
      'bwrap: setting up uid map: Permission denied',
      { 'kernel.apparmor_restrict_unprivileged_userns': '1', 'user.max_user_namespaces': '9' },
      /kernel.apparmor_restrict_unprivileged_userns is 1/,
      /kernel.apparmor_restrict_unprivileged_userns=0/,
    ],
    [
      'a container',
      "bwrap: Can't mount proc on /newroot/proc: Operation not permitted",
      {},
      /hides parts of \/proc/,
      /^docker run /,
    ],
    [
      'anything else',
      'bwrap: odd',
      {},
      /^bubblewrap cannot make a cell \(bwrap: odd\)$/,
      /^\/usr\/bin\/bwrap --unshare-user /,
    ],
  ];
  for (const [what, problem, settings, why, mend] of cases) {
    it(`says what is missing and how to get it: ${what}`, () => {
      const said = explain(problem, '/usr/bin/bwrap', (name) => settings[name] ?? null);
      expect(said.why).to.match(why);
      expect(said.mend).to.match(mend);
    });
  }
});

describe('what doctor finds of containment', () => {
  const inCells: Level = { is: 'cell', bubblewrap: '/usr/bin/bwrap', sized: true };
  const inNone: Level = { is: 'process', why: 'there is no bwrap', mend: 'sudo apt-get install bubblewrap' };
  const find = (level: Level, asked = services()) => containmentFinding(asked, '/home/r', async () => level);

  it('is well where there are cells', async () => {
    expect(await find(inCells)).to.deep.include({ what: 'containment', level: 'ok', mend: null });
  });
  it('is a warning where there are none, with the command that makes them possible', async () => {
    const finding = await find(inNone);
    expect(finding).to.deep.include({ level: 'warning', mend: inNone.mend });
    expect(finding.says).to.match(/: there is no bwrap\.$/);
  });
  it('is an error where there must be some', async () => {
    expect(await find(inNone, services({ mode: 'require' }))).to.deep.include({ level: 'error', mend: inNone.mend });
  });
  it('is a warning where they are not wanted', async () => {
    const finding = await find(inCells, services({ mode: 'off' }));
    expect(finding.level).to.equal('warning');
    expect(finding.mend).to.include('/home/r/config/rayserver.yaml');
  });
  it('names the services that are not contained', async () => {
    const some = { ...services(), blender: services({ mode: 'off' }).blender };
    const finding = await find(inCells, some);
    expect(finding.level).to.equal('warning');
    expect(finding.says).to.match(/ Those of blender do not /);
  });
});
