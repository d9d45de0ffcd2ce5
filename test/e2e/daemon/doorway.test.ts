import { chmodSync, cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { ordinaryUser } from '../../support/daemon.ts';
import { readPage, sectionOf } from '../../support/mdoc.ts';
import { runCommand, temporaryDirectory, top } from '../../support/program.ts';
import { skip } from '../../support/skip.ts';

const version = /^rayserver [0-9]+\.[0-9]+\.[0-9]+\n$/;

describe('the doorway bin/rayserver', () => {
  let place: { path: string; remove: () => void };
  beforeEach(() => {
    place = temporaryDirectory();
  });
  afterEach(() => place.remove());

  /** The program in another directory; `withNode`: its own Node comes along. */
  function copy(name: string, withNode: boolean): string {
    const directory = join(place.path, name);
    mkdirSync(join(directory, 'build'), { recursive: true });
    for (const part of ['bin', 'build/src', 'package.json']) {
      cpSync(join(top, part), join(directory, part), { recursive: true });
    }
    if (withNode) symlinkSync(join(top, 'node_modules'), join(directory, 'node_modules'));
    return directory;
  }

  /** A program called `node` that says it is that version. */
  function fakeNode(said: string): string {
    const directory = join(place.path, 'fake');
    mkdirSync(directory);
    writeFileSync(join(directory, 'node'), `#!/bin/sh\necho ${said}\n`);
    chmodSync(join(directory, 'node'), 0o755);
    return `${directory}:/usr/bin:/bin`;
  }

  it('works through links, absolute and relative', async () => {
    symlinkSync(join(top, 'bin/rayserver'), join(place.path, 'first'));
    mkdirSync(join(place.path, 'deep'));
    symlinkSync('../first', join(place.path, 'deep/second'));
    for (const way of ['first', 'deep/second']) {
      expect(await runCommand(join(place.path, way), ['--version'])).to.include({ status: 0, stderr: '' });
    }
    const relative = await runCommand('./second', ['--version'], { cwd: join(place.path, 'deep') });
    expect(relative.stdout).to.match(version);
  });

  it('works from a copy, in a directory with blanks, and with a CDPATH', async () => {
    const directory = copy('a copy of it', true);
    const { status, stdout } = await runCommand('bin/rayserver', ['--version'], {
      cwd: directory,
      env: { CDPATH: '/tmp:.' },
    });
    expect(status).to.equal(0);
    expect(stdout).to.match(version);
  });

  it('prefers its own Node to an old one in PATH', async () => {
    const { stdout } = await runCommand(join(copy('own', true), 'bin/rayserver'), ['--version'], {
      env: { PATH: fakeNode('v20.20.2') },
    });
    expect(stdout).to.match(version);
  });

  it('refuses with one sentence where no Node is new enough', async () => {
    const directory = copy('bare', false);
    for (const said of ['v20.20.2', 'nonsense']) {
      const { status, stdout, stderr } = await runCommand(join(directory, 'bin/rayserver'), ['--version'], {
        env: { PATH: fakeNode(said) },
      });
      expect({ status, stdout }).to.deep.equal({ status: 1, stdout: '' });
      expect(stderr.replace(/\(\S+\/node is/, '(node is')).to.equal(
        `rayserver: no Node.js 24 or newer beside the program or in PATH (node is ${said}). Install Node.js 24.\n`,
      );
      place.remove();
      mkdirSync(place.path);
      copy('bare', false);
    }
  });

  it('says what to do where the program is not built', async () => {
    mkdirSync(join(place.path, 'source/bin'), { recursive: true });
    cpSync(join(top, 'bin/rayserver'), join(place.path, 'source/bin/rayserver'));
    const { status, stderr } = await runCommand(join(place.path, 'source/bin/rayserver'), []);
    expect(status).to.equal(1);
    expect(stderr).to.match(/^rayserver: .*build\/src\/bin\/rayserver\.js is missing.*Run scripts\/setup in .*\n$/);
  });

  it('ends with 2, as the manual page says, where its user may start no process', async function () {
    const { uid, gid } = ordinaryUser;
    const { status, stderr } = await runCommand(
      '/bin/bash',
      ['-c', `ulimit -u 1; exec ${top}/bin/rayserver --version`],
      {
        user: { uid, gid },
      },
    );
    if (status === 0) skip(this, 'the limit of processes does not hold here');
    expect(status).to.equal(2);
    expect(stderr).to.match(/fork/i);
    expect(sectionOf(readPage('rayserver.8'), 'EXIT STATUS')).to.include('.It 2');
  });

  it('refuses to start the server by hand', async () => {
    const script = join(top, 'build/src/bin/server/start.js');
    const { status, stderr } = await runCommand(process.execPath, [script, '/tmp'], {
      env: { RAYSERVER_HANDOVER: undefined },
    });
    expect(status).to.equal(1);
    expect(stderr).to.equal('This part of the program is started by rayserver. Start that instead.\n');
  });
});
