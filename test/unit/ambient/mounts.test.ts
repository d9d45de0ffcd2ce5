import { expect } from 'chai';
import { isOfThisHost, lockTrouble, type Mount, mountOf } from '../../../src/ambient/mounts.ts';

const mountinfo = [
  '22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda1 rw',
  '30 22 0:40 / /export rw,relatime - nfs4 server:/export rw,vers=4.2,local_lock=none',
  '31 30 0:41 / /export/old\\040disk rw - nfs server:/old rw,vers=3,nolock,local_lock=all',
  '32 22 0:42 / /win rw - cifs //server/share rw,nobrl',
  '33 22 0:43 / /exports rw - tmpfs tmpfs rw',
  '34 30 0:44 / /export rw - xfs /dev/vdb rw',
  '35 22 0:45 / /lan rw - fuse.sshfs anna@host: rw',
  '36 22 0:46 / /scratch rw - lustre mgs@tcp:/scratch rw,localflock',
  '37 30 0:47 / /export/3 rw - nfs server:/3 rw,vers=3,local_lock=posix',
  '38 30 0:48 / /export/flock rw - nfs server:/4 rw,vers=3,local_lock=flock',
  '39 22 254:3 / /disk rw,nolock - gfs2 /dev/vdc rw',
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

  it('without working locks are known by their options, or their type', () => {
    const trouble = (path: string) => {
      const mount = mountOf(mountinfo, path);
      return mount && lockTrouble(mount);
    };
    expect(trouble('/')).to.equal(null);
    expect(trouble('/export/old disk')).to.equal('nolock');
    expect(trouble('/win')).to.equal('nobrl');
    expect(trouble('/lan/x')).to.equal('fuse.sshfs');
    expect(trouble('/scratch')).to.equal('localflock');
    expect(trouble('/export/3')).to.equal('local_lock=posix');
    // rpict locks with fcntl, which this option leaves alone.
    expect(trouble('/export/flock')).to.equal(null);
    // An option that some disk has of itself means nothing there.
    expect(trouble('/disk')).to.equal(null);
  });

  it('of this host keep their locks in its own kernel', () => {
    const own = (path: string) => isOfThisHost(mountOf(mountinfo, path) as Mount);
    expect(['/', '/exports', '/export'].map(own)).to.deep.equal([true, true, true]);
    expect(['/export/old disk', '/win', '/lan'].map(own)).to.deep.equal([false, false, false]);
  });

  it('are another one when they are mounted otherwise', () => {
    const again = mountinfo.replace('old rw,vers=3,nolock,local_lock=all', 'old rw,vers=4.2,local_lock=none');
    const id = (text: string, path: string) => mountOf(text, path)?.id;
    expect(id(again, '/export/old disk')).not.to.equal(id(mountinfo, '/export/old disk'));
    expect(id(again, '/win')).to.equal(id(mountinfo, '/win'));
  });
});
