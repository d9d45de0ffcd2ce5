import { execFileSync } from 'node:child_process';
import { mkdirSync, rmdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { givenGroup, giveOwnGroup } from '../../../src/unix/control-group.ts';
import { ControlGroup } from '../../support/control-group.ts';
import { ordinaryUser } from '../../support/daemon.ts';
import { skip } from '../../support/skip.ts';

describe('the control group of a service', () => {
  let group: ControlGroup | null;
  beforeEach(function () {
    group = ControlGroup.enter(`rayserver-given-${process.pid}`);
    if (group === null) skip(this, 'no control group of version 2 can be made here');
  });
  afterEach(() => group?.leave());

  const owners = () =>
    ['.', 'cgroup.procs', 'cgroup.threads', 'cgroup.subtree_control', 'cgroup.type'].map(
      (name) => statSync(join(group?.path ?? '', name)).uid,
    );
  const { uid, gid } = ordinaryUser;

  it('is given to the user where systemd has delegated it, as far as he needs it', () => {
    const mark = 'import os, sys; os.setxattr(sys.argv[1], "user.delegate", b"1")';
    execFileSync('python3', ['-c', mark, group?.path ?? '']);
    expect(giveOwnGroup(uid, gid)).to.equal(true);
    expect(owners()).to.deep.equal([uid, uid, uid, uid, 0]);
  });

  it('is known again when what was in it has moved to a group in it', () => {
    const path = group?.path ?? '';
    expect(givenGroup()).to.deep.include({ path, isOurs: true });
    const own = join(path, 'rayserver-own');
    mkdirSync(own);
    writeFileSync(join(own, 'cgroup.procs'), `${process.pid}`);
    try {
      expect(givenGroup()).to.deep.include({ path, isOurs: true });
    } finally {
      writeFileSync(join(path, 'cgroup.procs'), `${process.pid}`);
      rmdirSync(own);
    }
  });

  it("is left to the system where it is the system's", () => {
    expect(giveOwnGroup(uid, gid)).to.equal(false);
    expect(owners()).to.deep.equal([0, 0, 0, 0, 0]);
  });
});
