import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  closeSync,
  copyFileSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { FileError } from '../../../src/executor/file-error.ts';
import { beginPicture, removeLeftBehind } from '../../../src/executor/partial.ts';
import type { PictureSink, RunDeed } from '../../../src/model/task.ts';
import { closeStrangersOnExec } from '../../../src/unix/descriptors.ts';
import { makeProject, temporary } from '../../support/executor.ts';
import { environment, Painting, quick, quickLines, radiance, steady } from '../../support/painting.ts';
import { skip } from '../../support/skip.ts';
import { waitUntil } from '../../support/wait-until.ts';

/**
 * How often a picture of so many lines is killed. Each time two unfinished lines are lost, whatever we do; and rpict goes
 * on until we have seen its report, fifty lines on a busy machine, which so many times must not be the whole picture.
 */
const [KILLS, LINES] = process.env['RAYSERVER_TORTURE'] === undefined ? [10, 2000] : [100, 20_000];
const withDepth = [...quick, '-z', 'x.zbf'];

interface Whole {
  readonly picture: string;
  readonly bytes: number;
  readonly rays: number;
  readonly depth: Buffer | null;
}

describe('a picture whose renderer is lost', function () {
  this.timeout(900_000);
  let base: ReturnType<typeof temporary>;
  let room: Painting;
  let whole: Whole;

  const undisturbed = async (args: readonly string[]): Promise<Whole> => {
    using place = temporary('whole');
    const other = new Painting(makeProject(place.path));
    expect(await other.finish(other.plan(args))).to.include({ is: 'done' });
    return {
      picture: other.picture(),
      bytes: statSync(other.at('x.hdr')).size,
      rays: other.report().rays,
      depth: args.includes('-z') ? readFileSync(other.at('x.zbf')) : null,
    };
  };
  /** The next attempt ends well with the same picture, and nothing but that is left. */
  const endsWhole = async (wentOn: 'went on' | 'began anew'): Promise<void> => {
    expect(await room.finish()).to.include({ is: 'done' });
    expect(room.wentOnAfter() > 0).to.equal(wentOn === 'went on');
    expect(room.picture() === whole.picture, 'equals the undisturbed picture').to.equal(true);
    expect(room.left()).to.deep.equal(['x.hdr']);
  };
  const half = () => whole.bytes / 2;

  before(async function () {
    if (!radiance.found) skip(this, radiance.says);
    closeStrangersOnExec();
    whole = await undisturbed(quick);
  });
  beforeEach(() => {
    base = temporary('partial');
    room = new Painting(makeProject(base.path));
  });
  afterEach(() => base[Symbol.dispose]());

  it(`is gone on with, ${KILLS} times, costs a tenth at most and is the same in the end`, async () => {
    const large = await undisturbed(steady(LINES));
    const plan = room.plan(steady(LINES));
    let rays = 0;
    let lines = 0;
    for (let kill = 1; kill <= KILLS; kill += 1) {
      const attempt = room.begin(plan);
      await attempt.reported();
      expect(room.wentOnAfter(), 'no finished line is made again').to.equal(lines);
      expect(attempt.fractions[0], 'progress goes on from where it was').to.be.closeTo(lines / LINES, 0.01);
      await room.grown((kill * large.bytes) / (KILLS * 1.3));
      const before = room.report();
      await attempt.signal('SIGCONT');
      const report = await waitUntil('a report', () => room.report().rays > before.rays && room.report());
      expect(await attempt.kill()).to.include({ is: 'failed', signal: 'SIGKILL' });
      lines = room.lines('x.unf', steady(LINES));
      // What came after the report, and the unfinished line as if it were whole.
      rays += report.rays + ((lines + 1) / LINES - report.part) * large.rays;
    }
    expect(await room.finish(plan)).to.include({ is: 'done' });
    expect(room.picture() === large.picture, 'equals the undisturbed picture').to.equal(true);
    expect(room.left()).to.deep.equal(['x.hdr']);
    expect((rays + room.report().rays) / large.rays).to.be.within(1, 1.1);
  });

  it('stays when procwrap ends, when its machine does and when rpict is asked to end', async () => {
    const attempt = room.begin();
    await room.grown(half() / 2);
    attempt.simulation.stop('for now');
    expect(await attempt.outcome).to.deep.equal({ is: 'stopped' });
    expect(room.left()).to.deep.equal(['proc/x.partial', 'x.unf']);
    const next = room.begin();
    await room.grown(half());
    await next.signal('SIGTERM');
    expect(await next.outcome).to.include({ is: 'failed' });
    expect(room.wentOnAfter()).to.be.above(0);
    expect(room.left()).to.deep.equal(['proc/x.partial', 'x.unf', 'x.unf.aside']);
    await endsWhole('went on');
  });

  it('is removed when its task is stopped for good, and when rpict fails', async () => {
    const attempt = room.begin();
    await room.grown(half());
    attempt.simulation.stop();
    expect(await attempt.outcome).to.deep.equal({ is: 'stopped' });
    expect(room.left()).to.deep.equal([]);
    await room.lose(half());
    rmSync(room.at('room.oct'));
    expect(await room.finish()).to.include({ is: 'failed', signal: null });
    expect(room.left()).to.deep.equal([]);
  });

  it('is gone on with after rpict was killed while it copied the first half, from the longer one', async () => {
    await room.lose(half());
    const lines = room.lines();
    // As rpict leaves it (seen with strace): the old one has a name of its own, the new one is shorter.
    linkSync(room.at('x.unf'), room.at('x.unf.aside'));
    renameSync(room.at('x.unf'), room.at('rfA1b2C3'));
    copyFileSync(room.at('rfA1b2C3'), room.at('x.unf'));
    truncateSync(room.at('x.unf'), Math.floor(half() / 2));
    await room.lose(half() * 1.2);
    expect(room.wentOnAfter()).to.equal(lines);
    expect(room.left(), 'its litter is gone').to.deep.equal(['proc/x.partial', 'x.unf', 'x.unf.aside']);
    expect(room.lines('x.unf')).to.be.above(room.lines('x.unf.aside'));
    await endsWhole('went on');
  });

  it('leaves files alone that only look like litter of rpict', async () => {
    await room.lose(half());
    linkSync(room.at('x.unf'), room.at('x.unf.aside'));
    for (const name of ['rfA1b2C3', 'rfA1b2C', 'rf.1b2C3']) writeFileSync(room.at(name), 'of somebody');
    mkdirSync(room.at('rfABCDEF'));
    const same = Buffer.alloc(statSync(room.at('x.unf')).size, 'x');
    writeFileSync(room.at('rfSameSi'), same);
    expect(await room.finish()).to.include({ is: 'done' });
    expect(room.left()).to.deep.equal(['rf.1b2C3', 'rfA1b2C', 'rfA1b2C3', 'rfABCDEF', 'rfSameSi', 'x.hdr']);
  });

  it('begins anew where there is no whole scan line, and leaves no litter', async () => {
    await room.lose(half());
    const bytes = readFileSync(room.at('x.unf'));
    const header = bytes.indexOf('\n\n');
    for (const length of [
      0,
      1,
      header - 30,
      header + 1,
      header + 9,
      bytes.indexOf('\n', header + 2) + 1,
      header + 50,
    ]) {
      writeFileSync(room.at('x.unf'), bytes.subarray(0, length));
      const attempt = room.begin();
      await attempt.reported();
      expect(room.wentOnAfter(), `${length} bytes`).to.equal(0);
      expect(attempt.fractions[0]).to.equal(0);
      await attempt.kill();
    }
    await endsWhole('went on');
  });

  it('loses what is damaged, and no more', async () => {
    await room.lose(half());
    const lines = room.lines();
    appendFileSync(room.at('x.unf'), Buffer.alloc(5000));
    expect(room.lines()).to.equal(lines);
    truncateSync(room.at('x.unf'), statSync(room.at('x.unf')).size - 5001);
    await endsWhole('went on');
    expect(room.wentOnAfter()).to.equal(lines - 1);
  });

  it('is taken as it is when it is whole already', async () => {
    const attempt = room.begin();
    await attempt.outcome;
    const bytes = readFileSync(room.at('x.hdr'));
    await room.lose(half());
    writeFileSync(room.at('x.unf'), bytes);
    await endsWhole('went on');
    expect(room.wentOnAfter()).to.equal(quickLines);
  });

  const others: Record<string, () => void | Promise<void>> = {
    'with other arguments': () =>
      writeRecord((record) => ({ ...record, args: [...(record['args'] as string[]), '-w'] })),
    'of another Radiance': () => writeRecord((record) => ({ ...record, version: 'RADIANCE 5.4' })),
    'without a record': () => rmSync(room.at('proc/x.partial')),
    'with a record that is none': () => writeFileSync(room.at('proc/x.partial'), '{"args":'),
    'with a record that is a directory': () => {
      rmSync(room.at('proc/x.partial'));
      symlinkSync('.', room.at('proc/x.partial'));
    },
    'of another view, under its name': () => {
      const bytes = readFileSync(room.at('x.unf'), 'latin1').replace('-vp .5', '-vp .6');
      writeFileSync(room.at('x.unf'), bytes, 'latin1');
    },
    'upside down': () => {
      const bytes = readFileSync(room.at('x.unf'), 'latin1').replace(/^-Y( +\d+ \+X)/m, '+Y$1');
      writeFileSync(room.at('x.unf'), bytes, 'latin1');
    },
    'that is not a picture': () => writeFileSync(room.at('x.unf'), '#!/bin/sh\n'.repeat(1000)),
    'that is a pipe': () => {
      rmSync(room.at('x.unf'));
      execFileSync('mkfifo', [room.at('x.unf')]);
    },
  };
  const writeRecord = (change: (record: Record<string, unknown>) => object): void => {
    const record = JSON.parse(readFileSync(room.at('proc/x.partial'), 'utf8')) as Record<string, unknown>;
    writeFileSync(room.at('proc/x.partial'), `${JSON.stringify(change(record))}\n`);
  };
  for (const [what, make] of Object.entries(others)) {
    it(`begins anew beside a half picture ${what}`, async () => {
      await room.lose(half());
      await make();
      await endsWhole('began anew');
    });
  }

  it('begins anew with another octree, one that is not frozen, and another view file', async () => {
    writeFileSync(room.at('a.vf'), 'rvu -vp .5 .5 1.5 -vd 1 1 -.1\n');
    const plan = () => room.plan(['-vf', 'a.vf', ...quick.slice(10)], ['a.vf']);
    await room.lose(half(), plan());
    await room.lose(half() * 1.1, plan());
    expect(room.wentOnAfter()).to.be.above(0);
    writeFileSync(room.at('a.vf'), 'rvu -vp .5 .5 1.5 -vd 1 1 -.2\n');
    await room.lose(half(), plan());
    expect(room.wentOnAfter(), 'another view').to.equal(0);
    room.freeze('materials.rad');
    await room.lose(half(), plan());
    expect(room.wentOnAfter(), 'another octree').to.equal(0);
    const octree = readFileSync(room.at('room.oct'), 'latin1').replace('oconv -f ', 'oconv -w ');
    writeFileSync(room.at('room.oct'), octree, 'latin1');
    await room.lose(half(), plan());
    await room.lose(half(), plan());
    expect(room.wentOnAfter(), 'not frozen').to.equal(0);
    expect(room.left()).not.to.include('proc/x.partial');
  });

  it('never writes through a link, or to a file that has another name', async () => {
    await room.lose(half());
    const precious = join(base.path, 'precious');
    copyFileSync(room.at('x.unf'), precious);
    const before = readFileSync(precious);
    for (const plant of [symlinkSync, linkSync]) {
      for (const name of ['x.unf', 'x.unf.aside']) {
        for (const old of ['x.unf', 'x.unf.aside']) rmSync(room.at(old), { force: true });
        plant(precious, room.at(name));
        // Two names are what we would have made of one.
        if (plant === linkSync) linkSync(precious, join(base.path, `also-${name}`));
        const attempt = room.begin();
        await attempt.reported();
        expect(room.wentOnAfter(), `${plant.name} ${name}`).to.equal(0);
        await attempt.kill();
        expect(readFileSync(precious).equals(before), `${plant.name} ${name}`).to.equal(true);
      }
    }
  });

  it('is gone on with where files cannot have two names', async () => {
    await room.lose(half());
    const lines = room.lines();
    const deed = room.plan().deeds[0] as RunDeed;
    const sink = deed.stdout as PictureSink;
    const directory = openSync(room.at('.'), 'r');
    const refuse = () => {
      throw new FileError('x.unf', 'EPERM', 'operation not permitted');
    };
    const begun = await beginPicture(directory, deed, sink, environment, refuse);
    expect(begun.from).to.deep.equal({ lines, height: quickLines });
    const [one, other] = [statSync(room.at('x.unf')), statSync(room.at('x.unf.aside'))];
    expect([one.size, one.ino === other.ino]).to.deep.equal([other.size, false]);
    renameSync(room.at('x.unf'), room.at('rfA1b2C3'));
    await removeLeftBehind(directory, sink);
    closeSync(directory);
    expect(room.left(), 'known by its content').to.deep.equal(['proc/x.partial', 'x.unf.aside']);
    await endsWhole('went on');
  });

  it('has the litter of rpict removed from its own directory, where rpict leaves it', async () => {
    const sink = {
      ...((room.plan().deeds[0] as RunDeed).stdout as PictureSink),
      path: 'images/x.unf',
      aside: 'images/a',
    };
    mkdirSync(room.at('images'));
    for (const name of ['images/rfA1b2C3', 'images/rf-kept']) writeFileSync(room.at(name), 'half a picture');
    linkSync(room.at('images/rfA1b2C3'), room.at('images/a'));
    const directory = openSync(room.at('.'), 'r');
    await removeLeftBehind(directory, sink);
    closeSync(directory);
    expect(readdirSync(room.at('images')).sort()).to.deep.equal(['a', 'rf-kept']);
  });

  it('has its distance file gone on with, too, as far as that is there', async () => {
    const deep = await undisturbed(withDepth);
    const plan = room.plan(withDepth);
    await room.lose(half(), plan);
    await room.lose(half() * 1.5, plan);
    const distances = Math.floor(room.wentOnAfter() / 2);
    truncateSync(room.at('x.zbf'), distances * 30 * 4 + 7);
    expect(await room.finish(plan)).to.include({ is: 'done' });
    expect(room.wentOnAfter()).to.equal(distances);
    expect(room.picture() === deep.picture).to.equal(true);
    expect(deep.depth?.equals(readFileSync(room.at('x.zbf')))).to.equal(true);
    expect(room.left()).to.deep.equal(['x.hdr', 'x.zbf']);
  });

  it('begins anew where its distance file is missing or a link', async () => {
    const plan = room.plan(withDepth);
    const precious = join(base.path, 'precious');
    for (const spoil of [() => {}, () => symlinkSync(precious, room.at('x.zbf'))]) {
      writeFileSync(precious, Buffer.alloc(200_000));
      await room.lose(half(), plan);
      rmSync(room.at('x.zbf'));
      spoil();
      await room.lose(half(), plan);
      expect(room.wentOnAfter()).to.equal(0);
      expect(readFileSync(precious).equals(Buffer.alloc(200_000))).to.equal(true);
    }
  });

  it("goes on where rpict's pattern of samples begins again", async () => {
    const plan = room.plan(quick.map((word, index) => (quick[index - 1] === '-ps' ? '4' : word)));
    await room.lose(half() / 3, plan);
    await room.lose(half() / 2, plan);
    expect(room.wentOnAfter()).to.be.above(0);
    expect(room.wentOnAfter() % 6).to.equal(0);
  });

  it('is kept when the disk is full, which is said, and gone on with when there is room', async function () {
    if (process.getuid?.() !== 0) skip(this, 'only root can mount a small file system');
    const project = makeProject(join(base.path, 'small'));
    const mount = (options: string) => execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', project.path]);
    mount(`size=${Math.ceil(whole.bytes / 4096) * 5}k,mode=777`);
    try {
      room = new Painting(project);
      await room.lose(half());
      const outcome = await room.finish();
      expect(room.wentOnAfter()).to.be.above(0);
      expect(outcome).to.include({ is: 'postponed' });
      expect((outcome as { reason: string }).reason).to.match(/full|No space left/);
      expect(room.left()).to.deep.equal(['proc/x.partial', 'x.unf', 'x.unf.aside']);
      mount('remount,size=10m');
      await endsWhole('went on');
    } finally {
      // A project stays open for a second after its last attempt.
      execFileSync('umount', ['--lazy', project.path]);
    }
  });
});
