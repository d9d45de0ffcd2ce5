import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { host, isRoot, ordinaryUser, TestHome } from '../../support/daemon.ts';
import { run, top } from '../../support/program.ts';
import { skip } from '../../support/skip.ts';

describe('rayserver, called wrongly', () => {
  let home: TestHome;
  before(() => {
    home = new TestHome();
  });
  after(() => home.remove());

  const onTerminalOnly: [string[], string][] = [
    [['-u', 'a', '-u', 'b'], 'Duplicate user name argument.'],
    [['-g', 'a', '-g', 'b'], 'Duplicate group name argument.'],
    [['-m', '002', '-m', '002'], 'Duplicate umask argument.'],
    [['-f', '-d'], '-d and -f options are mutually exclusive.'],
    [['-d', '-f'], '-f and -d options are mutually exclusive.'],
    [['-x'], 'Unknown option "-x".'],
    [['-u'], 'Missing user after "-u".'],
    [['-g', '-f'], 'Missing group after "-g".'],
    [['-m'], 'Missing umask after "-m".'],
    [['-m', '0022'], 'umask must be three digits between 0 and 7.'],
  ];
  for (const [args, message] of onTerminalOnly) {
    it(`${args.join(' ')}: says so on standard error only, and ends with 1`, async () => {
      const ended = await run('rayserver', ['--home', home.path, ...args], { user: ordinaryUser });
      expect(ended).to.include({ status: 1, stdout: '', stderr: `${message}\n` });
      expect(home.log()).to.equal('');
    });
  }

  const inLogToo: [string[], string][] = [
    [['-u', 'no such user'], 'User name "no such user" not found.'],
    [['-u', ''], 'User name "" not found.'],
    [['-u', '3999999999'], 'User ID "3999999999" not found.'],
    [['-u', '1099511627776'], 'User ID "1099511627776" not found.'],
    [['-g', 'nosuchgroup'], 'group name "nosuchgroup" not found.'],
    [['-g', '3999999999'], 'group ID "3999999999" not found.'],
    [['-u', '0'], 'Rayserver does not run simulations as root. Name another user with -u.'],
    [['-u', 'root'], 'Rayserver does not run simulations as root. Name another user with -u.'],
    [['-u', 'daemon'], 'Unable to run as user "daemon" (1).'],
    [['-g', 'daemon'], 'Unable to run as group "daemon" (1).'],
  ];
  for (const [args, message] of inLogToo) {
    it(`${args.join(' ')}: says so on standard error and in the log, and ends with 1`, async () => {
      const ended = await run('rayserver', ['--home', home.path, ...args], { user: ordinaryUser });
      expect(ended).to.include({ status: 1, stdout: '', stderr: `${message}\n` });
      expect(home.log()).to.match(new RegExp(`^\\d{4}-\\d\\d-\\d\\dT\\S+ rayserver\\[${ended.pid}\\] error: `, 'm'));
      expect(home.log()).to.include(`error: ${message}\n`);
    });
  }

  it('as root without -u: does not run simulations as root', async function () {
    if (!isRoot) skip(this, 'only root can start it as root');
    const ended = await run('rayserver', ['--home', home.path]);
    expect(ended).to.include({
      status: 1,
      stdout: '',
      stderr: 'Rayserver does not run simulations as root. Name another user with -u.\n',
    });
  });

  it('with UV_USE_IO_URING and -u or -g: refuses, on standard error only', async () => {
    const before = home.log();
    for (const args of [
      ['-u', 'nobody'],
      ['-g', 'nogroup'],
    ]) {
      const env = { UV_USE_IO_URING: '1' };
      const ended = await run('rayserver', ['--home', home.path, ...args], { user: ordinaryUser, env });
      expect(ended).to.include({ status: 1, stderr: 'Unable to switch user with UV_USE_IO_URING set.\n' });
    }
    expect(home.log()).to.equal(before);
  });

  it('with a network address: names the way that is open', async () => {
    const ended = await run('rayserver', ['--home', home.path, '--listen', '0.0.0.0'], { user: ordinaryUser });
    expect(ended).to.include({ status: 1, stdout: '' });
    expect(ended.stderr).to.match(
      /^Cannot listen on "0\.0\.0\.0": without a certificate.*"rayctl --server ssh:\/\/HOST"\.\n$/,
    );
  });

  it('tells its usage and its version on standard output', async () => {
    const help = await run('rayserver', ['--help'], { user: ordinaryUser });
    expect(help).to.include({ status: 0, stderr: '' });
    expect(help.stdout).to.match(/^usage: rayserver \[-f \| -d\] \[-u user\] \[-g group\] \[-m mask\]\n/);
    const { version } = JSON.parse(readFileSync(join(top, 'package.json'), 'utf8'));
    const told = await run('rayserver', ['--version'], { user: ordinaryUser });
    expect(told).to.include({ status: 0, stderr: '', stdout: `rayserver ${version}\n` });
  });
});

describe('a home', () => {
  let home: TestHome;
  beforeEach(() => {
    home = new TestHome();
  });
  afterEach(() => home.remove());

  it('that cannot be written is named, with the command that mends it', async () => {
    const { status, stderr } = await run('rayserver', ['--home', '/proc/nowhere'], { user: ordinaryUser });
    expect(status).to.equal(1);
    expect(stderr).to.match(/^Home not writable for user ".*": \/proc\/nowhere .*chown -R .*--home\.\n$/);
  });

  for (const mask of ['777', '200', '100', '400']) {
    it(`is not made under the umask ${mask}, which the daemon could not use it with`, async () => {
      const { status, stderr } = await run('rayserver', ['--home', home.path, '-m', mask], { user: ordinaryUser });
      const message = `The umask ${mask} keeps the daemon itself from what it makes. Name one with -m that begins with 0, such as 002.\n`;
      expect({ status, stderr }).to.deep.equal({ status: 1, stderr: message });
      expect(home.log()).to.include(`error: ${message}`);
    });
  }

  it('that is too long for sockets is refused', async () => {
    const { status, stderr } = await run('rayserver', ['--home', `/tmp/${'x'.repeat(120)}`], { user: ordinaryUser });
    expect(status).to.equal(1);
    expect(stderr).to.match(/^The home ".*" is too long for sockets/);
  });

  it('is found through RAYSERVER_HOME, too', async () => {
    const { status } = await run('rayserver', ['-u', 'nosuchuser'], {
      user: ordinaryUser,
      env: { RAYSERVER_HOME: home.path },
    });
    expect(status).to.equal(1);
    expect(home.log()).to.include('User name "nosuchuser" not found.');
    expect(host).to.not.equal('');
  });
});
