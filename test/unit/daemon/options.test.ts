import { expect } from 'chai';
import fc from 'fast-check';
import { checkAddress, type Options, parseOptions } from '../../../src/daemon/options.ts';

const usual: Options = {
  foreground: false,
  part: 'server',
  user: null,
  group: null,
  mask: 0o002,
  home: null,
  port: null,
  listen: null,
  pidFile: null,
};

function read(...args: string[]): Options {
  const parsed = parseOptions(args, 'linux');
  if (parsed.is !== 'run') throw new Error(`not accepted: ${JSON.stringify(parsed)}`);
  return parsed.options;
}

function fault(...args: string[]): string {
  const parsed = parseOptions(args, 'linux');
  if (parsed.is !== 'wrong') throw new Error(`accepted: ${JSON.stringify(parsed)}`);
  expect(parsed.logged).to.equal(false);
  return parsed.message;
}

describe('the command line of rayserver', () => {
  it('without options means: in the background, as the caller, umask 002', () => {
    expect(read()).to.deep.equal(usual);
  });

  it('knows the two parts that a service manager may keep', () => {
    expect(read('--without-procwrap')).to.deep.equal({ ...usual, part: 'server only' });
    expect(read('-f', '--without-procwrap')).to.deep.equal({ ...usual, foreground: true, part: 'server only' });
    for (const words of [['--procwrap'], ['-f', '--procwrap'], ['--procwrap', '--procwrap', '-f']]) {
      expect(read(...words)).to.deep.equal({ ...usual, foreground: true, part: 'procwrap' });
    }
    const exclusive = (...words: string[]) => `${words.reverse().join(' and ')} options are mutually exclusive.`;
    for (const words of [
      ['--procwrap', '--without-procwrap'],
      ['--without-procwrap', '--procwrap'],
      ['-d', '--procwrap'],
      ['--procwrap', '-d'],
    ]) {
      expect(fault(...words)).to.equal(exclusive(...words));
    }
  });

  it('knows -f, -d, -u, -g and -m', () => {
    expect(read('-f', '-u', 'ray', '-g', 'rfusers', '-m', '027')).to.deep.equal({
      ...usual,
      foreground: true,
      user: 'ray',
      group: 'rfusers',
      mask: 0o027,
    });
    expect(read('-d')).to.deep.equal(usual);
  });

  it('takes a value that is written at its letter', () => {
    expect(read('-uray', '-grfusers', '-m077')).to.deep.equal({ ...usual, user: 'ray', group: 'rfusers', mask: 0o077 });
  });

  it('takes an empty user name, which nobody has', () => {
    expect(read('-u', '').user).to.equal('');
  });

  it('accepts the same mode twice', () => {
    expect(read('-f', '-f').foreground).to.equal(true);
    expect(read('-d', '-d').foreground).to.equal(false);
  });

  it('knows the long options, with a blank or an equals sign', () => {
    const wanted = { ...usual, home: '/srv/ray', port: 9183, listen: '::1', pidFile: '/run/r.pid' };
    expect(read('--home', '/srv/ray', '--port', '9183', '--listen', '::1', '--pid-file', '/run/r.pid')).to.deep.equal(
      wanted,
    );
    expect(read('--home=/srv/ray', '--port=9183', '--listen=::1', '--pid-file=/run/r.pid')).to.deep.equal(wanted);
  });

  it('stops reading at --help and --version', () => {
    expect(parseOptions(['-f', '--help', '-x'], 'linux')).to.deep.equal({ is: 'help' });
    expect(parseOptions(['--version', '-x'], 'linux')).to.deep.equal({ is: 'version' });
    expect(parseOptions(['-x', '--help'], 'linux')).to.have.property('is', 'wrong');
  });

  const wrong: [string[], string][] = [
    [['-u', 'a', '-u', 'b'], 'Duplicate user name argument.'],
    [['-u', 'a', '-u'], 'Duplicate user name argument.'],
    [['-ua', '-ub'], 'Duplicate user name argument.'],
    [['-g', 'a', '-g', 'b'], 'Duplicate group name argument.'],
    [['-m', '002', '-m', '002'], 'Duplicate umask argument.'],
    [['-m', '002', '-m', '9'], 'Duplicate umask argument.'],
    [['-f', '-d'], '-d and -f options are mutually exclusive.'],
    [['-d', '-f'], '-f and -d options are mutually exclusive.'],
    [['-x'], 'Unknown option "-x".'],
    [['start'], 'Unknown option "start".'],
    [[''], 'Unknown option "".'],
    [['--'], 'Unknown option "--".'],
    [['-'], 'Unknown option "-".'],
    [['-fd'], 'Unknown option "-fd".'],
    [['--foreground'], 'Unknown option "--foreground".'],
    [['--help=no'], 'Unknown option "--help=no".'],
    [['__proto__'], 'Unknown option "__proto__".'],
    [['-x', '-f', '-d'], 'Unknown option "-x".'],
    [['-f', '-d', '-x'], '-d and -f options are mutually exclusive.'],
    [['-u'], 'Missing user after "-u".'],
    [['-u', '-f'], 'Missing user after "-u".'],
    [['-u', '-'], 'Missing user after "-u".'],
    [['-g'], 'Missing group after "-g".'],
    [['-g', '-u', 'ray'], 'Missing group after "-g".'],
    [['-m'], 'Missing umask after "-m".'],
    [['-m', '-002'], 'Missing umask after "-m".'],
    [['-m', '22'], 'umask must be three digits between 0 and 7.'],
    [['-m', '0022'], 'umask must be three digits between 0 and 7.'],
    [['-m', '028'], 'umask must be three digits between 0 and 7.'],
    [['-m', ''], 'umask must be three digits between 0 and 7.'],
    [['-m', '02 '], 'umask must be three digits between 0 and 7.'],
    [['-m=002'], 'umask must be three digits between 0 and 7.'],
    [['-m', '002\n'], 'umask must be three digits between 0 and 7.'],
    [['--port', 'http'], 'port must be a number between 0 and 65535.'],
    [['--port', '65536'], 'port must be a number between 0 and 65535.'],
    [['--port', '1e3'], 'port must be a number between 0 and 65535.'],
    [['--port'], 'Missing number after "--port".'],
    [['--home'], 'Missing directory after "--home".'],
    [['--home', 'a', '--home', 'b'], 'Duplicate home argument.'],
  ];
  for (const [args, message] of wrong) {
    it(`refuses ${JSON.stringify(args)}: ${message}`, () => {
      expect(fault(...args)).to.equal(message);
    });
  }

  it('refuses a network address and names the way that is open', () => {
    for (const address of ['0.0.0.0', '192.168.0.7', '::', 'render.example.org', '128.0.0.1', '127.example.org']) {
      expect(fault('--listen', address)).to.match(/certificate.*rayctl --server ssh:\/\//);
    }
    for (const address of ['127.0.0.1', '127.1.2.3', '::1', 'localhost']) expect(checkAddress(address)).to.equal(null);
    expect(checkAddress('no where')).to.match(/is not an address/);
  });

  it('on Windows refuses -d, -u and -g, for the log, too', () => {
    for (const option of ['-d', '-u', '-g', '-uray']) {
      expect(parseOptions([option], 'win32')).to.deep.equal({
        is: 'wrong',
        message: 'Daemon mode and user/group switching not available on this platform.',
        logged: true,
        home: null,
      });
    }
  });

  it('on Windows stays in the foreground without a word', () => {
    for (const args of [[], ['-f']]) {
      expect(parseOptions(args, 'win32')).to.deep.equal({ is: 'run', options: { ...usual, foreground: true } });
    }
  });

  it('never throws, and answers with one of four kinds', () => {
    const word = fc.oneof(
      fc.constantFrom(
        '-f',
        '-d',
        '-u',
        '-g',
        '-m',
        '--home',
        '--port',
        '--listen',
        '--pid-file',
        '--help',
        '002',
        'ray',
      ),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.array(word), fc.constantFrom<NodeJS.Platform>('linux', 'win32'), (args, platform) => {
        const parsed = parseOptions(args, platform);
        if (parsed.is === 'run') expect(parsed.options.mask).to.be.within(0, 0o777);
        if (parsed.is === 'wrong') expect(parsed.message).to.not.equal('');
      }),
    );
  });
});
