import { chownSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { expect } from 'chai';
import { end, host, isRoot, ordinaryUser, startBackground, TestHome } from '../../support/daemon.ts';
import { run } from '../../support/program.ts';

describe('the configuration of rayserver', () => {
  let home: TestHome;
  beforeEach(() => {
    home = new TestHome();
    mkdirSync(home.file('config'), { recursive: true, mode: 0o755 });
    mkdirSync(home.file('srvlogs'));
    if (isRoot) giveAll(home);
  });
  afterEach(() => home.remove());

  async function refused(): Promise<string> {
    const ended = await run('rayserver', ['--home', home.path, '--port', '0'], { user: ordinaryUser });
    expect(ended).to.include({ status: 1, stdout: '' });
    expect(home.log().replaceAll(/ rayserver\[[0-9]+\]/g, '')).to.include(` error: ${ended.stderr}`);
    return ended.stderr;
  }

  it('without a record of this host is refused', async () => {
    writeFileSync(home.file('config/hosts'), 'some-other-host 2 proj="/export/proj"\n');
    expect(await refused()).to.equal(`No record for host "${host}" in ${home.file('config/hosts')}.\n`);
  });

  it('that declares this host a client is refused', async () => {
    writeFileSync(home.file('config/hosts'), `${host} 0\n`);
    expect(await refused()).to.match(/has 0 processors in .*: it is declared as a client only\.\n$/);
  });

  const damaged: [string, string, RegExp][] = [
    ['hosts', `${host} many\n`, /config\/hosts:1: expected a number of processors/],
    ['hosts', `# comment\n${host} 2 proj=relative\n`, /config\/hosts:2: expected an absolute path/],
    ['hosts', '__include__ nowhere\n', /config\/hosts:1: cannot include/],
    ['rayserver.yaml', 'port: none\n', /config\/rayserver\.yaml:1: expected/],
    ['rayserver.yaml', '\nprot: 9182\n', /config\/rayserver\.yaml:2: unknown setting "prot"/],
    ['rayserver.yaml', 'listen: 0.0.0.0\n', /without a certificate/],
  ];
  for (const [name, text, message] of damaged) {
    it(`${name} with ${JSON.stringify(text)} is refused with its place`, async () => {
      writeFileSync(home.file('config', name), text);
      expect(await refused()).to.match(message);
    });
  }

  it('with a token that is none is refused', async () => {
    writeFileSync(home.file('config/token'), 'x\n');
    if (isRoot) giveAll(home);
    expect(await refused()).to.match(/config\/token:1: expected a token of 32 or more/);
    expect(readFileSync(home.file('config/token'), 'utf8')).to.equal('x\n');
  });

  it('beside a state file that is none is refused in one line of the log', async () => {
    mkdirSync(home.file('state/rayserver.db'), { recursive: true });
    if (isRoot) giveAll(home);
    expect(await refused()).to.equal(
      `The state file ${home.file('state/rayserver.db')} is no regular file. Move it away.\n`,
    );
    expect(home.log().match(/ error: /g)).to.have.length(1);
  });

  it('gives the host its name and slots from its own record, whatever the case of its name', async () => {
    writeFileSync(home.file('config/hosts'), `${hostname().toUpperCase()} 7\n`);
    const { pid } = await startBackground(home);
    const log = readFileSync(home.file('srvlogs', hostname().toUpperCase()), 'utf8');
    expect(log).to.include(`host ${hostname().toUpperCase()}, 7 slots, umask 002`);
    await end(pid);
  });
});

function giveAll(home: TestHome): void {
  const all = ['', ...readdirSync(home.path, { recursive: true, encoding: 'utf8' })];
  for (const name of all) chownSync(home.file(name), ordinaryUser.uid, ordinaryUser.gid);
}
