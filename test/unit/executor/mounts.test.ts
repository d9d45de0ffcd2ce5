import { expect } from 'chai';
import { lockTrouble, mountOf } from '../../../src/executor/mounts.ts';

const mountinfo = [
  '22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda1 rw',
  '30 22 0:40 / /export rw,relatime - nfs4 server:/export rw,vers=4.2,local_lock=none',
  '31 30 0:41 / /export/old\\040disk rw - nfs server:/old rw,vers=3,nolock,local_lock=all',
  '32 22 0:42 / /win rw - cifs //server/share rw,nobrl',
  '33 22 0:43 / /exports rw - tmpfs tmpfs rw',
  '34 30 0:44 / /export rw - xfs /dev/vdb rw',
  'nonsense',
  '',
].join('\n');

describe('mounts', () => {
  it('are found by the path, the last of several at one place', () => {
    expect(mountOf(mountinfo, '/home/anna')?.point).to.equal('/');
    expect(mountOf(mountinfo, '/exports/x')?.type).to.equal('tmpfs');
    expect(mountOf(mountinfo, '/export')?.type).to.equal('xfs');
    expect(mountOf(mountinfo, '/export/old disk/room')?.point).to.equal('/export/old disk');
    expect(mountOf('', '/x')).to.equal(null);
  });

  it('without working locks are known by their options', () => {
    const trouble = (path: string) => {
      const mount = mountOf(mountinfo, path);
      return mount && lockTrouble(mount);
    };
    expect(trouble('/')).to.equal(null);
    expect(trouble('/export/old disk')).to.equal('nolock');
    expect(trouble('/win')).to.equal('nobrl');
    expect(lockTrouble({ point: '/x', type: 'nfs', options: ['local_lock=none'] })).to.equal(null);
    expect(lockTrouble({ point: '/x', type: 'nfs', options: ['local_lock=posix'] })).to.equal('local_lock=posix');
    // rpict locks with fcntl, which this option leaves alone.
    expect(lockTrouble({ point: '/x', type: 'nfs', options: ['local_lock=flock'] })).to.equal(null);
  });
});
