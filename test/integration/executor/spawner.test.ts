import { chmodSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { LostSpawner } from '../../../src/executor/run.ts';
import { WINDOW } from '../../../src/executor/spawner/messages.ts';
import { compiledSpawner } from '../../../src/executor/spawner-place.ts';
import { Turn } from '../../../src/executor/turn.ts';
import { isAlive, runCommand } from '../../support/program.ts';
import { skip } from '../../support/skip.ts';
import { noCells, SpawnerLab, type Started, stateOf } from '../../support/spawner.ts';
import { waitUntil } from '../../support/wait-until.ts';

/** Goes on until somebody ends it, and says so in a file first. */
const waits = 'echo $$ > leader; exec sleep 1000';
/** Leaves its session, its parent and its environment, and tells its number. */
const escapes = (file: string) =>
  `env -i setsid sh -c '(sh -c "echo \\$\\$ > ${file}; exec /bin/sleep 1000" &)'; while [ ! -s ${file} ]; do sleep 0.01; done`;

const cases = [
  { kind: 'c', where: 'outside' },
  { kind: 'c', where: 'in a cell' },
  { kind: 'node', where: 'outside' },
  { kind: 'node', where: 'in a cell' },
] as const;

for (const { kind, where } of cases) {
  describe(`a program started by the spawner (${kind}, ${where})`, () => {
    let lab: SpawnerLab;
    const enter = async () => {
      if (where === 'in a cell') await lab.enterCell();
    };

    before(function () {
      const reason = where === 'in a cell' ? noCells() : null;
      if (reason !== null) skip(this, reason);
      if (kind === 'c' && !existsSync(compiledSpawner)) skip(this, 'there was no compiler');
    });
    beforeEach(async () => {
      lab = new SpawnerLab(kind);
      await enter();
    });
    afterEach(() => lab.close());

    const pidOf = (file: string) => waitUntil(`the number in ${file}`, () => lab.process(file));

    it('gets its arguments, environment, directory and input, and its output is heard', async () => {
      writeFileSync(lab.at('input'), 'from a file');
      const stdin = openSync(lab.at('input'), 'r');
      const script = 'echo "$0 $1"; pwd; cat; echo; echo "$RAYSERVER_ATTEMPT" >&2; env | sort >&2; exit 3';
      const { run, said } = await lab.start('sh', ['-c', script, 'a', 'b c'], { stdin, attempt: '12.3.1' });
      expect(await run.ended).to.include({ exit: 3, signal: null, lost: false });
      expect(said.out).to.equal(`a b c\n${lab.base.path}\nfrom a file\n`);
      expect(said.err).to.match(/^12\.3\.1\nLC_ALL=C\nPATH=[^\n]*\nPWD=[^\n]*\nRAYSERVER_ATTEMPT=12\.3\.1\n/);
    });

    it('is heard while it runs', async () => {
      const { said, run } = await lab.sh(`echo begun; ${waits}`);
      await waitUntil('its first words', () => said.out === 'begun\n');
      run.stop('at once');
      await run.ended;
    });

    it('writes into the very file that it is given', async () => {
      writeFileSync(lab.at('output'), '');
      const stdout = openSync(lab.at('output'), 'r+');
      await (await lab.sh('echo picture; echo message >&2', { stdout })).run.ended;
      const dropped = await lab.sh('echo nothing', { stdout: 'dropped' });
      await dropped.run.ended;
      expect([readFileSync(lab.at('output'), 'utf8'), dropped.said.out]).to.deep.equal(['picture\n', '']);
    });

    it('has descriptors 0, 1 and 2 only, no signal blocked or ignored, and no core file', async () => {
      const script = 'ls /proc/self/fd; grep -E "^Sig(Blk|Ign)|NoNewPrivs" /proc/self/status; ulimit -c; nice';
      const { run, said } = await lab.sh(script);
      await run.ended;
      const words = said.out.split(/\s+/);
      // 3 is the directory that ls reads.
      expect(words.slice(0, 4)).to.deep.equal(['0', '1', '2', '3']);
      const none = '0000000000000000';
      expect(words.slice(4, -1)).to.deep.equal(['SigBlk:', none, 'SigIgn:', none, 'NoNewPrivs:', '1', '0', '10']);
    });

    it('is nice towards other sessions, too', async function () {
      if (!existsSync('/proc/self/autogroup')) skip(this, 'a kernel without autogroups');
      await lab.spawner.open();
      await waitUntil('the niceness of the session', () =>
        readFileSync(`/proc/${lab.spawner.pid}/autogroup`, 'utf8').endsWith('nice 10\n'),
      );
      const { run, said } = await lab.sh('cat /proc/self/autogroup');
      await run.ended;
      expect(said.out).to.match(/nice 10\n$/);
    });

    it('has a starter that is not so nice: a start does not wait for hundreds of them', async function () {
      if (kind === 'node') skip(this, 'the niceness of the spawner in JavaScript is that of its programs');
      const { run, said } = await lab.sh('nice');
      await run.ended;
      expect([said.out, getPriority(lab.spawner.pid ?? 0)]).to.deep.equal(['10\n', getPriority()]);
    });

    it('that was killed is said to be', async () => {
      const { run } = await lab.sh('kill -SEGV $$');
      expect(await run.ended).to.include({ exit: null, signal: 'SIGSEGV', lost: false });
    });

    it('is accounted: processor time and peak memory', async () => {
      const script =
        'i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done; times; head -c 90000000 /dev/zero | tail -n 1 | wc -c';
      const { run, said } = await lab.sh(script);
      const { usage } = await run.ended;
      const [, minutes, seconds] = /^(\d+)m([\d.]+)s/.exec(said.out) ?? [];
      const told = Number(minutes) * 60 + Number(seconds);
      expect(told).to.be.above(0);
      expect(usage?.userSeconds).to.be.within(told - 0.02, told + 5);
      expect(usage?.systemSeconds).to.be.above(0);
      expect(usage?.peakBytes).to.be.within(90_000_000, 200_000_000);
      const small = await (await lab.start('true', [])).run.ended;
      // What starts a program counts as its memory, too: the C program is small, Node is not.
      expect(small.usage?.peakBytes).to.be.within(100_000, kind === 'c' ? 10_000_000 : 200_000_000);
    });

    it('that cannot be started says why', async () => {
      const why = (program: string) =>
        lab.start(program, []).then(
          async ({ run }) => `started, exit ${(await run.ended).exit}`,
          (error: Error) => error.message,
        );
      writeFileSync(lab.at('plain'), '#!/bin/sh\n', { mode: 0o644 });
      writeFileSync(lab.at('garbage'), 'garbage', { mode: 0o755 });
      mkdirSync(lab.at('bin'));
      writeFileSync(lab.at('bin/hidden'), '', { mode: 0o644 });
      expect(await why('no-such-program')).to.match(/^ENOENT: .*, program$/);
      expect(await why('./none')).to.match(/^ENOENT: .*, program$/);
      expect(await why('./plain')).to.match(/^EACCES: .*, program$/);
      // What nsenter was to start it finds out too late.
      const isLate = kind === 'node' && where === 'in a cell';
      expect(await why('./garbage')).to.match(isLate ? /^started, exit 127$/ : /^ENOEXEC: .*, program$/);
      const env = { PATH: `${lab.at('bin')}:/nonexistent:${lab.at('plain')}` };
      const hidden = await lab.start('hidden', [], { env }).catch((error: Error) => error.message);
      expect(hidden).to.match(/^EACCES: /);
      const long = await lab.start('true', ['x'.repeat(200_000)]).catch((error: Error) => error.message);
      expect(long).to.match(/^E2BIG: /);
      expect(lab.children()).to.equal('');
    });

    it('is not started where the directory or a file is another by now', async () => {
      const { dev, ino } = statSync(lab.base.path, { bigint: true });
      const here = { path: lab.base.path, device: dev, inode: ino };
      const other = { ...here, inode: ino + 1n };
      const places = { directory: here, stdin: null, stdout: null };
      const free = {
        turn: new Turn(false),
        yields: false,
        cell: lab.cell?.number ?? 0,
        confined: false,
        memory: 0,
        files: 0,
      };
      const why = (more: object) =>
        lab.spawner
          .start(
            { ...free, args: ['true'], attempt: '', env: {}, processes: null, places: () => ({ ...places, ...more }) },
            async () => {},
          )
          .then(
            () => 'started',
            (error: Error) => error.message,
          );
      expect(await why({})).to.equal('started');
      expect(await why({ directory: other })).to.match(/^ESTALE: .*, directory$/);
      expect(await why({ directory: { ...here, path: `${here.path}/none` } })).to.match(/^ESTALE: /);
      expect(await why({ directory: { ...here, path: '/proc/self/cwd' } })).to.match(/^ESTALE: /);
      expect(await why({ stdin: other })).to.match(/^ESTALE: .*, stdin$/);
      expect(await why({ stdout: other })).to.match(/^ESTALE: .*, stdout$/);
      expect(await why({ stdout: here })).to.match(/^EISDIR: .*, stdout$/);
    });

    it('waits while its flood is not heard, and memory stays bounded', async () => {
      let [taken, release] = [0, () => {}];
      const held = new Promise<void>((settle) => {
        release = settle;
      });
      const size = 30_000_000;
      const run = await lab.heard('sh', ['-c', `head -c ${size} /dev/zero >&2; echo end`], {}, async (_, portion) => {
        taken += portion.length;
        await held;
      });
      const head = await waitUntil('the program at its pipe', () =>
        lab.processes().find((pid) => readFileSync(`/proc/${pid}/wchan`, 'utf8').includes('pipe_write')),
      );
      expect(taken).to.be.below(WINDOW);
      expect(isAlive(head)).to.equal(true);
      release();
      expect(await run.ended).to.include({ exit: 0 });
      expect(taken).to.equal(size + 4);
      const status = readFileSync(`/proc/${lab.spawner.pid}/status`, 'utf8');
      expect(Number(/VmHWM:\s+(\d+)/.exec(status)?.[1])).to.be.below(kind === 'c' ? 5_000 : 200_000);
    });

    it('has no more memory and open files than it is given', async () => {
      // Node's spawner sets them when the program runs already.
      const begin = 'until [ "$(ulimit -n) $(ulimit -Hn)" = "77 77" ]; do :; done';
      const script = `${begin}; head -c 90000000 /dev/zero | tail -n 1 | wc -c`;
      const { run, said } = await lab.sh(script, { memory: 50_000_000, files: 77 });
      await run.ended;
      expect(said.out).to.equal('0\n');
      expect(said.err).to.match(/memory exhausted|annot allocate/);
    });

    it('may close its output', async () => {
      const { run, said } = await lab.sh('echo first; exec >&- 2>&-; echo 1 > on; kill -TERM $$');
      expect(await run.ended).to.include({ signal: 'SIGTERM' });
      expect([said.out, lab.number('on')]).to.deep.equal(['first\n', 1]);
    });

    it('that ignores TERM is killed after ten seconds', async () => {
      const { run } = await lab.sh(`trap "" TERM; ${waits}`);
      await pidOf('leader');
      run.stop('gently');
      lab.clock.pass(9_999);
      expect(isAlive(run.pid)).to.equal(true);
      lab.clock.pass(1);
      expect(await run.ended).to.include({ exit: null, signal: 'SIGKILL', lost: false });
      run.stop('gently');
      run.pause();
      run.resume();
    });

    describe('that waits for its turn', () => {
      let first: Started;
      const sleeper = (name: string, turn: Turn) =>
        lab.sh(`echo $$ > ${name}; exec sleep 1000`, { turn, yields: true });
      const over = async ({ run }: Started) => {
        run.stop('at once');
        return await run.ended;
      };
      const why = (start: Promise<Started>) =>
        start.then(
          ({ run }) => run.pid,
          (error: Error) => error.message,
        );
      /** Whatever the spawner was told before has been done by then. */
      const heeded = async () => expect(await (await lab.start('true', [])).run.ended).to.include({ exit: 0 });

      beforeEach(async () => {
        first = await sleeper('first', new Turn(false));
      });

      it('starts when one that gives way has ended, first come, first served', async () => {
        const turns = [new Turn(true), new Turn(true)] as const;
        const [second, third] = [sleeper('second', turns[0]), sleeper('third', turns[1])];
        await heeded();
        expect([turns[0].isCome, existsSync(lab.at('second'))], 'true gives no way').to.deep.equal([false, false]);
        await over(first);
        const after = await second;
        await heeded();
        expect(turns.map(({ isCome }) => isCome)).to.deep.equal([true, false]);
        await over(after);
        await over(await third);
        expect(turns[1].isCome).to.equal(true);
      });

      it('does not start for the end of one that was paused: its slot was given away before', async () => {
        const turn = new Turn(true);
        const second = sleeper('second', turn);
        first.run.pause();
        await over(first);
        await heeded();
        expect(turn.isCome).to.equal(false);
        turn.go();
        await over(await second);
      });

      it('starts when it is told to, once', async () => {
        const turn = new Turn(true);
        const second = sleeper('second', turn);
        await heeded();
        turn.go();
        const { run } = await second;
        await over(first);
        await heeded();
        expect(stateOf(run.pid)).not.to.equal(null);
        await over({ run, said: first.said });
      });

      it('can be kept from it until then, not later', async () => {
        const turns = [new Turn(true), new Turn(true), new Turn(true)] as const;
        const starts = turns.map((turn, i) => why(sleeper(`next${i}`, turn)));
        turns[0].cancel();
        await heeded();
        turns[1].cancel();
        expect(await Promise.all(starts.slice(0, 2))).to.deep.equal([
          'ECANCELED: operation canceled, start',
          'ECANCELED: operation canceled, system',
        ]);
        await over(first);
        // Not told of the start yet, it is asked for too late.
        turns[2].cancel();
        expect(await starts[2]).to.be.a('number');
        expect([turns[2].isCome, existsSync(lab.at('next1'))]).to.deep.equal([true, false]);
      });

      it('says so when it cannot be started, and has had its turn', async () => {
        const turn = new Turn(true);
        const missing = why(lab.start('no-such-program', [], { turn }));
        await heeded();
        await over(first);
        expect(await missing).to.match(/^ENOENT: .*, program$/);
        expect(turn.isCome).to.equal(true);
      });

      it('is lost with the spawner', async () => {
        const turn = new Turn(true);
        const second = sleeper('second', turn);
        await heeded();
        process.kill(lab.spawner.pid ?? 0, 'SIGKILL');
        expect(await second.catch((error: Error) => error)).to.be.instanceOf(LostSpawner);
        expect([turn.isCome, existsSync(lab.at('second'))]).to.deep.equal([false, false]);
      });

      it('has the variables that it was given, also when others take their number', async () => {
        const turn = new Turn(true);
        const second = lab.sh('echo $COLOUR; exec sleep 1000', { turn, env: { ...lab.env, COLOUR: 'red' } });
        for (let i = 0; i < 20; i++) {
          const other = await lab.sh('exit 0', { env: { ...lab.env, COLOUR: `${i}` } });
          await other.run.ended;
        }
        const { run, said } = await second;
        await waitUntil('its word', () => said.out);
        expect(said.out).to.equal('red\n');
        await over({ run, said });
      });
    });

    it('takes along whatever left its session, its parent and its environment', async () => {
      const { run } = await lab.sh(`${escapes('one')}; ${escapes('two')}; sleep 1000 & echo done`);
      expect(await run.ended).to.include({ exit: 0 });
      expect([lab.number('one'), lab.number('two')]).not.to.include(null);
      expect(lab.processes()).to.deep.equal([]);
      expect(lab.children()).to.equal('');
    });

    it('takes it along when it is stopped, and leaves that of others alone', async () => {
      const other = await lab.sh(`${escapes('others')}; ${waits}`);
      const others = await pidOf('others');
      const { run } = await lab.sh(`${escapes('escaped')}; ${waits}`);
      const escaped = await pidOf('escaped');
      run.stop('at once');
      expect(await run.ended).to.include({ signal: 'SIGKILL' });
      expect([stateOf(escaped), isAlive(others)]).to.deep.equal([null, true]);
      expect(await (await lab.start('true', [])).run.ended).to.include({ exit: 0 });
      expect(isAlive(others)).to.equal(true);
      other.run.stop('gently');
      expect(await other.run.ended).to.include({ signal: 'SIGTERM' });
      expect(lab.processes()).to.deep.equal([]);
    });

    it('that took off its mark is ended when nothing else runs', async () => {
      const bare = `(sh -c "echo \\$\\$ > bare; exec sleep 1000" &)`;
      const off = `ulimit -x 1; setsid sh -c '${bare}'; while [ ! -s bare ]; do :; done`;
      const { run } = await lab.start('bash', ['-c', off]);
      expect(await run.ended).to.include({ exit: 0 });
      expect(lab.number('bare')).to.be.above(0);
      expect([stateOf(lab.process('bare') ?? 0), lab.children()]).to.deep.equal([null, '']);
    });

    it('is paused and resumed with all that left it', async () => {
      const { run } = await lab.sh(`${escapes('escaped')}; ${waits}`);
      const [leader, escaped] = [await pidOf('leader'), await pidOf('escaped')];
      run.pause();
      await waitUntil('both to stop', () => stateOf(leader) === 'T' && stateOf(escaped) === 'T');
      run.resume();
      await waitUntil('both to go on', () => stateOf(leader) === 'S' && stateOf(escaped) === 'S');
      run.pause();
      await waitUntil('the leader to stop again', () => stateOf(leader) === 'T');
      run.stop('gently');
      expect(await run.ended).to.include({ signal: 'SIGTERM' });
      expect(lab.processes()).to.deep.equal([]);
    });

    it('is ended while it is paused', async () => {
      const { run } = await lab.sh(waits);
      const leader = await pidOf('leader');
      run.pause();
      await waitUntil('it to stop', () => stateOf(leader) === 'T');
      run.stop('at once');
      expect(await run.ended).to.include({ signal: 'SIGKILL' });
    });

    it('leaves no zombie and no descriptor at the spawner', async () => {
      const descriptors = async () =>
        (await runCommand('ls', [`/proc/${lab.spawner.pid}/fd`])).stdout.split('\n').length;
      const some = () => Promise.all(Array.from({ length: 10 }, async () => (await lab.sh('sleep 0 &')).run.ended));
      await some();
      const before = await descriptors();
      for (let round = 0; round < 3; round++) await some();
      expect(await descriptors()).to.equal(before);
      expect([lab.children(), lab.processes()]).to.deep.equal(['', []]);
    });

    it('is lost when the spawner is killed; nothing of it is left, and the next one starts', async () => {
      const { run } = await lab.sh(`${escapes('escaped')}; ${waits}`);
      await pidOf('leader');
      const before = lab.spawner.pid;
      process.kill(before ?? 0, 'SIGKILL');
      expect(await run.ended).to.deep.equal({ exit: null, signal: null, lost: true, outOfMemory: false, usage: null });
      expect(lab.processes().filter(isAlive)).to.deep.equal([]);
      expect(lab.log.join()).to.match(/the spawner is gone \(it ended with SIGKILL\) with [12] programs/);
      await enter();
      expect(await (await lab.sh('exit 4')).run.ended).to.include({ exit: 4 });
      expect(lab.spawner.pid).not.to.equal(before);
    });

    it('is ended, with all that left it, when nobody listens to the spawner any more', async () => {
      const { run } = await lab.sh(`${escapes('escaped')}; ${waits}`);
      await pidOf('leader');
      await lab.spawner.close();
      expect(lab.processes().filter(isAlive)).to.deep.equal([]);
      expect(await run.ended).to.include({ lost: true });
      const late = await lab.start('true', []).catch((error: Error) => error);
      expect(late).to.be.instanceOf(LostSpawner);
    });

    it('may have its processes beside all that its user has started meanwhile', async function () {
      if (process.getuid?.() !== 0) skip(this, 'only root can become a user of whom nothing else runs');
      const user = { uid: 64_124, gid: 64_124 };
      const script = join(import.meta.dirname, '../../support/crowd.js');
      const { stdout, status } = await runCommand(process.execPath, [script, kind, where], { user, cwd: '/' });
      expect([status, stdout]).to.deep.equal([0, '{"out":"on we go\\n\\n","err":""}\n']);
    });

    it('can be a fork bomb: it stays within its limit, and ends', async function () {
      if (process.getuid?.() !== 0) skip(this, 'only root can become a user of whom nothing else runs');
      const user = { uid: 64_123, gid: 64_123 };
      const script = join(import.meta.dirname, '../../support/bomb.js');
      const { stdout, stderr, status } = await runCommand(process.execPath, [script, kind, where], { user, cwd: '/' });
      expect([status, stderr.replace(/^.*[Cc]annot fork\n/gm, '')]).to.deep.equal([0, '']);
      const told = JSON.parse(stdout) as { most: number; left: number; said: string };
      // In a cell, beside what we have there.
      expect(told.most).to.be.within(20, 43);
      expect(told).to.include({ left: 0, said: 'on we go\n' });
    });
  });
}

describe('where the compiled spawner does not start', () => {
  it('Node does it, and the log says so', async () => {
    const base = new SpawnerLab(undefined, '/bin/false');
    try {
      expect(base.spawner.kind).to.equal('c');
      expect(await (await base.sh('exit 5')).run.ended).to.include({ exit: 5 });
      expect(base.spawner.kind).to.equal('node');
      expect(base.log.join()).to.match(/the compiled spawner does not start: it ended with status 1/);
    } finally {
      await base.close();
    }
  });

  it('a program of the same name that speaks otherwise is ended', async () => {
    const lab = new SpawnerLab('node');
    const strange = lab.at('strange');
    writeFileSync(strange, '#!/bin/sh\nprintf "\\11\\0\\0\\0\\1\\143\\0\\0\\0\\1\\0\\0\\0" >&3\nexec sleep 1000\n');
    chmodSync(strange, 0o755);
    const other = new SpawnerLab('c', strange);
    try {
      expect(await (await other.sh('exit 6')).run.ended).to.include({ exit: 6 });
      expect(other.log.join()).to.match(/does not start: it speaks version 99/);
    } finally {
      await Promise.all([other.close(), lab.close()]);
      rmSync(strange, { force: true });
    }
  });
});
