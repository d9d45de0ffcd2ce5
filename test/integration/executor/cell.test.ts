import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  statSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { expect } from 'chai';
import { openCell } from '../../../src/executor/cell.ts';
import { startActive } from '../../../src/executor/run.ts';
import { findMarked } from '../../../src/executor/spawner/mark.ts';
import { compiledSpawner } from '../../../src/executor/spawner-place.ts';
import { temporary } from '../../support/executor.ts';
import { isAlive, runCommand } from '../../support/program.ts';
import { skip } from '../../support/skip.ts';
import { noCells, SpawnerLab, stateOf } from '../../support/spawner.ts';
import { waitUntil } from '../../support/wait-until.ts';

const message = (error: Error) => error.message;

/** ptrace, process_vm_readv, add_key, keyctl, bpf, userfaultfd, perf_event_open, setns, io_uring_setup */
const refused: Partial<Record<NodeJS.Architecture, number[]>> = {
  x64: [101, 310, 248, 250, 321, 323, 298, 308, 425],
  arm64: [117, 270, 217, 219, 280, 282, 241, 268, 425],
};

for (const kind of ['c', 'node'] as const) {
  describe(`a cell (${kind})`, () => {
    let lab: SpawnerLab;
    const heard = async (script: string) => {
      const { run, said } = await lab.sh(script);
      await run.ended;
      return said;
    };
    /** Its process 1, outside. */
    const keeper = () => {
      const inside = (pid: number) => /^NSpid:\t\d+\t1$/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
      return findMarked(lab.home).find(inside) ?? 0;
    };

    before(function () {
      const reason = noCells();
      if (reason !== null) skip(this, reason);
      if (kind === 'c' && !existsSync(compiledSpawner)) skip(this, 'there was no compiler');
    });
    beforeEach(async () => {
      lab = new SpawnerLab(kind);
      await lab.enterCell();
    });
    afterEach(() => lab.close());

    it('shows its own processes and files only', async () => {
      const { out } = await heard('echo /proc/[0-9]*; cd ..; echo *; ls /home /root /run /sys 2>&1 | grep -c cannot');
      const [processes, above, hidden] = out.trim().split('\n');
      expect(processes).to.match(/^\/proc\/1( \/proc\/\d+){1,2}$/);
      expect([above, hidden]).to.deep.equal([basename(lab.base.path), '4']);
    });

    it('gives no capabilities, and no namespace in which there would be some', async () => {
      const { out, err } = await heard('grep ^Cap /proc/self/status; unshare -U true; unshare -m true');
      const none = '0000000000000000';
      const [inherited, permitted, effective, bounding, ambient] = out.match(/[0-9a-f]{16}/g) ?? [];
      expect([inherited, permitted, effective, ambient]).to.deep.equal([none, none, none, none]);
      // Node's spawner cannot take it from an ordinary user, who can gain nothing by it.
      if (kind === 'c' || process.getuid?.() === 0) expect(bounding).to.equal(none);
      expect(err.match(/unshare failed/g)).to.have.length(2);
    });

    // Node's spawner has no filter of calls and no ushers.
    const itOfC = kind === 'c' ? it : () => {};

    itOfC('refuses calls that no renderer needs', async function () {
      const numbers = refused[process.arch];
      if (!numbers || !existsSync('/usr/bin/perl')) skip(this, 'no perl, or another machine');
      // 1 EPERM, 97 EAFNOSUPPORT: AF_VSOCK, by which the host of a virtual machine is reached.
      const call = 'syscall($_, -1, 0, 0, 0, 0, 0); print "$_ ", $! + 0, "\n"';
      const script = `perl -e 'for (@ARGV) { ${call} } print socket(S, 40, 1, 0) ? "" : $! + 0, socket(S, 2, 1, 0)'`;
      const { out } = await heard(`${script} ${numbers.join(' ')}`);
      expect(out.trim().split('\n')).to.deep.equal([...numbers.map((number) => `${number} 1`), '971']);
    });

    itOfC('ends with its usher', async () => {
      const { run } = await lab.sh('echo $$ > leader; exec sleep 1000');
      await waitUntil('it to run', () => lab.process('leader'));
      const name = (pid: number) => readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
      process.kill(findMarked(lab.home).find((pid) => name(pid) === 'usher') ?? 0, 'SIGKILL');
      expect(await run.ended).to.include({ signal: 'SIGKILL' });
      expect(await lab.cell?.ended).to.include({ signal: 'SIGKILL' });
      expect(await lab.start('true', []).catch(message)).to.match(/^ESRCH: .*, cell$/);
    });

    itOfC('is not needed to be confined', async () => {
      const script = 'grep -E "^Cap|^Seccomp:" /proc/self/status | cut -f 2; sleep 1000 & echo $! > other';
      const { run, said } = await lab.sh(script, { cell: null, confined: true });
      expect(await run.ended).to.include({ exit: 0 });
      const none = '0000000000000000\n';
      const bounding = process.getuid?.() === 0 ? none : '[0-9a-f]{16}\n';
      expect(said.out).to.match(new RegExp(`^${none}${none}${none}${bounding}${none}2\n$`));
      expect([stateOf(lab.number('other') ?? 0), lab.children()]).to.deep.equal([null, '']);
      // The usher is not the last word: without it there is another.
      const isUsher = (pid: number) => readFileSync(`/proc/${pid}/comm`, 'utf8') === 'usher\n';
      for (const pid of findMarked(lab.home).filter(isUsher)) process.kill(pid, 'SIGKILL');
      await lab.cell?.ended;
      const again = await lab.sh('exit 5', { cell: null, confined: true });
      expect(await again.run.ended).to.include({ exit: 5 });
    });

    it('cannot be ended from within, and lets no zombie stay', async () => {
      await heard('kill -9 1; (sh -c "sleep 0.01" &)');
      expect((await heard('echo on we go; cat /proc/[0-9]*/stat | grep -c ") Z"')).out).to.equal('on we go\n0\n');
    });

    it('is no place to stop what is being started there, or anybody else', async () => {
      const stopper = await lab.sh('echo here; while :; do kill -STOP -1 2>/dev/null; done');
      await waitUntil('it to begin', () => stopper.said.out);
      const many = await Promise.all(Array.from({ length: 40 }, () => lab.start('true', [])));
      const outside = await lab.start('true', [], { cell: null });
      expect(await outside.run.ended).to.include({ exit: 0 });
      for (const { run } of [...many, stopper]) run.stop('at once');
      await Promise.all([...many, stopper].map(({ run }) => run.ended));
      expect((await heard('echo on we go')).out).to.equal('on we go\n');
    });

    it('ends all that runs in it when it is closed, and is none any more', async () => {
      const { run } = await lab.sh('setsid sleep 1000 & echo $$ > leader; exec sleep 1000');
      await waitUntil('it to run', () => lab.process('leader'));
      lab.cell?.close();
      expect(await run.ended).to.include({ signal: 'SIGKILL', lost: false });
      expect(await lab.cell?.ended).to.include({ signal: 'SIGKILL' });
      expect(await lab.start('true', []).catch(message)).to.match(/^ESRCH: .*, cell$/);
      expect(findMarked(lab.home).filter(isAlive)).to.deep.equal([lab.spawner.pid]);
    });

    it('ends with its process 1, whoever killed that', async () => {
      const { run } = await lab.sh('echo $$ > leader; exec sleep 1000');
      await waitUntil('it to run', () => lab.process('leader'));
      process.kill(keeper(), 'SIGKILL');
      expect(await run.ended).to.include({ signal: 'SIGKILL' });
      await lab.cell?.ended;
      expect(await lab.start('true', []).catch(message)).to.match(/^ESRCH: .*, cell$/);
    });

    it('is gone when its spawner was killed', async () => {
      const { run } = await lab.sh('echo $$ > leader; exec sleep 1000');
      await waitUntil('it to run', () => lab.process('leader'));
      process.kill(lab.spawner.pid ?? 0, 'SIGKILL');
      expect(await run.ended).to.include({ lost: true });
      expect(await lab.cell?.ended).to.include({ lost: true });
      expect(findMarked(lab.home).filter(isAlive)).to.deep.equal([]);
      expect(await lab.start('true', []).catch(message)).to.match(/^ESRCH: .*, cell$/);
    });

    it('that cannot be made says why, in the words of bubblewrap', async () => {
      const make = (bubblewrap: string, args: string[]) => openCell({ bubblewrap, args, env: lab.env }).catch(message);
      expect(await make('bwrap', ['--ro-bind', '/none', '/none'])).to.match(/^bwrap: .*\/none/);
      expect(await make('true', [])).to.equal('bubblewrap ended without a word');
      expect(await make('no-such-program', [])).to.match(/^ENOENT: .*, program$/);
    });

    it('is made of the processes of its own bubblewrap only', async () => {
      const directory = openSync('/', constants.O_RDONLY | constants.O_DIRECTORY);
      const program = { program: 'sleep', args: ['1000'], env: lab.env, directory, stdin: null } as const;
      const run = await startActive({ ...program, stdout: 'dropped' }, async () => {});
      closeSync(directory);
      expect(await run.openCell(process.pid).catch(message)).to.match(/^ESRCH: .*, cell$/);
      expect(await run.openCell(run.pid ?? 0).catch(message)).to.match(/^EINVAL: .*, cell$/);
      run.send('kill');
      await run.ended;
      expect(await run.openCell(process.pid).catch(message)).to.match(/^ESRCH: .*, cell$/);
    });

    it('works without a compiled keeper, too', async () => {
      lab.cell?.close();
      await lab.cell?.ended;
      await lab.enterCell(undefined, '/none');
      const script =
        'cat /proc/sys/user/max_user_namespaces; grep CapEff /proc/[0-9]*/status | grep -vc 0000000000000000';
      expect((await heard(script)).out).to.equal('0\n0\n');
      const { run } = await lab.start('bash', ['-c', 'ulimit -x 1; setsid sleep 1000 & disown; sleep 0.05']);
      expect(await run.ended).to.include({ exit: 0 });
      expect(lab.processes().filter(isAlive)).to.deep.equal([]);
      expect((await heard('echo on we go')).out).to.equal('on we go\n');
    });

    it('lets members of a group write where that group may', async function () {
      if (process.getuid?.() !== 0) skip(this, 'only root can become a user of certain groups');
      const [user, group] = [64_131, 64_132];
      using base = temporary('group');
      const path = join(base.path, 'room');
      mkdirSync(path);
      chownSync(path, 0, group);
      chmodSync(base.path, 0o755);
      chmodSync(path, 0o2770);
      const become = ['--reuid', `${user}`, '--regid', `${user}`, '--groups', `${user},${group}`, '--no-new-privs'];
      const script = join(import.meta.dirname, '../../support/group-writer.js');
      const { stdout, stderr } = await runCommand('setpriv', [...become, process.execPath, script, kind, path]);
      expect([stdout, stderr]).to.deep.equal(['{"out":"picture\\n","err":""}\n', '']);
      const { uid, gid, mode } = statSync(join(path, 'sub'));
      expect({ uid, gid, mode: mode & 0o7777 }).to.deep.equal({ uid: user, gid: group, mode: 0o2775 });
    });
  });
}
