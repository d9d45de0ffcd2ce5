import { expect } from 'chai';
import { homeAt } from '../../../src/config/home.ts';
import { readHosts } from '../../../src/config/hosts.ts';
import { readSettings } from '../../../src/config/settings.ts';
import { describeType, settingsTable, written } from '../../../src/config/table.ts';
import { messages } from '../../../src/daemon/messages.ts';
import { usage } from '../../../src/daemon/usage.ts';
import { endingSignals } from '../../../src/unix/signals.ts';
import { displays, itemsOf, type Page, readPage, sectionOf, squeezed, wholeSection } from '../../support/mdoc.ts';
import { quoted, source, sources, templateOf } from '../../support/sources.ts';

const daemon = readPage('rayserver.8');
const configuration = readPage('rayserver.conf.5');

describe('rayserver(8) and the daemon', () => {
  const told = itemsOf(wholeSection(daemon, 'DIAGNOSTICS'), 'Sy');

  for (const [key, message] of Object.entries(messages)) {
    it(`explains the message ${key}`, () => {
      const pattern = patternOf(message);
      expect(
        told.some((text) => pattern.test(text)),
        `${pattern} among\n${told.join('\n')}`,
      ).to.equal(true);
    });
  }

  it('explains no message that the daemon has not', () => {
    const patterns = Object.values(messages).map(patternOf);
    const texts = sources();
    const isSaid = (text: string) =>
      patterns.some((one) => one.test(text)) || texts.some((source) => templateOf(text).test(source));
    expect(told.filter((text) => !text.startsWith('<file>') && !isSaid(text))).to.deep.equal([]);
  });

  it('explains what else the server gives up on', () => {
    const files = ['daemon/serve', 'protocol/socket-path', 'server/farm', 'store/sqlite-file', 'store/migrations'];
    const said = files.flatMap((name) => sentencesIn(source(`${name}.ts`)));
    expect(said).to.have.length.greaterThan(10);
    const patterns = said.map(sentencePattern);
    expect(patterns.filter((one) => !told.some((text) => one.test(text))).map(String)).to.deep.equal([]);
  });

  it('has the messages of the daemon that it follows, to the letter', () => {
    expect(told).to.include.members([
      'Daemon mode and user/group switching not available on this platform.',
      'Duplicate user name argument.',
      'Duplicate group name argument.',
      'Duplicate umask argument.',
      '-d and -f options are mutually exclusive.',
      '-f and -d options are mutually exclusive.',
      'Unknown option "<option>".',
      'Missing user after "-u".',
      'Missing group after "-g".',
      'Missing umask after "-m".',
      'umask must be three digits between 0 and 7.',
      'User name "<user>" not found.',
      'User ID "<UID>" not found.',
      'Unable to run as user "<user>" (<UID>).',
      'group name "<group>" not found.',
      'group ID "<GID>" not found.',
      'Unable to run as group "<group>" (<GID>).',
      "Socket Error: (98, 'Address already in use')",
      'retrying in 30 secs...',
      '*User Interrupt*',
      '*System Exit*',
    ]);
  });

  it('has every option of --help, and no other', () => {
    const helped = [...usage.matchAll(/^ +(-[a-z-]+)/gm)].map(([, option]) => option);
    expect(new Set(optionsOf(sectionOf(daemon, 'DESCRIPTION')))).to.deep.equal(new Set(helped));
  });

  it('has every option in the synopsis', () => {
    const synopsis = squeezed(sectionOf(daemon, 'SYNOPSIS'));
    for (const option of optionsOf(sectionOf(daemon, 'DESCRIPTION')).filter((one) => one !== '-d')) {
      expect(synopsis).to.include(`Fl ${option.slice(1)}`);
    }
  });

  it('shows the lines of the foreground as the daemon prints them', () => {
    const shown = displays(sectionOf(daemon, 'DESCRIPTION/Starting the daemon')).flatMap((text) => text.split('\n'));
    expect(shown).to.include.members([
      messages.channel('8116040'),
      messages.started(9182),
      messages.running(32396),
      messages.runningAsUser('ray', 500),
      messages.runningAsGroup('rfusers', 100),
      messages.switching(32451),
    ]);
  });

  it('names the longest path that a home may have', () => {
    const longest = 107 - Buffer.byteLength(homeAt('/').procwrapSocket);
    expect(daemon.text).to.include(`may have ${longest} bytes at most`);
  });

  it('names every file of the home', () => {
    const home = homeAt('/');
    const files = [home.hostsFile, home.settingsFile, home.tokenFile, home.submitSocket, home.pidFile];
    const directories = [home.logs, home.state, home.inner];
    const named = sectionOf(daemon, 'FILES')
      .filter((line) => line.startsWith('.It Pa'))
      .join('\n');
    for (const path of [...files, ...directories]) expect(named).to.include(path.slice(1));
  });

  it('names every variable of the environment that the program reads, in one of the pages', () => {
    const read = new Set(
      sources().flatMap((text) => [...text.matchAll(/env\['([A-Z_]+)'\]/g)].map(([, name]) => name)),
    );
    const internal = ['_DAEMONIZE_PROCESS', 'RAYSERVER_HANDOVER', 'HOME'];
    const pages = [daemon, readPage('rayctl.1')].map((page) => squeezed(sectionOf(page, 'ENVIRONMENT'))).join(' ');
    const missing = [...read].filter((name) => !internal.includes(name ?? '') && !pages.includes(`.It Ev ${name}`));
    expect(missing).to.deep.equal([]);
  });

  it('names every signal that stops the daemon in good order, and no other', () => {
    const [inOrder = '', others = ''] = squeezed(sectionOf(daemon, 'DESCRIPTION/Signals')).split('SIGPIPE is ignored.');
    expect(new Set(inOrder.match(/SIG[A-Z0-9]+/g))).to.deep.equal(new Set([...endingSignals, 'SIGHUP']));
    for (const ignored of ['SIGKILL', 'SIGSEGV', 'real-time']) expect(others).to.include(ignored);
  });

  it('gives the lines for Samba', () => {
    const shown = displays(sectionOf(daemon, 'DESCRIPTION/Working with Samba')).join('\n');
    expect(shown).to.include('create mask 664\ndirectory mask 775').and.include('create mask 774\ndirectory mask 775');
  });
});

describe('rayserver.conf(5) and the settings', () => {
  const section = sectionOf(configuration, 'DESCRIPTION/Settings: rayserver.yaml');
  const text = squeezed(section);

  for (const [key, { type, default: value, orNull, sentence }] of Object.entries(settingsTable)) {
    it(`has ${key} with sentence, type and default`, () => {
      expect(text).to.include(
        `.It Ic ${key} ${sentence} Type: ${describeType(type, orNull)}. Default: ${written(value)}.`,
      );
    });
  }

  it('has no other setting', () => {
    expect(itemsOf(section, 'Ic')).to.have.members(Object.keys(settingsTable));
  });

  it('shows settings that the daemon takes', () => {
    const [dotted = '', nested = ''] = displays(section);
    expect(readSettings(dotted, 'dotted')).to.deep.equal(readSettings(nested, 'nested'));
    const [example = ''] = displays(sectionOf(configuration, 'EXAMPLES'));
    expect(readSettings(example, 'example')).to.include({ radiance: '/usr/local/radiance' });
    expect(readSettings(example, 'example').plan).to.deep.equal({ seconds: 300 });
  });

  it('shows a hosts file that the daemon takes', () => {
    const [, example = ''] = displays(sectionOf(configuration, 'EXAMPLES'));
    const files: Record<string, string> = { '/home/config/hosts': example, '/home/config/hosts.studio': '' };
    const { hosts, files: read } = readHosts('/home/config/hosts', (path) => files[path] ?? '');
    expect(read).to.deep.equal(Object.keys(files));
    expect(hosts.map(({ name, cpus }) => [name, cpus])).to.deep.equal([
      ['sun', 8],
      ['moon', 2],
      ['venus', 0],
    ]);
    expect(hosts[1]?.locations).to.deep.equal([
      { name: 'proj', path: '/net/sun/proj' },
      { name: 'archive', path: '/net/sun/old projects' },
    ]);
    expect(hosts[2]?.locations).to.deep.equal([{ name: 'proj', path: 'P:\\proj' }]);
  });

  it('explains messages that the configuration really has', () => {
    const wrong: Record<string, () => unknown> = {
      'expected a host name, not "<word>".': hosts('sun,moon 2'),
      'expected a number of processors from 0 to 1024 after "<hostname>".': hosts('sun'),
      'expected location="local path", not "<word>".': hosts('sun 2 proj'),
      'location "<name>" is given a second time for this host.': hosts('sun 2 p=/a p=/b'),
      'expected an absolute path for location "<name>", not "<path>".': hosts('sun 2 p=a'),
      'expected a closing " on the same line.': hosts('sun 2 p="/a'),
      'expected a host name at the beginning of the line.': hosts(' sun 2'),
      'cannot include "<file>": <reason>': hosts('__include__ other'),
      'unknown setting "<name>"; expected one of <settings>.': () => readSettings('prot: 1', 'settings'),
      'expected <type> for "<setting>", not <value>.': () => readSettings('port: ten', 'settings'),
      '"<setting>" is set a second time.': () => readSettings('plan.seconds: 1\nplan:\n  seconds: 2', 'settings'),
    };
    for (const [message, deed] of Object.entries(wrong)) expect(deed, message).to.throw(asPattern(message));
    expect(itemsOf(sectionOf(configuration, 'DIAGNOSTICS'), 'Sy')).to.have.members(Object.keys(wrong));
  });
});

function hosts(text: string): () => unknown {
  return () =>
    readHosts('/hosts', (path) => {
      if (path === '/hosts') return text;
      throw new Error('no such file.');
    });
}

/** `<name>` stands for anything. */
function asPattern(message: string): RegExp {
  return new RegExp(
    message
      .split(/<[a-z]+>/)
      .map(quoted)
      .join('.+'),
  );
}

/** Matches the message whatever its variable parts are. */
function patternOf(message: string | ((...facts: never[]) => string)): RegExp {
  const hole = '\u0001';
  const text =
    typeof message === 'string' ? message : (message as (...facts: string[]) => string)(hole, hole, hole, hole);
  return new RegExp(`^${text.split(hole).map(quoted).join('.+')}$`);
}

/** Texts of errors, messages and tables of sentences that are sentences already: whatever ends in a full stop. */
function sentencesIn(source: string): string[] {
  const found = source.matchAll(/(?:Error\(|message:|=>)\s*(['`])((?:(?!\1).)+\.)\1/g);
  return [...found].map(([, , text]) => text ?? '').filter((text) => !/^Cannot \$\{deed\}/.test(text));
}

function sentencePattern(text: string): RegExp {
  return new RegExp(
    `^${text
      .split(/"?\$\{.+?\}"?/)
      .map(quoted)
      .join('.+')}$`,
  );
}

/** As `-u` and `--home`, from `.It Fl` items. */
function optionsOf(lines: Page['lines']): string[] {
  return lines.flatMap((line) => [...(/^\.It Fl (\S+)/.exec(line)?.slice(1) ?? [])]).map((name) => `-${name}`);
}
