import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { findRadiance, packageDirectory } from '../../src/executor/installation.ts';
import type { JobView } from '../../src/protocol/api.ts';
import { Lab } from '../support/lab.ts';
import { skip } from '../support/skip.ts';
import { waitUntil } from '../support/wait-until.ts';

describe('a farm whose simulations share indirect light', function () {
  this.timeout(180_000);
  const installation = findRadiance(null, process.env, packageDirectory());
  let lab: Lab;
  let project: string;
  const at = (name: string) => join(project, name);
  const start = async (settings: string) => {
    mkdirSync(join(lab.home, 'config'), { recursive: true });
    lab.write(join(lab.home, 'config/rayserver.yaml'), settings);
    lab.own(lab.home);
    await lab.startDaemon();
  };
  /** Both views take some seconds. */
  const slow = ['--set', 'RESOLUTION=600', '--set', 'PENUMBRAS=T'];
  const submit = (...more: string[]) => lab.json<JobView>('submit', at('room.rif'), ...more);
  const log = (name: string) => readFileSync(at(`logfiles/room.${name}.log`), 'utf8');
  const files = () => readdirSync(at('ambfiles')).sort();

  before(function () {
    if (!installation.found) skip(this, installation.says);
  });
  beforeEach(async () => {
    lab = await Lab.make();
    project = lab.project();
  });
  afterEach(() => lab.close());

  const directory = () => (installation.found ? installation.directory : null) ?? skipped();
  const skipped = (): never => {
    throw new Error('no directory of Radiance');
  };
  /** Pixels as pvalue has them, without the header. */
  const pixels = (name: string) => {
    const path = at(`images/room_${name}.hdr`);
    return execFileSync(join(directory(), 'bin/pvalue'), ['-h', path], { maxBuffer: 2 ** 28, encoding: 'latin1' });
  };

  it('runs the views of one job at the same time', async () => {
    await start('slots: 2\n');
    const job = await submit(...slow);
    await waitUntil('two programs', () => lab.renderers().length === 2);
    const ended = await lab.rayctl('wait', String(job.id));
    expect(ended.status, ended.stderr).to.equal(0);
    expect(files()).to.deep.equal(['room.amb', 'room.amb.json']);
  });

  it('goes on when one of them is cancelled or paused', async () => {
    await start('slots: 2\n');
    const other = await submit('--view', 'window', ...slow);
    const job = await submit('--view', 'door', ...slow);
    await waitUntil('two programs', () => lab.renderers().length === 2);
    await lab.rayctl('pause', String(job.id));
    const waited = await lab.rayctl('wait', String(other.id));
    expect(waited.status, waited.stderr).to.equal(0);
    await lab.rayctl('resume', String(job.id));
    await waitUntil('the program', () => lab.renderers().length === 1);
    const third = await submit('--view', 'window', '--force', ...slow);
    await lab.rayctl('cancel', String(job.id));
    const ended = await lab.rayctl('wait', String(third.id));
    expect(ended.status, ended.stderr).to.equal(0);
    expect(readdirSync(at('images'))).to.deep.equal(['room_window.hdr']);
    expect(files()).to.deep.equal(['room.amb', 'room.amb.json']);
  });

  it('makes equal pictures with frozen light, however many run at a time', async () => {
    await start('slots: 1\n');
    // Pixels that are not a matter of chance, with light that is.
    const words = ['--ambient', 'freeze', '--wait', '--set', 'render=-pj 0 -dj 0 -ps 1 -u-'];
    // That the file is read-only is no news.
    expect((await submit(...words)).notes).to.deep.equal([]);
    const first = ['door', 'window'].map(pixels);
    const frozen = files().filter((name) => name.endsWith('.amb'));
    expect(frozen.map((name) => statSync(at(`ambfiles/${name}`)).mode & 0o777)).to.deep.equal([0o444]);
    await lab.stopDaemon();
    await start('slots: 2\n');
    await submit(...words, '--force');
    expect(log('fill')).to.match(/: not run$/m);
    expect(['door', 'window'].map(pixels)).to.deep.equal(first);
    // Filled anew it is the same, too: one program after another does that.
    rmSync(at('ambfiles'), { recursive: true });
    await submit(...words, '--force');
    expect(['door', 'window'].map(pixels)).to.deep.equal(first);
  });

  it('keeps none, or each simulation its own, where that is asked for', async () => {
    await start('slots: 2\n');
    await submit('--ambient', 'none', '--wait');
    expect(existsSync(at('ambfiles')) ? files() : []).to.deep.equal([]);
    expect(log('door')).not.to.match(/ -af /);
    await submit('--ambient', 'private', '--force', '--wait');
    expect(log('door')).to.match(/ -af proc\/2\.\d+\.1\.own /);
    expect(files()).to.deep.equal(['room.amb', 'room.amb.json']);
  });

  describe('when rpict says that the file is damaged', () => {
    /** Radiance with another rpict: a shell script. */
    const withRpict = async (script: string) => {
      const [bin, lib] = [join(directory(), 'bin'), join(directory(), 'lib')];
      const radiance = join(lab.home, 'radiance');
      mkdirSync(join(radiance, 'bin'), { recursive: true });
      symlinkSync(lib, join(radiance, 'lib'));
      for (const name of readdirSync(bin))
        if (name !== 'rpict') symlinkSync(join(bin, name), join(radiance, 'bin', name));
      lab.write(join(radiance, 'bin/rpict'), `#!/bin/sh\nreal() { ${bin}/rpict "$@"; }\n${asked}\n${script}\n`);
      chmodSync(join(radiance, 'bin/rpict'), 0o755);
      await start(`radiance: ${radiance}\nslots: 2\n`);
    };
    const asked = 'if [ "$1" = -version ]; then real -version; exit; fi';
    const says = 'echo "rpict: warning - ignoring last 10 values in ambient file (corrupted)" >&2';
    const ended = async (words: string[] = []) => {
      const job = await submit('--view', 'door', ...words);
      await lab.rayctl('wait', String(job.id));
      return await lab.json<JobView>('show', String(job.id));
    };

    it('does the task once more with a new one, and says so', async () => {
      await withRpict(`real "$@" || exit; case "$*" in *_door*|*-x*) [ -e said ] || { touch said; ${says}; };; esac`);
      const job = await ended();
      expect(job.state).to.equal('done');
      expect(JSON.stringify(job)).to.include(
        'In attempt 1 the ambient file was damaged, or its octree was replaced; this was done again.',
      );
      expect(files()).to.include.members(['room.amb.damaged-1', 'room.amb.damaged-1.reason', 'room.amb']);
    });

    it('fails when it is damaged each time', async () => {
      await withRpict(`real "$@"; echo >> runs; ${says}`);
      const job = await ended();
      expect(job.state).to.equal('failed');
      expect(job.reason).to.match(/^The ambient file was damaged: .*It was done again once already\.$/);
      expect(readFileSync(at('runs'), 'utf8')).to.have.length(2);
    });

    it('fails when rpict takes none', async () => {
      const fatal = 'echo "rpict: fatal - bad/incompatible ambient file" >&2; exit 1';
      await withRpict(`echo >> runs; ${fatal}`);
      const job = await ended();
      expect(job.state).to.equal('failed');
      expect(readFileSync(at('runs'), 'utf8')).to.have.length(2);
    });
  });
});
