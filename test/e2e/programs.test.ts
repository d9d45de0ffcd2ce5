import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { Lab } from '../support/lab.ts';
import { skip } from '../support/skip.ts';

describe('frames of real programs', function () {
  this.timeout(180_000);
  let lab: Lab;
  let film: string;
  const at = (name: string) => join(film, name);
  const isPng = (name: string) => existsSync(at(name)) && readFileSync(at(name)).subarray(1, 4).toString() === 'PNG';
  const has = (program: string) =>
    (process.env['PATH'] ?? '').split(':').some((directory) => existsSync(join(directory, program)));

  beforeEach(async () => {
    lab = await Lab.make();
    film = lab.project('film');
    await lab.startDaemon();
  });
  afterEach(() => lab.close());

  it('are rendered by POV-Ray, and one that fails says why', async function () {
    if (!has('povray')) skip(this, 'there is no povray (scripts/setup --test installs it)');
    const run = (frames: string, ...words: string[]) =>
      lab.rayctl(
        'run',
        '--project',
        film,
        '--frames',
        frames,
        '--wait',
        '--',
        'povray',
        '+W64',
        '+H48',
        '-D',
        ...words,
      );
    const done = await run('1-3', '+Iball.pov', '+K%d', '+Oball%02d.png');
    expect(done.status, done.stderr).to.equal(0);
    expect(['ball01.png', 'ball02.png', 'ball03.png'].map(isPng)).to.deep.equal([true, true, true]);
    lab.write(at('bad.pov'), 'sphere { <0,0,0> 1 pigmnt }\n');
    const failed = await run('7', '+Ibad.pov', '+Obad%d.png');
    expect(failed.status).to.equal(1);
    expect(failed.stdout + failed.stderr).to.match(/povray failed: File 'bad\.pov' line 1: Parse Error: /);
  });

  it('are rendered by Blender, and one that has no scene says so', async function () {
    if (!has('blender')) skip(this, 'there is no blender (scripts/setup --test installs it where it can be fetched)');
    // Blender believes PWD.
    const env = { ...process.env, PWD: film };
    execFileSync('blender', ['-b', '--python', 'cube.py'], { cwd: film, env, stdio: 'ignore' });
    lab.own(film);
    const run = (...words: string[]) =>
      lab.rayctl('run', '--project', film, '--frames', '7', '--wait', '--', 'blender', '-b', ...words);
    const done = await run('cube.blend', '-f', '%d');
    expect(done.status, done.stderr).to.equal(0);
    expect(isPng('cube_0007.png')).to.equal(true);
    const failed = await run('nothing.blend', '-f', '%d');
    expect(failed.status).to.equal(1);
    expect(failed.stdout + failed.stderr).to.match(/blender failed: Cannot read file '.*nothing\.blend'/);
  });
});
