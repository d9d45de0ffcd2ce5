import { expect } from 'chai';
import { limitsFinding } from '../../../../src/executor/sandbox/limits-finding.ts';
import type { Groups, Held } from '../../../../src/executor/spawner/messages.ts';

const all =
  'Simulations are not limited as a whole: one that starts many processes gets more processor time than others; "limits.processes" holds for all of them together; "limits.memory" holds for each process only. ';
const path = '/sys/fs/cgroup/system.slice/rayserver-procwrap.service';
const given = { path, isOurs: true, controllers: ['cpu', 'io', 'memory', 'pids'] };

describe('what doctor says of the limits of a simulation', () => {
  const find = (groups: Partial<Groups>, group: Parameters<typeof limitsFinding>[1], kind: 'c' | 'node' = 'c') =>
    limitsFinding({ kind, groups: { held: [], errno: 0, ...groups } }, group);

  it('is good where control groups hold it to all of them', () => {
    const held: readonly Held[] = ['processor time', 'processes', 'memory'];
    expect(find({ held }, given)).to.deep.equal({
      what: 'containment',
      level: 'ok',
      says: 'Memory, processes and processor time are limited for each simulation as a whole (control groups).',
      mend: null,
    });
  });
  it('names what is missing, and the controller for it', () => {
    const finding = find({ held: ['processor time', 'processes'] }, { ...given, controllers: ['cpu', 'pids'] });
    expect(finding.says).to.equal(
      `Simulations are not limited as a whole: "limits.memory" holds for each process only. The control group ${path} has no controller memory.`,
    );
    expect(finding.mend).to.match(
      /^cat \S+\/cgroup.controllers {3}# wanted: Delegate=cpu memory pids, and .* cgroup_enable=memory$/,
    );
  });
  it('names the compiler where the spawner is not the one in C', () => {
    const finding = find({}, given, 'node');
    expect(finding.says).to.equal(`${all}The spawner that has control groups is a C program, which is not used here.`);
    expect(finding.mend).to.match(/^cd \S+ && cc -O2 -o build\/spawner src\/executor\/spawner.c$/);
  });
  it('says that there are no groups', () => {
    expect(find({}, null).says).to.equal(`${all}Procwrap has no control group of version 2 (cgroups(7)) to divide.`);
  });
  it('says what refuses', () => {
    const refused = `${all}The controllers of the control group ${path} cannot be switched on: `;
    expect(find({ errno: 16 }, given).says).to.equal(`${refused}resource busy or locked.`);
    expect(find({}, given).says).to.equal(`${refused}it belongs to another manager.`);
  });

  const mends: Record<string, [string, RegExp]> = {
    'a service': [path, /^sudo systemctl edit rayserver-procwrap.service {3}# \[Service\] Delegate=cpu memory pids; /],
    'a service of a user': [
      '/sys/fs/cgroup/user.slice/user@1000.service/app.slice/ray.service',
      /^systemctl --user edit ray.service /,
    ],
    'the session of a person': ['/sys/fs/cgroup/user.slice/session-1.scope', /^sudo systemctl start rayserver.target /],
  };
  for (const [what, [group, mend]] of Object.entries(mends)) {
    it(`says how ${what} gets its group`, () => {
      const finding = find({}, { ...given, path: group, isOurs: false });
      expect(finding.says).to.equal(`${all}The control group ${group} is not delegated to procwrap's user.`);
      expect(finding.mend).to.match(mend);
    });
  }
});
