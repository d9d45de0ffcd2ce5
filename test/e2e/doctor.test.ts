import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { FindingList } from '../../src/protocol/api.ts';
import { ambientHeader, ambientRecords } from '../support/ambient.ts';
import { host } from '../support/daemon.ts';
import { Lab, nobody } from '../support/lab.ts';
import { top } from '../support/program.ts';
import { skip } from '../support/skip.ts';

type Finding = FindingList['findings'][number];

/** What doctor says is done as it stands there, by whoever may; then doctor looks again. */
describe('rayctl doctor', () => {
  let lab: Lab;
  beforeEach(async () => {
    lab = await Lab.make();
  });
  afterEach(() => lab.close());

  const findings = async (...args: string[]): Promise<Finding[]> => {
    const { stdout, stderr } = await lab.rayctl('doctor', '--json', ...args);
    expect(stderr).to.equal('');
    return (JSON.parse(stdout) as FindingList).findings;
  };
  const of = (found: Finding[], what: string) => found.find((one) => one.what === what);

  /** Gives the command to a shell, as the caller of the tests; `sudo` is not there on every machine. */
  const mend = (finding: Finding | undefined) => {
    const bin = join(lab.directory, 'bin');
    mkdirSync(bin, { recursive: true });
    writeFileSync(join(bin, 'sudo'), '#!/bin/sh\nexec "$@"\n', { mode: 0o755 });
    const env = { ...process.env, PATH: `${bin}:${process.env['PATH']}` };
    const { status, stderr } = spawnSync('sh', ['-c', finding?.mend ?? 'false'], { env, encoding: 'utf8' });
    expect(status, `${JSON.stringify(finding)}: ${stderr}`).to.equal(0);
  };

  const locations = (paths: Record<string, string>) => {
    mkdirSync(join(lab.home, 'config'), { recursive: true });
    const words = Object.entries(paths).map(([name, path]) => `${name}="${path}"`);
    lab.write(join(lab.home, 'config/hosts'), `${host} 1 ${words.join(' ')}\n`);
    lab.own(lab.home);
  };

  it('looks at each location of the host as the user of simulations, and says what mends it', async () => {
    const at = (name: string) => join(lab.directory, name);
    for (const name of ['good', 'shut', 'dark', 'behind']) mkdirSync(at(name));
    mkdirSync(at('behind/volume'));
    lab.own(at('good'));
    if (nobody) lab.own(at('behind/volume'));
    writeFileSync(at('file'), '');
    chmodSync(at('shut'), 0o555);
    chmodSync(at('dark'), 0o000);
    chmodSync(at('behind'), 0o700);
    const names = { good: at('good'), none: at('none'), file: at('file'), shut: at('shut'), dark: at('dark') };
    locations({ ...names, behind: at('behind/volume') });
    await lab.startDaemon();
    const found = await findings();
    const level = (name: string) => of(found, `location ${name}`)?.level;
    expect(Object.keys(names).map(level)).to.deep.equal(['ok', 'error', 'error', 'warning', 'error']);
    expect(of(found, 'location none')?.says).to.equal(`There is no ${at('none')}.`);
    expect(of(found, 'location file')?.mend).to.equal(`"\${EDITOR:-vi}" ${join(lab.home, 'config/hosts')}`);
    if (nobody) expect(of(found, 'location behind')?.mend).to.equal(`sudo chmod o+x ${at('behind')}`);
    const mended = ['none', 'shut', 'dark', ...(nobody ? ['behind'] : [])];
    for (const name of mended) mend(of(found, `location ${name}`));
    const after = await findings();
    for (const name of mended) expect(of(after, `location ${name}`), name).to.include({ level: 'ok', mend: null });
    chmodSync(at('dark'), 0o700);
  });

  it('looks at them itself where no server runs', async () => {
    locations({ none: join(lab.directory, 'none') });
    const found = await findings();
    expect(of(found, 'location none')).to.include({ level: 'error' });
    mend(of(found, 'location none'));
    expect(of(await findings(), 'location none')?.level).to.equal('ok');
  });

  it('mends a project that came with the wrong modes, and one that is not there', async () => {
    const project = lab.project();
    chmodSync(project, 0o500);
    chmodSync(join(project, 'room.rad'), 0o400);
    await lab.startDaemon();
    const found = await findings(project);
    expect(of(found, 'files')?.level).to.equal('warning');
    expect(of(found, 'setgid')?.level).to.equal('warning');
    mend(of(found, 'files'));
    mend(of(found, 'setgid'));
    const after = await findings(project);
    expect([of(after, 'files')?.level, of(after, 'setgid')?.level]).to.deep.equal(['ok', 'ok']);
    const missing = join(lab.directory, "a room's");
    mend(of(await findings(missing), 'directory'));
    expect(of(await findings(missing), 'setgid')?.level).to.equal('ok');
  });

  it('mends an ambient file as it says, and keeps what it cuts off', async () => {
    const file = join(lab.project(), 'room.amb');
    lab.write(file, Buffer.concat([ambientHeader(), ambientRecords(5), Buffer.alloc(100)]));
    await lab.startDaemon();
    const found = of(await findings(file), 'ambient file');
    expect(found?.says).to.match(
      /room\.amb: Record 6 is damaged, at byte \d+: the last 100 of \d+ bytes are lost\. Before/,
    );
    const env = { ...process.env, PATH: `${join(top, 'bin')}:${process.env['PATH']}`, RAYSERVER_HOME: lab.home };
    const mended = spawnSync('sh', ['-c', found?.mend ?? 'false'], { env, encoding: 'utf8' });
    expect(mended.stdout).to.match(/^ok +ambient file +\S+room\.amb was cut to \d+ bytes, which is 5 sound values; /m);
    expect(readFileSync(`${file}.cut-1`)).to.deep.equal(Buffer.alloc(100));
    expect(of(await findings(file), 'ambient file')?.level).to.equal('ok');
    const shut = join(lab.directory, 'shut.amb');
    writeFileSync(shut, Buffer.concat([ambientHeader(), Buffer.alloc(70)]), { mode: 0o444 });
    const refused = of(await findings('--mend', shut), 'ambient file');
    expect(refused).to.include({ level: 'error', mend: `sudo chmod ug+w ${shut}` });
  });

  it('finds the port where the server listens, also on the other loopback address and another port', async function () {
    if (!Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === '::1')))
      skip(this, 'this machine has no address ::1');
    await lab.startDaemon(['--listen', '::1']);
    expect(of(await findings(), 'port')).to.include({ level: 'ok', says: `The server answers on port ${lab.port}.` });
  });

  it('gives every command in a form that a shell takes', async () => {
    mkdirSync(join(lab.home, 'config'));
    lab.write(join(lab.home, 'config/rayserver.yaml'), `port: ${lab.port}\nradiance: /nowhere\n`);
    lab.own(lab.home);
    await lab.startDaemon([], { env: { PATH: '/usr/bin:/bin' } });
    const here = await findings(join(lab.home, 'data'));
    await lab.stopDaemon();
    for (const { mend: command } of [...here, ...(await findings(join(lab.directory, 'none/x')))]) {
      if (command === null) continue;
      expect(spawnSync('sh', ['-n', '-c', command]).status, command).to.equal(0);
    }
    expect(of(here, 'Radiance')?.mend).to.match(/^"\$\{EDITOR:-vi\}" \S+rayserver\.yaml && kill /);
  });
});
