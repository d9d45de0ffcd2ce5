import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { runCommand, temporaryDirectory, top } from '../../support/program.ts';

const usage = 'usage: scripts/package [--deb | --npm] [--to DIRECTORY] [--revision N] [--fast]\n';

describe('scripts/package', () => {
  let place: { path: string; remove: () => void };
  beforeEach(() => {
    place = temporaryDirectory();
  });
  afterEach(() => place.remove());

  const refused = async (args: readonly string[], env: Record<string, string> = {}) => {
    const ended = await runCommand(join(top, 'scripts/package'), [...args, '--to', place.path], { env });
    return [ended.status, ended.stderr];
  };

  it('says how it is called', async () => {
    for (const args of [['--rpm'], ['deb'], ['--revision']]) {
      const { status, stderr } = await runCommand(join(top, 'scripts/package'), args);
      expect([status, stderr], args.join(' ')).to.deep.equal([2, usage]);
    }
  });

  it('takes revisions that dpkg takes', async () => {
    for (const revision of ['', '1-2', 'a b', '1/2']) {
      const said = `package: "${revision}" is no revision of a Debian package.\n`;
      expect(await refused(['--revision', revision])).to.deep.equal([1, said]);
    }
  });

  it('wants a date where there is no history', async () => {
    const env = { GIT_DIR: join(place.path, 'none'), SOURCE_DATE_EPOCH: '' };
    expect(await refused(['--npm'], env)).to.deep.equal([
      1,
      'package: this is no git clone, so that the date of the packages is not known. Set SOURCE_DATE_EPOCH.\n',
    ]);
  });

  it('names the packages that it needs', async () => {
    const bin = join(place.path, 'bin');
    await runCommand('cp', ['-rs', '/usr/bin', bin]);
    rmSync(join(bin, 'dpkg-shlibdeps'), { force: true });
    expect(await refused(['--deb'], { PATH: bin })).to.deep.equal([
      1,
      'package: dpkg-shlibdeps is missing. As root: apt-get install dpkg-dev binutils\n',
    ]);
  });
});
