import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { runCommand, temporaryDirectory, top } from '../../support/program.ts';

const install = join(top, 'scripts/install');

describe('scripts/install', () => {
  let place: { path: string; remove: () => void };
  beforeEach(() => {
    place = temporaryDirectory();
  });
  afterEach(() => place.remove());

  it('copies a program that runs, belongs to who installed it, and has nothing in common with the clone', async () => {
    const to = join(place.path, 'rayserver');
    const { status, stderr } = await runCommand('/bin/sh', ['-c', 'umask 077; exec "$0" "$1"', install, to]);
    expect([status, stderr]).to.deep.equal([0, '']);
    const { stdout } = await runCommand(join(to, 'bin/rayserver'), ['--version'], { env: { PATH: '/usr/bin:/bin' } });
    expect(stdout).to.match(/^rayserver [0-9.]+\n$/);
    const script = 'build/src/bin/rayserver.js';
    expect(statSync(join(to, script)).ino).not.to.equal(statSync(join(top, script)).ino);
    for (const file of files(to)) {
      expect(file.uid, file.path).to.equal(process.getuid?.());
      expect(file.mode & 0o022, file.path).to.equal(0);
      expect(file.mode & 0o044, file.path).to.equal(0o044);
    }
    for (const part of ['config/hosts.dst', 'examples/livingroom/livingroom.rif', 'man/rayserver.8', 'openapi.json']) {
      expect(statSync(join(to, part)).isFile(), part).to.equal(true);
    }
    expect(readdirSync(join(to, 'build'))).to.have.members(
      readdirSync(join(top, 'build')).filter((name) => ['program', 'spawner', 'src'].includes(name)),
    );
    expect(await runCommand(install, [to])).to.include({ status: 0, stderr: '' });
  });

  it('refuses a directory with something else in it, and one in the clone', async () => {
    mkdirSync(join(place.path, 'full'));
    writeFileSync(join(place.path, 'full/letter'), '');
    const full = await runCommand(install, [join(place.path, 'full')]);
    expect(full).to.include({
      status: 1,
      stderr: `install: ${place.path}/full is not empty; name another directory.\n`,
    });
    const inside = await runCommand(install, [join(top, 'build')]);
    expect(inside.stderr).to.equal(`install: ${top}/build lies in the clone itself; name another directory.\n`);
    const nowhere = await runCommand(install, ['/proc/rayserver']);
    expect(nowhere.stderr).to.match(/^install: user \S+ may not write in \/proc\/rayserver\.\n$/);
  });
});

function files(directory: string): { path: string; uid: number; mode: number }[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => {
      const path = join(entry.parentPath, entry.name);
      const { uid, mode } = statSync(path);
      return { path, uid, mode };
    });
}
