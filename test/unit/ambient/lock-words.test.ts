import { expect } from 'chai';
import type { Verdict } from '../../../src/ambient/lock-trial.ts';
import { isOfFileSystem, optionTrouble, trialTrouble } from '../../../src/ambient/lock-words.ts';
import type { Mount } from '../../../src/ambient/mounts.ts';

const mount = (more: Partial<Mount> = {}): Mount => {
  const nfs3 = { point: '/proj', type: 'nfs', source: 'srv:/export', options: ['rw', 'vers=3'], id: '' };
  return { ...nfs3, ...more };
};
const told = (verdict: Verdict, more: Partial<Mount> = {}) => trialTrouble(verdict, '/proj/my room', mount(more));

describe('what is said of file locks', () => {
  it('is nothing where they hold', () => {
    expect(told('refused')).to.equal(null);
  });

  it('names the option that breaks them, and edits it in /etc/fstab', () => {
    expect(optionTrouble(mount(), 'nolock')).to.deep.equal({
      why: '/proj (nfs) is mounted with nolock: processes on different hosts would damage a shared ambient file.',
      mend: "sudo sed -i.bak '\\|[[:blank:]]/proj[[:blank:]]|s/\\bnolock\\b/lock/' /etc/fstab && sudo umount /proj && sudo mount /proj",
    });
    const edit = (trouble: string) => /\\b(\S+)\/' \/etc/.exec(optionTrouble(mount(), trouble).mend)?.[1];
    const options = ['local_lock=posix', 'local_lock=all', 'nobrl', 'localflock', 'noflock'];
    const edits = ['local_lock=none', 'local_lock=none', 'brl', 'flock', 'flock'];
    expect(options.map(edit)).to.deep.equal(edits.map((word, index) => `${options[index]}\\b/${word}`));
  });

  it('names a type that has none', () => {
    const { why, mend } = optionTrouble(mount({ type: 'fuse.sshfs' }), 'fuse.sshfs');
    expect(why).to.match(/^\/proj is mounted with fuse\.sshfs, which has no locks/);
    expect(mend).to.match(/^findmnt -T \/proj {3}#/);
  });

  it('takes silence on NFS 3 for one without rpc.statd', () => {
    expect(told('silent')).to.deep.equal({
      why: 'File locks on /proj (nfs) do not answer: rpc.statd does probably not run, here or on the NFS server srv.',
      mend: 'sudo systemctl restart rpc-statd; ssh srv sudo systemctl restart rpc-statd',
    });
    expect(told('silent', { source: '[fe80::1]:/export' })?.mend).to.match(/; ssh fe80::1 sudo /);
  });

  it('takes silence elsewhere for a file system that hangs', () => {
    const says = { why: '/proj (nfs4) does not answer: its file system hangs.', mend: "findmnt -T '/proj/my room'" };
    expect(told('silent', { type: 'nfs4', options: ['vers=4.2'] })).to.deep.equal(says);
    expect(told('silent', { type: 'nfs', options: ['vers=4.2'] })?.why).to.match(/its file system hangs/);
    expect(trialTrouble('silent', '/x', null)?.why).to.equal('/x does not answer: its file system hangs.');
  });

  it('takes ENOLCK on NFS 3 for a host without rpc.statd', () => {
    expect(told('failed ENOLCK')).to.deep.equal({
      why: 'No file locks are to be had on /proj (nfs): rpc.statd does probably not run on this host.',
      mend: 'sudo systemctl restart rpc-statd',
    });
    expect(told('failed ENOLCK', { type: 'nfs4' })?.why).to.match(/could not be tried .*: ENOLCK\.$/);
  });

  it('has a sentence and a command for every other end', () => {
    expect(told('obtained')?.why).to.equal('On /proj (nfs) two processes got the same lock.');
    expect(told('failed EROFS')).to.deep.equal({
      why: 'It could not be tried whether file locks hold on /proj (nfs): EROFS.',
      mend: "ls -ld '/proj/my room'",
    });
    expect(told('gone')?.mend).to.equal("rayctl doctor '/proj/my room'");
  });

  it('is of the whole file system only where one directory is as good as another', () => {
    const verdicts: Verdict[] = ['refused', 'obtained', 'silent', 'failed ENOLCK', 'gone', 'failed EACCES'];
    expect(verdicts.map(isOfFileSystem)).to.deep.equal([true, true, true, true, false, false]);
  });
});
