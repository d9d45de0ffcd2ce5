import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect } from 'chai';
import { end, host, isRoot, portOf, TestHome } from '../../support/daemon.ts';
import { run, runCommand, start, temporaryDirectory, top } from '../../support/program.ts';
import { skip } from '../../support/skip.ts';

/** What each thread of a process says of itself. */
function threadsOf(pid: number): Record<string, string>[] {
  return readdirSync(`/proc/${pid}/task`).map((thread) =>
    Object.fromEntries(
      readFileSync(`/proc/${pid}/task/${thread}/status`, 'utf8')
        .split('\n')
        .map((line) => line.split(/:\s*/))
        .map(([name, value]) => [name ?? '', (value ?? '').trim().replace(/\s+/g, ' ')]),
    ),
  );
}

function environmentOf(pid: number): Record<string, string> {
  return Object.fromEntries(
    readFileSync(`/proc/${pid}/environ`, 'utf8')
      .split('\0')
      .filter((entry) => entry !== '')
      .map((entry) => [entry.slice(0, entry.indexOf('=')), entry.slice(entry.indexOf('=') + 1)]),
  );
}

function pidIn(stdout: string): number {
  return Number(/^Rayserver ([0-9]+) /m.exec(stdout)?.[1] ?? Number.NaN);
}

/** A user in two groups, made for this run of the tests and removed after it; another run has another. */
const user = { name: `rayserver-${process.pid}`, uid: 0, gid: 0, groups: [] as number[] };
const alsoIn = `${user.name}-also`;
const number = (...words: string[]): number => Number(execFileSync('id', words, { encoding: 'utf8' }));

describe('rayserver, started by root for another user', () => {
  before(function () {
    if (!isRoot) skip(this, 'only root can switch to another user');
    execFileSync('groupadd', [alsoIn]);
    const added = ['--no-create-home', '--home-dir', '/nonexistent', '--shell', '/bin/sh', '--user-group'];
    execFileSync('useradd', [...added, '--groups', alsoIn, user.name]);
    user.uid = number('-u', user.name);
    user.gid = number('-g', user.name);
    const groups = execFileSync('id', ['-G', user.name], { encoding: 'utf8' });
    user.groups = groups.trim().split(' ').map(Number);
  });
  after(() => {
    if (!isRoot || user.uid === 0) return;
    execFileSync('userdel', [user.name]);
    execFileSync('groupdel', [alsoIn]);
  });

  let home: TestHome;
  beforeEach(() => {
    home = new TestHome();
  });
  afterEach(() => home.remove());

  it('says who it is now, gives up all rights in all threads, and has that user’s environment', async () => {
    const env = {
      NODE_OPTIONS: '--no-deprecation',
      LD_LIBRARY_PATH: '/root',
      LC_TIME: 'C',
      RAYSERVER_RETRY_SECONDS: '0',
      SECRET: 'root',
    };
    const ended = await run('rayserver', ['-u', user.name, '--home', home.path, '--port', '0'], { env });
    const pid = pidIn(ended.stdout);
    expect(ended).to.include({ status: 0, stderr: '' });
    expect(ended.stdout).to.equal(
      `Rayserver running as user "${user.name}" (${user.uid}).\n` +
        `Rayserver running as group "${user.name}" (${user.gid}).\n` +
        `Rayserver ${pid} switching to daemon mode.\n`,
    );
    for (const process of [pid, ...home.processes('procwrap')]) {
      const threads = threadsOf(process);
      expect(threads.length).to.be.greaterThan(1);
      for (const thread of threads) {
        expect(thread).to.include({
          Uid: Array(4).fill(user.uid).join(' '),
          Gid: Array(4).fill(user.gid).join(' '),
          CapPrm: '0000000000000000',
          CapEff: '0000000000000000',
          CapAmb: '0000000000000000',
        });
        expect(thread['Groups']?.split(' ').map(Number)).to.have.members(user.groups);
      }
    }
    const environment = environmentOf(pid);
    expect(environment).to.include({
      HOME: '/nonexistent',
      USER: user.name,
      LOGNAME: user.name,
      SHELL: '/bin/sh',
      PATH: '/usr/local/bin:/usr/bin:/bin',
      LC_TIME: 'C',
    });
    expect(environment).to.include({ NODE_OPTIONS: '--disable-sigusr1 --max-semi-space-size=4 --v8-pool-size=1' });
    expect(environment).to.not.have.any.keys('LD_LIBRARY_PATH', 'SECRET', 'SUDO_USER');
    expect(home.log()).to.include(`Rayserver running as user "${user.name}" (${user.uid}).\n`);
    await end(pid);
  });

  it('makes the home for that user', async () => {
    const { stdout } = await run('rayserver', ['-u', user.name, '--home', home.path, '--port', '0']);
    for (const name of ['', 'config/token', 'state', `srvlogs/${host}`]) {
      const { uid, gid } = statSync(home.file(name));
      expect([name, uid, gid]).to.deep.equal([name, user.uid, user.gid]);
    }
    await end(pidIn(stdout));
  });

  it('takes numbers, and another group', async () => {
    const gid = statSync('/').gid === 0 ? number('-g', 'nobody') : 0;
    const args = ['-u', String(user.uid), '-g', String(gid), '--home', home.path, '--port', '0'];
    const { stdout } = await run('rayserver', args);
    const [first, second] = stdout.split('\n');
    expect(first).to.equal(`Rayserver running as user "${user.name}" (${user.uid}).`);
    expect(second).to.match(new RegExp(`^Rayserver running as group ".+" \\(${gid}\\)\\.$`));
    const pid = pidIn(stdout.split('\n')[2] ?? '');
    expect(threadsOf(pid)[0]).to.include({ Gid: Array(4).fill(gid).join(' ') });
    await end(pid);
  });

  it('in the foreground, too', async () => {
    const running = start('rayserver', ['-f', '-u', user.name, '--home', home.path, '--port', '0']);
    await running.says(/^Rayserver [0-9]+ running\.$/m);
    expect(running.stdout.split('\n').slice(0, 2)).to.deep.equal([
      `Rayserver running as user "${user.name}" (${user.uid}).`,
      `Rayserver running as group "${user.name}" (${user.gid}).`,
    ]);
    for (const thread of threadsOf(running.pid)) expect(thread['Uid']).to.equal(Array(4).fill(user.uid).join(' '));
    running.kill('SIGINT');
    expect((await running.ended).status).to.equal(0);
  });

  it('takes it as done, when that user starts it himself', async () => {
    const { stdout, status } = await run('rayserver', ['-u', 'nobody', '--home', home.path, '--port', '0'], {
      user: { uid: number('-u', 'nobody'), gid: number('-g', 'nobody') },
    });
    expect(status).to.equal(0);
    expect(stdout.split('\n')[0]).to.equal(`Rayserver running as user "nobody" (${number('-u', 'nobody')}).`);
    expect(stdout.split('\n')[1]).to.match(/^Rayserver [0-9]+ switching to daemon mode\.$/);
    await end(pidIn(stdout.split('\n')[1] ?? ''));
  });

  it('binds a port below 1024 before the switch', async () => {
    const port = await freePortBelow1024();
    const { stdout, status } = await run('rayserver', ['-u', user.name, '--home', home.path, '--port', String(port)]);
    expect(status).to.equal(0);
    expect(portOf(home)).to.equal(port);
    expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).to.equal(200);
    await end(pidIn(stdout.split('\n')[2] ?? ''));
  });

  it('says which directory keeps that user from reading the program', async () => {
    const { path, remove } = temporaryDirectory();
    const closed = join(path, 'closed');
    mkdirSync(join(closed, 'rayserver/build'), { recursive: true });
    for (const name of ['bin', 'build/src', 'package.json']) {
      cpSync(join(top, name), join(closed, 'rayserver', name), { recursive: true });
    }
    symlinkSync(join(top, 'node_modules'), join(closed, 'rayserver/node_modules'));
    chmodSync(closed, 0o700);
    const program = join(closed, 'rayserver/bin/rayserver');
    const { status, stdout, stderr } = await runCommand(program, ['-u', user.name, '--home', home.path]);
    remove();
    expect({ status, stdout }).to.deep.equal({ status: 1, stdout: '' });
    expect(stderr).to.include(`User "${user.name}" cannot read the program: ${closed} is closed to others.`);
  });

  it('says so when root itself has not the right', async () => {
    const rayserver = [join(top, 'bin/rayserver'), '-u', user.name, '--home', home.path];
    for (const missing of ['-setuid', '-setuid,-setgid']) {
      const { status, stdout, stderr } = await runCommand('setpriv', [`--bounding-set=${missing}`, ...rayserver]);
      expect({ status, stdout, stderr }).to.deep.equal({
        status: 1,
        stdout: '',
        stderr: `Unable to run as user "${user.name}" (${user.uid}).\n`,
      });
    }
  });

  it('refuses a home that is not that user’s, and names the command that mends it', async () => {
    mkdirSync(home.path);
    const { status, stderr } = await run('rayserver', ['-u', user.name, '--home', home.path, '--port', '0']);
    expect(status).to.equal(1);
    expect(stderr).to.match(/^Home not writable for user "rayserver-[0-9]+": .*permission denied/);
    expect(stderr).to.include(`"chown -R ${user.name}:${user.name} ${home.path}"`);
  });

  it('does not write through a link that somebody put in place of the log', async () => {
    mkdirSync(home.file('srvlogs'), { recursive: true });
    const target = home.file('precious');
    writeFileSync(target, 'untouched\n');
    symlinkSync(target, home.logFile);
    const { status } = await run('rayserver', ['-u', 'nosuchuser', '--home', home.path]);
    expect(status).to.equal(1);
    expect(readFileSync(target, 'utf8')).to.equal('untouched\n');
  });

  it('does not read through a link that somebody put in place of the settings', async () => {
    const secret = home.file('secret');
    for (const name of ['', 'config', 'srvlogs']) {
      mkdirSync(home.file(name), { recursive: true });
      chownSync(home.file(name), user.uid, user.gid);
    }
    writeFileSync(secret, 'secret: word\n', { mode: 0o600 });
    for (const name of ['rayserver.yaml', 'hosts']) {
      symlinkSync(secret, home.file(`config/${name}`));
      const ended = await run('rayserver', ['-u', user.name, '--home', home.path, '--port', '0']);
      expect(ended).to.include({ status: 1, stdout: '' });
      expect(ended.stderr).to.equal(`${home.file(`config/${name}`)}: cannot be read: permission denied.\n`);
      rmSync(home.file(`config/${name}`));
    }
    expect(home.log()).to.not.include('word');
  });

  it('logs its errors before the switch, too, in a file of the home’s owner', async () => {
    const { stdout } = await run('rayserver', ['-u', user.name, '--home', home.path, '--port', '0']);
    await end(pidIn(stdout.split('\n')[2] ?? ''));
    execFileSync('rm', [home.logFile]);
    await run('rayserver', ['-u', 'nosuchuser', '--home', home.path]);
    expect(home.log()).to.include('error: User name "nosuchuser" not found.\n');
    expect(statSync(home.logFile).uid).to.equal(user.uid);
  });
});

async function freePortBelow1024(): Promise<number> {
  for (let port = 1023; port > 600; port--) {
    const server = createServer();
    const free = await new Promise<boolean>((tell) => {
      server.once('error', () => tell(false));
      server.listen(port, '127.0.0.1', () => tell(true));
    });
    await new Promise((done) => server.close(done));
    if (free) return port;
  }
  throw new Error('no free port below 1024');
}
