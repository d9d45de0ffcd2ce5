import { expect } from 'chai';
import {
  inWords,
  isSeen,
  isWithin,
  type Sight,
  withoutLinks,
  withWays,
} from '../../../../src/executor/sandbox/sights.ts';

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
  it('are reached by ways that cannot be turned, where they lie deep in what can be written', () => {
    const ways = withWays([
      { is: 'empty', path: '/tmp' },
      { is: 'empty', path: '/tmp/labs/ann' },
      { is: 'write', path: '/tmp/labs/ann/work/room' },
      { is: 'read', path: '/tmp/tools' },
      { is: 'read', path: '/tmp/tools/more' },
    ]);
    expect(ways.filter(({ is }) => is === 'way').map(({ path }) => path)).to.deep.equal([
      '/tmp/labs',
      '/tmp/labs/ann/work',
    ]);
    expect(isSeen('/tmp/labs/ann/work/room/a', ways)).to.equal(true);
    expect(isSeen('/tmp/labs/ann/work/other', ways)).to.equal(false);
    expect(inWords(ways, true, 4096).join(' ')).to.equal(
      '--unshare-ipc --size 4096 --tmpfs /tmp --tmpfs /tmp/labs --size 4096 --tmpfs /tmp/labs/ann ' +
        '--tmpfs /tmp/labs/ann/work --bind /tmp/labs/ann/work/room /tmp/labs/ann/work/room ' +
        '--ro-bind /tmp/tools /tmp/tools --ro-bind /tmp/tools/more /tmp/tools/more ' +
        '--remount-ro / --remount-ro /tmp/labs --remount-ro /tmp/labs/ann/work --chdir /',
    );
  });
  it('have no ways below what lies over them', () => {
    const covered: Sight[] = [
      { is: 'empty', path: '/home/ann' },
      { is: 'read', path: '/home' },
      { is: 'write', path: '/home/ann/work/room' },
    ];
    expect(withWays(covered)).to.deep.equal(covered);
  });
  it('have a directory in place of a link where something lies below that', () => {
    const link = { is: 'link', path: '/var/tmp', to: '/tmp' } as const;
    const room = { is: 'write', path: '/var/tmp/room' } as const;
    expect(withoutLinks([link, { ...room, path: '/tmp/room' }])[0]).to.equal(link);
    expect(withoutLinks([link, room])).to.deep.equal([{ is: 'empty', path: '/var/tmp' }, room]);
    expect(isSeen('/var/tmp/room/a', withoutLinks([link, room]))).to.equal(true);
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
