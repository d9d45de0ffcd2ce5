import { expect } from 'chai';
import type { Accounts } from '../../../src/unix/accounts.ts';
import { identityOf, resolveGroup, resolveUser, resolveWanted } from '../../../src/unix/identity.ts';

const users = [
  { name: 'root', uid: 0, gid: 0, home: '/root', shell: '/bin/sh' },
  { name: 'ray', uid: 500, gid: 100, home: '/home/ray', shell: '/bin/bash' },
  { name: '501', uid: 77, gid: 100, home: '/home/77', shell: '/bin/sh' },
  { name: 'eve', uid: 501, gid: 101, home: '/home/eve', shell: '/bin/sh' },
];
const groups = [
  { name: 'wheel', gid: 0 },
  { name: 'rfusers', gid: 100 },
  { name: 'people', gid: 101 },
  { name: '102', gid: 103 },
  { name: 'others', gid: 102 },
];
const accounts: Accounts = {
  user: (who) => users.find((user) => user.name === who || user.uid === who) ?? null,
  group: (which) => groups.find((group) => group.name === which || group.gid === which) ?? null,
};
const root = { uid: 0, gid: 0 };
const ray = { uid: 500, gid: 101 };

describe('whom -u and -g name', () => {
  it('a user by name or UID', () => {
    expect(resolveUser('ray', accounts).uid).to.equal(500);
    expect(resolveUser('500', accounts).name).to.equal('ray');
    expect(resolveUser('000', accounts).uid).to.equal(0);
  });

  it('the name first, if all digits are a name, too', () => {
    expect(resolveUser('501', accounts).uid).to.equal(77);
    expect(resolveGroup('102', accounts).gid).to.equal(103);
  });

  it('nobody: the manual has a sentence for each', () => {
    const sentences: [() => unknown, string][] = [
      [() => resolveUser('ghost', accounts), 'User name "ghost" not found.'],
      [() => resolveUser('', accounts), 'User name "" not found.'],
      [() => resolveUser('4711', accounts), 'User ID "4711" not found.'],
      [() => resolveGroup('ghosts', accounts), 'group name "ghosts" not found.'],
      [() => resolveGroup('4711', accounts), 'group ID "4711" not found.'],
    ];
    for (const [resolve, sentence] of sentences) expect(resolve).to.throw(sentence);
  });

  it('the user is looked up before the group', () => {
    expect(() => resolveWanted({ user: 'ghost', group: 'ghosts' }, root, accounts)).to.throw('User name "ghost"');
  });

  it('a user without a group gets his primary one', () => {
    const { identity, changesUser, changesGroup } = resolveWanted({ user: 'ray', group: null }, root, accounts);
    expect(identity).to.deep.equal({
      uid: 500,
      gid: 100,
      user: 'ray',
      group: 'rfusers',
      home: '/home/ray',
      shell: '/bin/bash',
    });
    expect([changesUser, changesGroup]).to.deep.equal([true, true]);
  });

  it('whoever names himself changes nothing', () => {
    const { identity, changesUser, changesGroup } = resolveWanted({ user: 'ray', group: null }, ray, accounts);
    expect([identity.gid, changesUser, changesGroup]).to.deep.equal([101, false, false]);
  });

  it('without options it is the caller', () => {
    const { identity, changesUser, changesGroup } = resolveWanted({ user: null, group: null }, ray, accounts);
    expect([identity.user, identity.group, changesUser, changesGroup]).to.deep.equal(['ray', 'people', false, false]);
  });

  it('a group alone changes the group only', () => {
    const { identity, changesUser, changesGroup } = resolveWanted({ user: null, group: 'rfusers' }, ray, accounts);
    expect([identity.uid, identity.gid, changesUser, changesGroup]).to.deep.equal([500, 100, false, true]);
  });

  it('numbers without a name are their own name', () => {
    expect(identityOf(4711, 4712, accounts)).to.deep.equal({
      uid: 4711,
      gid: 4712,
      user: '4711',
      group: '4712',
      home: '/',
      shell: '/bin/sh',
    });
  });
});
