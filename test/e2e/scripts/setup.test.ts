import { chmodSync, cpSync, existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { Running, runCommand, temporaryDirectory, top } from '../../support/program.ts';

const tools =
  'dirname readlink id uname cat mkdir mktemp grep tail cksum find head touch flock sh rm mv cp ln make true'.split(
    ' ',
  );

/** What npm would do, without a network: its packages are stand-ins, and it cannot build in a path with blanks. */
const npm = `#!/bin/sh
case $1 in
  ci)
    mkdir -p node_modules/posix node_modules/nan
    echo 'require("./build/made.js")' >node_modules/posix/index.js ;;
  rebuild)
    case $PWD in *' '*) exit 1 ;; esac
    mkdir -p node_modules/posix/build && echo >node_modules/posix/build/made.js ;;
  run) mkdir -p build ;;
esac
`;
/** Makes what it is told to: `cc ... -o FILE SOURCE`. */
const compiler = '#!/bin/sh\nwhile [ "$1" != -o ]; do shift; done; echo made >"$2"\n';
const withoutPip = '#!/bin/sh\necho "No module named pip" >&2\nexit 1\n';

describe('scripts/setup', () => {
  let place: { path: string; remove: () => void };
  let clone: string;
  let bin: string;
  beforeEach(() => {
    place = temporaryDirectory();
    bin = join(place.path, 'bin');
    mkdirSync(bin);
    for (const tool of tools) symlinkSync(join('/usr/bin', tool), join(bin, tool));
    symlinkSync(process.execPath, join(bin, 'node'));
    for (const tool of ['c++', 'python3']) program(tool, '#!/bin/sh\n');
    program('cc', compiler);
    program('npm', npm);
    clone = newClone('clone');
  });
  afterEach(() => {
    chmodSync(clone, 0o755);
    place.remove();
  });

  function program(name: string, text: string): void {
    writeFileSync(join(bin, name), text);
    chmodSync(join(bin, name), 0o755);
  }

  /** A clone with nothing but what is in git, without sources; Radiance is there. */
  function newClone(name: string): string {
    const directory = join(place.path, name);
    mkdirSync(join(directory, '.radiance/bin'), { recursive: true });
    for (const part of ['scripts', 'package.json', 'package-lock.json', '.npmrc', 'tsconfig.json']) {
      cpSync(join(top, part), join(directory, part), { recursive: true });
    }
    writeFileSync(join(directory, '.radiance/bin/rpict'), '', { mode: 0o755 });
    return directory;
  }

  const env = () => ({ PATH: bin, TMPDIR: place.path });
  const setup = (directory = clone) => runCommand(join(directory, 'scripts/setup'), [], { env: env() });

  it('does all there is to do, and then nothing', async () => {
    const first = await setup();
    expect([first.status, first.stderr]).to.deep.equal([0, '']);
    expect(first.stdout).to.match(
      /^setup: installing npm packages.*\nsetup: building the native module.*\nsetup: building the program\nsetup: simulations are started by build\/spawner\nsetup: ready\n$/,
    );
    expect(await setup()).to.include({ status: 0, stdout: 'setup: ready\n', stderr: '' });
  });

  it('goes on without what the compiler cannot make, and says so', async () => {
    program('cc', '#!/bin/sh\ncase "$*" in *spawner*) echo "no such header" >&2; exit 1 ;; esac\n');
    const { status, stdout } = await setup();
    expect(status).to.equal(0);
    expect(stdout).to.include(
      'setup: simulations are started by Node.js, a little slower: cc did not make build/spawner',
    );
    expect(existsSync(join(clone, 'build/spawner'))).to.equal(false);
  });

  it('works through a link, from anywhere, with a CDPATH', async () => {
    await setup();
    symlinkSync(join(clone, 'scripts/setup'), join(place.path, 'link'));
    const ended = await runCommand('./link', [], { cwd: place.path, env: { ...env(), CDPATH: '/:/usr' } });
    expect(ended).to.include({ status: 0, stdout: 'setup: ready\n', stderr: '' });
  });

  it('builds the native module elsewhere where the path of the clone has blanks', async () => {
    const directory = newClone('a clone of it');
    const { status, stderr } = await setup(directory);
    expect([status, stderr]).to.deep.equal([0, '']);
    expect(existsSync(join(directory, 'node_modules/posix/build/made.js'))).to.equal(true);
  });

  it('forgets what was compiled from a source that is gone', async () => {
    mkdirSync(join(clone, 'build/test'), { recursive: true });
    writeFileSync(join(clone, 'build/test/old.test.js'), '');
    await setup();
    expect(existsSync(join(clone, 'build/test/old.test.js'))).to.equal(false);
  });

  it('waits for another one that is at work', async () => {
    await setup();
    const both = `exec 9>>.setup/lock; flock 9; scripts/setup 9>&- >said & until grep -q waiting said; do :; done
      exec 9>&-; wait $!; cat said`;
    const { stdout } = await runCommand('/bin/sh', ['-c', both], { cwd: clone, env: env() });
    expect(stdout).to.equal('setup: another scripts/setup is at work here; waiting for it\nsetup: ready\n');
  });

  it('leaves packages alone that belong to another clone', async () => {
    const other = join(place.path, 'other');
    mkdirSync(other);
    symlinkSync(other, join(clone, 'node_modules'));
    const { status, stdout } = await setup();
    expect(status).to.equal(0);
    expect(stdout).to.include('setup: node_modules is a link: taken as it is\n');
    expect(existsSync(join(other, 'posix'))).to.equal(false);
  });

  it('says what to do where a user may not write', async () => {
    chmodSync(clone, 0o555);
    const nobody = process.getuid?.() === 0 ? { user: { uid: 65534, gid: 65534 } } : {};
    const { status, stdout, stderr } = await new Running(join(clone, 'scripts/setup'), [], { env: env(), ...nobody })
      .ended;
    expect([status, stdout]).to.deep.equal([1, '']);
    expect(stderr).to.match(
      /^setup: \S+ is not ready, and user \S+ may not write there\. Let its owner call scripts\/setup, or clone into a directory of your own\.\n$/,
    );
  });

  it('names a compiler that is missing, and its package', async () => {
    rmSync(join(bin, 'cc'));
    expect(await setup()).to.include({
      status: 1,
      stderr: 'setup: "cc" is missing. Install it first, for example as root: apt-get install build-essential\n',
    });
  });

  it('tells a missing pip from a missing network', async () => {
    rmSync(join(clone, '.radiance'), { recursive: true });
    program('python3', withoutPip);
    const { status, stderr } = await setup();
    expect([status, stderr]).to.deep.equal([
      1,
      `setup: ${join(bin, 'python3')} has no pip. Install it first, for example as root: apt-get install python3-pip\n`,
    ]);
  });

  it('says in one sentence why there are no packages', async () => {
    program(
      'npm',
      '#!/bin/sh\necho "npm error code X"\necho "npm error FetchError: failed, reason: no way" >&2\nexit 1\n',
    );
    const { status, stderr } = await setup();
    expect(status).to.equal(1);
    expect(stderr).to.equal(
      'setup: npm packages could not be installed: npm error FetchError: failed, reason: no way. ' +
        `Is the registry reachable? All that npm said: ${clone}/.setup/npm.log\n`,
    );
  });
});
