import { expect } from 'chai';
import { inWords, isSeen, isWithin, type Sight } from '../../../../src/executor/sandbox/sights.ts';

const sights: Sight[] = [
  { is: 'read', path: '/usr' },
  { is: 'link', path: '/bin', to: 'usr/bin' },
  { is: 'processes', path: '/proc' },
  { is: 'empty', path: '/tmp' },
  { is: 'link', path: '/var/tmp', to: '/tmp' },
  { is: 'empty', path: '/usr/secret' },
  { is: 'write', path: '/tmp/room' },
  { is: 'link', path: '/net/room', to: '/tmp/room' },
  { is: 'device', path: '/dev/dri' },
];

describe('the sights of a cell', () => {
  it('are what was put there last', () => {
    const seen = (path: string) => isSeen(path, sights);
    expect(
      ['/usr', '/usr/bin/povray', '/bin/sh', '/tmp/room/a', '/net/room/a', '/dev/dri/card0'].map(seen),
    ).to.deep.equal([true, true, true, true, true, true]);
    const hidden = [
      '/',
      '/usr2',
      '/home',
      '/usr/secret/x',
      '/tmp',
      '/tmp/a',
      '/var/tmp/a',
      '/proc/1',
      '/tmp/room2',
      '/dev/sda',
    ];
    expect(hidden.filter(seen)).to.deep.equal([]);
  });
  it('are whole components of paths', () => {
    expect([isWithin('/a/b', '/a'), isWithin('/a', '/a'), isWithin('/a', '/')]).to.deep.equal([true, true, true]);
    expect([isWithin('/ab', '/a'), isWithin('/', '/a')]).to.deep.equal([false, false]);
  });
  it('are told to bubblewrap in their order, the network and the rest of the root last', () => {
    expect(inWords(sights, false, 4096).join(' ')).to.equal(
      '--unshare-ipc --unshare-net --ro-bind /usr /usr --symlink usr/bin /bin --proc /proc --size 4096 --tmpfs /tmp ' +
        '--symlink /tmp /var/tmp --size 4096 --tmpfs /usr/secret --bind /tmp/room /tmp/room ' +
        '--symlink /tmp/room /net/room --dev-bind /dev/dri /dev/dri --remount-ro / --chdir /',
    );
    expect(inWords([{ is: 'empty', path: '/tmp' }], true, null)).to.deep.equal(
      '--unshare-ipc --tmpfs /tmp --remount-ro / --chdir /'.split(' '),
    );
  });
});
