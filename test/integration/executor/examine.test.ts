import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { examine } from '../../../src/executor/examine.ts';
import type { Host } from '../../../src/executor/host.ts';
import { findRadiance, packageDirectory, simulationEnvironment } from '../../../src/executor/installation.ts';
import type { Finding, LocationPlace } from '../../../src/protocol/inner.ts';
import { fixtures, handHost, settings, temporary } from '../../support/executor.ts';

describe('the doctor on a host', () => {
  let base: ReturnType<typeof temporary>;
  const home = () => join(base.path, 'home');
  const look = (directory: string | null, host: Host, locations: LocationPlace[] = []) =>
    examine({ directory, mend: null, locations }, host);
  const find = (findings: readonly Finding[], what: string) => findings.find((finding) => finding.what === what);

  beforeEach(() => {
    base = temporary('examine');
    mkdirSync(home());
  });
  afterEach(() => base[Symbol.dispose]());

  it('names the version of Radiance and where it is', async () => {
    const radiance = find(await look(null, handHost(home())), 'Radiance');
    expect(radiance).to.deep.equal({
      what: 'Radiance',
      level: 'ok',
      says: `RADIANCE 6.0a, ${join(fixtures, 'bin/rpict')}`,
      mend: null,
    });
  });

  it('says how to get Radiance', async () => {
    const bare = { PATH: '/nowhere:relative' };
    const none = findRadiance(null, bare, '/nowhere');
    const unset = { ...settings, radiance: null };
    const missing = find(await look(null, { ...handHost(home()), settings: unset, installation: none }), 'Radiance');
    expect(missing).to.include({ level: 'error', says: 'Not found: there is no program rpict in PATH.' });
    expect(missing?.mend).to.equal(join(packageDirectory(), 'scripts/setup'));
    const wrong = findRadiance('/nowhere', process.env, '/nowhere');
    const named = find(await look(null, { ...handHost(home()), installation: wrong }), 'Radiance');
    expect(named?.says).to.match(/the setting "radiance" names \/nowhere, but there is no program bin\/rpict in it/);
    const broken = findRadiance(join(fixtures, 'badrad'), bare, '/nowhere');
    const env = simulationEnvironment(broken, bare);
    expect(find(await look(null, { ...handHost(home()), installation: broken, env }), 'Radiance')).to.include({
      level: 'error',
    });
  });

  it('looks in PATH, and then beside the program', () => {
    const inPath = findRadiance(null, { PATH: `/nowhere:${fixtures}/bin` }, '/nowhere');
    expect(inPath).to.deep.equal({ found: true, directory: null, rpict: `${fixtures}/bin/rpict` });
    mkdirSync(join(base.path, '.radiance'));
    symlinkSync(join(fixtures, 'bin'), join(base.path, '.radiance/bin'));
    const beside = findRadiance(null, { PATH: '/nowhere' }, base.path);
    const directory = join(base.path, '.radiance');
    expect(beside).to.deep.equal({ found: true, directory, rpict: join(directory, 'bin/rpict') });
    const env = simulationEnvironment(beside, { PATH: '/usr/bin:/nowhere', HOME: '/h', TOKEN: 'secret' });
    expect(env).to.deep.equal({
      PATH: `${join(directory, 'bin')}:/usr/bin`,
      RAYPATH: `.:${join(directory, 'lib')}`,
      LC_ALL: 'C',
      HOME: '/h',
    });
  });

  it('puts no other Radiance in the place of one that the setting does not find', () => {
    mkdirSync(join(base.path, 'tools'));
    const env = { PATH: `${join(fixtures, 'bin')}:${join(base.path, 'tools')}` };
    const wrong = findRadiance('/nowhere', env, '/nowhere');
    expect(simulationEnvironment(wrong, env)['PATH']).to.equal(join(base.path, 'tools'));
    const only = { PATH: join(fixtures, 'bin') };
    expect(simulationEnvironment(wrong, only)['PATH']).to.equal('/nonexistent');
  });

  it('knows who runs simulations, and with which umask', async () => {
    const old = process.umask(0o022);
    try {
      const findings = await look(null, handHost(home()));
      expect(find(findings, 'umask')).to.deep.include({ level: 'warning' });
      expect(find(findings, 'umask')?.mend).to.match(/^kill .* && rayserver --home .*home -m 002$/);
      expect(find(findings, 'user')?.says).to.match(/^Simulations run as \S+, groups \S+/);
      expect(find(findings, 'user')?.level).to.equal(process.getuid?.() === 0 ? 'error' : 'ok');
      process.umask(0o002);
      expect(find(await look(null, handHost(home())), 'umask')?.level).to.equal('ok');
    } finally {
      process.umask(old);
    }
  });

  it('recognises files that came through Samba without write permission for the group', async () => {
    const project = join(base.path, 'room');
    mkdirSync(join(project, 'scene'), { recursive: true });
    chmodSync(project, 0o775);
    chmodSync(join(project, 'scene'), 0o775);
    writeFileSync(join(project, 'scene/room.rad'), '');
    chmodSync(join(project, 'scene/room.rad'), 0o644);
    const findings = await look(project, handHost(home()));
    const files = find(findings, 'files');
    expect(files?.says).to.include(
      `1 file or directory has no write permission for the group, such as ${project}/scene/room.rad.`,
    );
    expect(files?.says).to.match(/smb\.conf.*create mask = 664.*directory mask = 775/);
    expect(files?.mend).to.equal(`chmod -R g+rwX ${project}`);
    expect(find(findings, 'setgid')).to.include({
      level: 'warning',
      mend: `find ${project} -type d -exec chmod g+s {} +`,
    });
    expect(find(findings, 'directory')?.level).to.equal('ok');
    expect(find(findings, 'group')?.level).to.equal('ok');
    expect(find(findings, 'locks')?.level).to.equal('ok');
    chmodSync(join(project, 'scene/room.rad'), 0o664);
    chmodSync(project, 0o2775);
    const mended = await look(project, handHost(home()));
    expect(mended.filter(({ what }) => what === 'files' || what === 'setgid').map(({ level }) => level)).to.deep.equal([
      'ok',
      'ok',
    ]);
  });

  it('names a directory that is not there, is a file, or lies in the home', async () => {
    const says = async (path: string) => find(await look(path, handHost(home())), 'directory')?.says;
    expect(await says(join(base.path, 'none'))).to.equal(`${join(base.path, 'none')}: there is no such directory.`);
    writeFileSync(join(base.path, 'file'), '');
    expect(await says(join(base.path, 'file'))).to.equal(
      `${join(base.path, 'file')} is neither a directory nor an ambient file.`,
    );
    expect(await says(home())).to.match(/lies in the home of rayserver/);
  });
});
