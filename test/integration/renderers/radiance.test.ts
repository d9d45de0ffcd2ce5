import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  closeSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { AmbientMode } from '../../../src/model/job.ts';
import type { Deed, RunDeed, TaskPlan } from '../../../src/model/task.ts';
import type { FileFact } from '../../../src/renderers/radiance/files.ts';
import { pictureToPng } from '../../../src/renderers/radiance/picture.ts';
import { readPictureHeader } from '../../../src/renderers/radiance/picture-header.ts';
import { optionFilesToRead, type Plan, radFailure, readPlan } from '../../../src/renderers/radiance/plan.ts';
import { progressOf } from '../../../src/renderers/radiance/progress.ts';
import { radCall } from '../../../src/renderers/radiance/rad-call.ts';
import { readRif } from '../../../src/renderers/radiance/rif.ts';
import { scanLines } from '../../../src/renderers/radiance/scan-lines.ts';
import { failureOf } from '../../../src/renderers/radiance/verdict.ts';
import { type FixtureName, fixtureNames } from '../../support/rad-fixtures.ts';
import { skip } from '../../support/skip.ts';

const fixtures = join(import.meta.dirname, '../../../../test/fixtures/rad');

/** A project, planned and run with the real Radiance, one deed after the other. */
class Project {
  readonly directory = mkdtempSync(join(tmpdir(), 'rad-'));

  constructor() {
    cpSync(fixtures, this.directory, { recursive: true });
    mkdirSync(this.path('proc'));
  }

  path(name: string): string {
    return join(this.directory, name);
  }

  plan(name: string, options: { views?: string[]; force?: boolean; ambient?: AmbientMode; text?: string } = {}): Plan {
    const file = `${name}.rif`;
    const text = options.text ?? readFileSync(this.path(file), 'utf8');
    const rif = readRif(text, { rif: file, set: [] }, this.directory);
    const call = radCall(rif, '1');
    const rad = spawnSync('rad', call.args, { cwd: this.directory, encoding: 'utf8' });
    if (rad.status !== 0) throw radFailure(file, rad.status, rad.signal, rad.stderr);
    const optionFiles = new Map<string, string>();
    for (;;) {
      const names = optionFilesToRead(rad.stdout, rif, call, optionFiles);
      if (names.length === 0) break;
      for (const each of names) optionFiles.set(each, readFileSync(this.path(each), 'utf8'));
    }
    for (const left of readdirSync(this.path('proc')))
      if (`proc/${left}`.startsWith(call.litter)) rmSync(this.path(`proc/${left}`));
    return readPlan(
      { rif, call, printed: rad.stdout, optionFiles },
      {
        request: { views: options.views ?? [], force: options.force ?? false, ambient: options.ambient ?? 'shared' },
        facts: (path) => this.#fact(path),
        reportSeconds: 1,
        slots: 4,
        digest: (text) => createHash('sha256').update(text).digest('hex'),
      },
    );
  }

  #fact(path: string): FileFact | null {
    const stat = statSync(this.path(path), { throwIfNoEntry: false });
    if (stat === undefined) return null;
    // A frozen octree names no files: getinfo's command line shows -f.
    const frozen =
      path.endsWith('.oct') && /^oconv .*-f /m.test(readFileSync(this.path(path), 'latin1').slice(0, 2000));
    return { modified: stat.mtimeMs, frozen, is: 'radiance' };
  }

  run(task: TaskPlan): string[] {
    for (const directory of task.directories) mkdirSync(this.path(directory), { recursive: true });
    return task.deeds.flatMap((deed) => this.#do(deed));
  }

  #do(deed: Deed): string[] {
    if (deed.do === 'rename') renameSync(this.path(deed.from), this.path(deed.to));
    if (deed.do === 'remove') rmSync(this.path(deed.path), { force: true });
    if (deed.do !== 'run') return [];
    const file = 'path' in deed.stdout ? this.path(deed.stdout.path) : '/dev/null';
    const out = openSync(file, 'w');
    const args = deed.args.map((word, index) => (deed.args[index - 1] === '-af' ? fileOf(deed, word) : word));
    const { status, signal, stderr } = spawnSync(deed.program, args, {
      cwd: this.directory,
      stdio: ['ignore', out, 'pipe'],
      encoding: 'utf8',
    });
    closeSync(out);
    const lines = stderr.split('\n');
    const outputEmpty = 'path' in deed.stdout ? statSync(file).size === 0 : null;
    const failure = failureOf({ program: deed.program, exit: status, signal, lastLines: lines, outputEmpty });
    if (failure !== null) throw new Error(`${deed.program} ${deed.args.join(' ')}: ${failure}`);
    return lines;
  }
}

/** As its user would do it; the other simulations of the job do the same. */
function fileOf({ ambient }: RunDeed, word: string): string {
  return ambient?.path === null ? 'ambfiles/unnamed.amb' : word;
}

const hasRadiance = spawnSync('rpict', ['-version']).status === 0;

describe('the real Radiance', () => {
  let project: Project;

  before(function () {
    if (hasRadiance) return;
    skip(this, 'rpict is not in PATH');
  });
  beforeEach(() => {
    project = new Project();
  });
  afterEach(() => {
    rmSync(project.directory, { recursive: true });
  });

  const pictures: Record<FixtureName, string[]> = {
    room: ['images/room_inside.hdr', 'images/room_top.hdr'],
    plain: ['plain_X.hdr'],
    high: ['high_XYl.hdr', 'high_y.hdr', 'high_3.hdr'],
    illum: ['images/illum_inside.hdr', 'numeric/illum_inside.zbf'],
    raw: ['images/raw_inside.hdr'],
    kept: ['images/kept_inside.hdr', 'raw/kept_inside.hdr'],
    photons: ['photons_inside.hdr'],
    octree: ['octree_inside.hdr'],
    odd: ['odd_inside.hdr', 'odd_top.hdr'],
  };
  for (const name of fixtureNames) {
    it(`makes all that is planned for ${name}.rif, once, and nothing else is left`, () => {
      if (name === 'octree') {
        mkdirSync(project.path('octrees'));
        const made = spawnSync('sh', ['-c', 'oconv materials.rad scene/room.rad scene/lamp.rad > octrees/ready.oct'], {
          cwd: project.directory,
        });
        expect(made.status).to.equal(0);
      }
      const plan = project.plan(name);
      expect(readdirSync(project.path('proc'))).to.deep.equal([]);
      for (const task of plan.tasks) runWell(task);
      expect(plan.tasks.flatMap(({ makes }) => makes)).to.have.members(pictures[name]);
      for (const picture of pictures[name].filter((each) => each.endsWith('.hdr'))) {
        const bytes = readFileSync(project.path(picture));
        expect(readPictureHeader(bytes).view, picture).to.be.a('string');
        expect(pictureToPng(bytes).length).to.be.greaterThan(60);
      }
      for (const file of plan.tasks.flatMap(({ afterwards }) => afterwards))
        rmSync(project.path(file), { force: true });
      for (const file of plan.tasks.flatMap(({ litter }) => litter)) {
        const isResult = file.startsWith('photons/') || file.endsWith('.zbf');
        expect(existsSync(project.path(file)), file).to.equal(isResult);
      }
      expect(project.plan(name).tasks).to.deep.equal([]);
    });
  }

  for (const ambient of ['shared', 'freeze', 'private', 'none'] as const) {
    it(`renders views of a .rif that names no ambient file, with indirect light: ${ambient}`, () => {
      const text = readFileSync(project.path('room.rif'), 'utf8').replace(/^AMBFILE.*\n/m, '');
      rmSync(project.path('room.rif'));
      writeFileSync(project.path('room.rif'), text);
      const plan = project.plan('room', { ambient });
      for (const task of plan.tasks) runWell(task);
      expect(plan.tasks.some(({ step }) => step === 'overture')).to.equal(['shared', 'freeze'].includes(ambient));
      expect(existsSync(project.path('ambfiles/unnamed.amb'))).to.equal(ambient !== 'none');
      for (const picture of pictures.room) expect(statSync(project.path(picture)).size).to.be.greaterThan(1000);
    });
  }

  it('writes pictures whose pixels we read as it reads them', () => {
    for (const task of project.plan('plain').tasks) project.run(task);
    const { status } = spawnSync('ra_rgbe', ['plain_X.hdr', 'flat.hdr'], { cwd: project.directory });
    expect(status).to.equal(0);
    const [coded, flat] = ['plain_X.hdr', 'flat.hdr'].map((name) => readFileSync(project.path(name)));
    const pixels = (bytes: Buffer = Buffer.alloc(0)): Buffer => {
      // The array of a line is used again for the next.
      return Buffer.concat(Array.from(scanLines(bytes, readPictureHeader(bytes)), (line) => Buffer.from(line)));
    };
    expect(pixels(coded).equals(pixels(flat))).to.be.true;
    expect(pixels(coded)).to.have.lengthOf(32 * 32 * 4);
    expect(flat?.subarray(-32 * 32 * 4).equals(pixels(coded))).to.be.true;
  });

  it('says what is missing', () => {
    rmSync(project.path('scene/lamp.rad'));
    expect(() => project.plan('plain')).to.throw(
      'rad cannot plan plain.rif: scene/lamp.rad: No such file or directory.',
    );
  });

  it('says which value it does not take', () => {
    writeInto('EXPOSURE= bright');
    expect(() => project.plan('plain')).to.throw(
      "rad cannot plan plain.rif: illegal value for real variable 'EXPOSURE'.",
    );
  });

  it('has no command for a view without options', () => {
    writeInto('view= nowhere');
    expect(() => project.plan('plain')).to.throw('rad has no command for the view "nowhere" of plain.rif');
  });

  it('never sees hostile options through', () => {
    for (const [line, says] of [
      ['render= -o /etc/x', 'option "-o" is not allowed'],
      ['render= -af /etc/x', 'rpict\'s -af is "/etc/x"'],
      ['pfilt= -o x', 'option "-o" is not allowed'],
      ['oconv= -i /etc/passwd -q', 'option "-q" is not allowed'],
      ['rpict= /bin/sh -c', '"/bin/sh" is not one of'],
      ['oconv= cat', '"cat" is not one of'],
      ['render= @/etc/passwd', 'the option file is "/etc/passwd": that lies outside'],
      ['view= inside -vf views/inside.vf -o x', 'option "-o" is not allowed'],
      ['RESOLUTION= 64 64 1\nrender= -ps -o', 'option "-ps" cannot have the value "-o"'],
      ['PGMAP= /etc/x 20k', 'that lies outside the project'],
      ['PGMAP= ../x 20k', '".." is not allowed there'],
      ['mkpmap= -e /etc/x\nPGMAP= x 20k', 'option "-e" is not allowed'],
      ['illum= scene/window.rad\nmkillum= -o x', 'option "-o" is not allowed'],
    ] as const) {
      cpSync(join(fixtures, 'plain.rif'), project.path('plain.rif'), { force: true });
      writeInto(line);
      expect(() => project.plan('plain'), line).to.throw(says);
    }
  });

  function runWell(task: TaskPlan): void {
    const lines = project.run(task);
    if (task.step !== 'view') return;
    const last = lines.map(progressOf).findLast((progress) => progress !== null);
    expect(last).to.equal(1);
  }

  function writeInto(lines: string): void {
    const file = project.path('plain.rif');
    const text = readFileSync(file, 'utf8');
    rmSync(file);
    writeFileSync(file, `${text}${lines}\n`);
  }
});
