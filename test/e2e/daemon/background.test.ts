import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect } from 'chai';
import { commandOf, end, host, isRoot, ordinaryUser, portOf, startBackground, TestHome } from '../../support/daemon.ts';
import { isAlive, Running, run, runCommand, top } from '../../support/program.ts';
import { skip } from '../../support/skip.ts';
import { waitUntil } from '../../support/wait-until.ts';

describe('rayserver in the background', () => {
  let home: TestHome;
  beforeEach(() => {
    home = new TestHome();
  });
  afterEach(() => home.remove());

  it('names the pid of the daemon, which serves when the prompt is back', async () => {
    const { pid, stdout, stderr } = await startBackground(home);
    const { status } = await fetch(`http://127.0.0.1:${portOf(home)}/healthz`);
    expect(status).to.equal(200);
    expect(stdout).to.equal(`Rayserver ${pid} switching to daemon mode.\n`);
    expect(stderr).to.equal('');
    expect(commandOf(pid)[1]).to.match(/\/server\/start\.js$/);
    expect(readFileSync(home.file('run/rayserver.pid'), 'utf8')).to.equal(`${pid}\n`);
    expect(home.log()).to.include(`rayserver[${pid}] info: Rayserver ${pid} running.\n`);
    await end(pid);
  });

  it('is in a session of its own, in /, without the terminal', async () => {
    const { pid } = await startBackground(home);
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/.*\) /, '').split(' ');
    expect({ group: fields[2], session: fields[3], terminal: fields[4] }).to.deep.equal({
      group: String(pid),
      session: String(pid),
      terminal: '0',
    });
    if (isRoot) {
      // Its entries in /proc are closed to its own user.
      expect(readlinkSync(`/proc/${pid}/cwd`)).to.equal('/');
      expect([0, 1, 2].map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`))).to.deep.equal([
        '/dev/null',
        '/dev/null',
        home.logFile,
      ]);
    } else console.log('      skipped in part: only root can look at its descriptors');
    expect(readFileSync(`/proc/${pid}/status`, 'utf8')).to.match(/^Umask:\t0002$/m);
    await end(pid);
  });

  it('closes its entries in /proc to its own user', async () => {
    const { pid } = await startBackground(home);
    expect(statSync(`/proc/${pid}/environ`).uid).to.equal(0);
    await end(pid);
  });

  it('ends by TERM, says so in the log, and leaves only its files', async () => {
    const { pid } = await startBackground(home);
    const port = portOf(home);
    await end(pid);
    expect(home.log()).to.include(`rayserver[${pid}] info: *System Exit* (caught signal 15)\n`);
    expect(readdirSync(home.file('run')).sort()).to.deep.equal(['inner']);
    await listensOn(port);
  });

  it('leaves the port free when it is killed, whatever it has started', async () => {
    const { pid } = await startBackground(home);
    const port = portOf(home);
    await end(pid, 'SIGKILL');
    expect(home.processes('procwrap')).to.have.lengthOf(1);
    await listensOn(port);
  });

  it('takes its mask from -m', async () => {
    const { pid } = await startBackground(home, ['-m', '027']);
    expect(readFileSync(`/proc/${pid}/status`, 'utf8')).to.match(/^Umask:\t0027$/m);
    expect(statSync(home.logFile).mode & 0o777).to.equal(0o640);
    await end(pid);
  });

  it('makes a home that is closed where it must be', async () => {
    const { pid } = await startBackground(home);
    const modes = ['', 'config', 'config/token', 'srvlogs', 'state', 'data', 'run', 'run/inner', `srvlogs/${host}`].map(
      (name) => [name, (statSync(home.file(name)).mode & 0o7777).toString(8)],
    );
    expect(Object.fromEntries(modes)).to.deep.equal({
      '': '755',
      config: '755',
      'config/token': '640',
      srvlogs: '755',
      state: '700',
      data: '755',
      run: '750',
      'run/inner': '700',
      [`srvlogs/${host}`]: '664',
    });
    expect(readFileSync(home.file('config/token'), 'utf8')).to.match(/^[A-Za-z0-9_-]{43}\n$/);
    await end(pid);
  });

  it('keeps its token', async () => {
    const first = await startBackground(home);
    const token = readFileSync(home.file('config/token'), 'utf8');
    await end(first.pid);
    const second = await startBackground(home);
    expect(readFileSync(home.file('config/token'), 'utf8')).to.equal(token);
    await end(second.pid);
  });

  it('writes the file of --pid-file, and removes it', async () => {
    const file = `${home.path}.pid`;
    const { pid } = await startBackground(home, ['--pid-file', file]);
    expect(readFileSync(file, 'utf8')).to.equal(`${pid}\n`);
    const args = ['--home', home.path, '--port', '0', '--pid-file', file];
    expect(await run('rayserver', args, { user: ordinaryUser })).to.include({ status: 1 });
    expect(readFileSync(file, 'utf8')).to.equal(`${pid}\n`);
    await end(pid);
    expect(existsSync(file)).to.equal(false);
  });

  it('that dies before it serves is reported, with the place of the log', async () => {
    const preload = join(top, 'test/fixtures/daemon/die-as-server.cjs');
    const { status, stdout, stderr } = await run('rayserver', ['--home', home.path, '--port', '0'], {
      user: ordinaryUser,
      env: { NODE_OPTIONS: `--require=${preload}` },
    });
    expect({ status, stdout, stderr }).to.deep.equal({
      status: 1,
      stdout: '',
      stderr: `Rayserver ended before it was ready. See ${home.logFile}.\n`,
    });
  });

  it('keeps no descriptor that the caller had left open', async () => {
    const args = `exec 7</etc/passwd 200</etc/passwd; exec ${top}/bin/rayserver --home ${home.path} --port 0`;
    const { status, stdout } = await runCommand('/bin/bash', ['-c', args], { user: ordinaryUser });
    expect(status).to.equal(0);
    const pid = Number(/ ([0-9]+) /.exec(stdout)?.[1]);
    if (isRoot) {
      for (const process of [pid, ...home.processes('procwrap')]) {
        const open = readdirSync(`/proc/${process}/fd`).map((fd) => readlinkSync(`/proc/${process}/fd/${fd}`));
        expect(open).to.not.include('/etc/passwd');
      }
    } else console.log('      skipped in part: only root can look at its descriptors');
    await end(pid);
  });

  it('tells the log of the system, once, that its own cannot be written', async function () {
    if (!isRoot || existsSync('/dev/log')) skip(this, 'needs root and a machine where nothing listens on /dev/log');
    const listener = new Running('python3', [join(top, 'test/fixtures/daemon/system-log.py')], {});
    try {
      await listener.says('listening');
      mkdirSync(home.file('srvlogs', host), { recursive: true });
      execFileSync('chown', ['-R', `${ordinaryUser.uid}:${ordinaryUser.gid}`, home.path]);
      const { pid, stderr } = await startBackground(home);
      expect(stderr).to.equal('');
      await listener.says(`Cannot write the log ${home.logFile}: it is a directory.`);
      await end(pid);
      expect(listener.stdout.match(new RegExp(`rayserver\\[${pid}\\]: Cannot write`, 'g'))).to.have.lengthOf(1);
    } finally {
      listener.kill('SIGTERM');
      await listener.ended;
    }
  });

  it('refuses a pid file that it cannot write', async () => {
    const args = ['--home', home.path, '--pid-file', '/proc/nowhere/r.pid'];
    const { status, stderr } = await run('rayserver', args, { user: ordinaryUser });
    expect({ status, stderr }).to.deep.equal({
      status: 1,
      stderr: 'Cannot write the pid file /proc/nowhere/r.pid: there is no such directory.\n',
    });
  });

  for (const [content, why] of [
    ['important\n', 'it holds something else'],
    ['12345678\n', 'it holds something else'],
    ['12\n34\n', 'it holds something else'],
  ] as const) {
    it(`refuses a pid file that holds ${JSON.stringify(content)}, and leaves it alone`, async () => {
      const file = `${home.path}.pid`;
      writeFileSync(file, content);
      chmodSync(file, 0o666);
      const args = ['--home', home.path, '--port', '0', '--pid-file', file];
      const { status, stderr } = await run('rayserver', args, { user: ordinaryUser });
      expect({ status, stderr }).to.deep.equal({ status: 1, stderr: `Cannot write the pid file ${file}: ${why}.\n` });
      expect(readFileSync(file, 'utf8')).to.equal(content);
    });
  }

  it('refuses a pid file that has other names, and takes one that a daemon left behind', async () => {
    const file = `${home.path}.pid`;
    writeFileSync(file, '4194304\n');
    chmodSync(file, 0o666);
    linkSync(file, `${file}.2`);
    const args = ['--home', home.path, '--port', '0', '--pid-file', file];
    const { stderr } = await run('rayserver', args, { user: ordinaryUser });
    expect(stderr).to.equal(`Cannot write the pid file ${file}: it has other names, too.\n`);
    expect(readFileSync(file, 'utf8')).to.equal('4194304\n');
    rmSync(`${file}.2`);
    const { pid } = await startBackground(home, ['--pid-file', file]);
    expect(readFileSync(file, 'utf8')).to.equal(`${pid}\n`);
    await end(pid);
  });

  it('makes a pid file that everybody can read, whatever the umask of the caller', async () => {
    const file = `${home.path}.pid`;
    const args = `umask 077; exec ${top}/bin/rayserver --home ${home.path} --port 0 --pid-file ${file}`;
    const { status, stdout } = await runCommand('/bin/sh', ['-c', args], { user: ordinaryUser });
    expect(status).to.equal(0);
    expect(statSync(file).mode & 0o777).to.equal(0o644);
    await end(Number(/ ([0-9]+) /.exec(stdout)?.[1]));
  });

  it('says at once what lies in the place of a socket', async () => {
    const { pid } = await startBackground(home);
    await end(pid);
    await waitUntil('the end of procwrap', () => home.processes().length === 0);
    for (const name of ['run/inner/procwrap.sock', 'run/submit.sock']) {
      writeFileSync(home.file(name), '');
      const { status, stderr } = await run('rayserver', ['--home', home.path, '--port', '0'], {
        user: ordinaryUser,
        // Half a minute is between two tries.
        milliseconds: 28_000,
      });
      const message = `${home.file(name)} is in the way and is not a socket. Move it away.\n`;
      expect({ status, stderr }).to.deep.equal({ status: 1, stderr: message });
      expect(home.log()).to.include(`error: ${message}`);
      expect(home.processes('procwrap')).to.deep.equal([]);
      rmSync(home.file(name));
    }
  });

  it('refuses a home that another daemon uses, on the terminal of the caller and in the log', async () => {
    const { pid } = await startBackground(home);
    const args = ['--home', home.path, '--port', '0'];
    const { status, stdout, stderr } = await run('rayserver', args, { user: ordinaryUser });
    const message = `Another Rayserver uses the home ${home.path}. Stop it, or name another with --home.\n`;
    expect({ status, stdout, stderr }).to.deep.equal({ status: 1, stdout: '', stderr: message });
    expect(home.log()).to.include(`error: ${message}`);
    expect(isAlive(pid)).to.equal(true);
    await end(pid);
  });

  it('goes on in a new log when the old one is renamed or removed', async () => {
    const { pid } = await startBackground(home);
    const port = portOf(home);
    renameSync(home.logFile, `${home.logFile}.1`);
    await fetch(`http://127.0.0.1:${port}/healthz`);
    await home.logs('/healthz');
    rmSync(home.logFile);
    await fetch(`http://127.0.0.1:${port}/healthz`);
    await home.logs('/healthz');
    expect(Number.isNaN(portOf(home))).to.equal(true);
    process.kill(pid, 'SIGHUP');
    await home.logs('caught signal 1');
    if (isRoot) expect(readlinkSync(`/proc/${pid}/fd/2`)).to.equal(home.logFile);
    await end(pid);
  });
});

/** Waits until the port is free: the threads of a killed process do not all end at once. */
async function listensOn(port: number): Promise<void> {
  await waitUntil(`port ${port} to be free`, async () => {
    const server = createServer();
    const free = await new Promise<boolean>((tell) => {
      server.once('error', () => tell(false));
      server.listen(port, '127.0.0.1', () => tell(true));
    });
    await new Promise((done) => server.close(done));
    return free;
  });
}
