import {
  appendFileSync,
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { expect } from 'chai';
import { AmbientFile } from '../../../src/ambient/ambient-file.ts';
import { Place } from '../../../src/ambient/place.ts';
import { standsStill } from '../../../src/ambient/reading.ts';
import { type Clock, realClock } from '../../../src/executor/clock.ts';
import { Kept } from '../../../src/executor/indirect/kept.ts';
import { OwnFile } from '../../../src/executor/indirect/own-file.ts';
import { Shares } from '../../../src/executor/indirect/shares.ts';
import { Turn } from '../../../src/executor/turn.ts';
import type { Outcome } from '../../../src/model/task.ts';
import { closeStrangersOnExec } from '../../../src/unix/descriptors.ts';
import { tryLock } from '../../../src/unix/locks.ts';
import { RealRoom } from '../../support/ambient.ts';
import { run } from '../../support/executor.ts';
import { LitRoom, loose } from '../../support/lit-room.ts';
import { forbidGrowth, growsAlways } from '../../support/no-growth.ts';
import { skip } from '../../support/skip.ts';
import { waitUntil } from '../../support/wait-until.ts';

const file = 'ambfiles/room.amb';
const both = ['room.amb', 'room.amb.json'];
const warnings = (outcome: Outcome) => (outcome.is === 'done' ? outcome.warnings : [JSON.stringify(outcome)]);
const reason = (outcome: Outcome) => ('reason' in outcome ? outcome.reason : outcome.is);

/** A clock on which an hour is over in so many parts of it. */
const hurried = (times: number): Clock => ({
  now: realClock.now,
  passed: () => realClock.passed() * times,
  after: (milliseconds, deed) => realClock.after(milliseconds / times, deed),
});

describe('simulations that keep indirect light', () => {
  let lit: LitRoom;
  before(function () {
    closeStrangersOnExec();
    if (!RealRoom.installation.found) skip(this, RealRoom.installation.says);
  });
  beforeEach(() => {
    lit = new LitRoom();
  });
  afterEach(() => lit.close());

  const runs = async (pixels: number) => {
    const begun = lit.begin(lit.deed({}, pixels));
    await waitUntil('a program that has read the file', () => begun.seen.fractions.length > 0);
    return begun;
  };

  describe('in one file', () => {
    it('run at the same time; one that is paused keeps nobody from writing', async () => {
      const first = await runs(400);
      first.simulation.pause();
      await waitUntil('a program that stands still', () => standsStill(first.seen.pids[0] ?? 0));
      const { records } = await lit.check();
      expect(warnings(await lit.live(lit.deed({}, 48, ['-vu', '0', '1', '0'])))).to.deep.equal([]);
      const after = await lit.check();
      expect(after.is).to.equal('sound');
      expect(after.records).to.be.above(records);
      first.simulation.resume();
      expect(warnings(await first.outcome)).to.deep.equal([]);
      expect((await lit.check()).is).to.equal('sound');
      expect(lit.files()).to.deep.equal(both);
    });

    it('are ended without harm for the others', async () => {
      const [first, second] = [await runs(400), await runs(400)];
      first.simulation.stop();
      expect(await first.outcome).to.deep.equal({ is: 'stopped' });
      expect(warnings(await second.outcome)).to.deep.equal([]);
      expect((await lit.check()).is).to.equal('sound');
    });

    it('have one of their own for each octree and all options, where it has no name', async () => {
      await lit.live(lit.deed({ path: null }));
      await lit.live(lit.deed({ path: null }, 32, ['-ad', '32']));
      await lit.live(lit.deed({ path: null, inputs: ['room.rad'] }));
      lit.room.run('sh', ['-c', 'oconv -f materials.rad > room.oct']);
      await lit.live(lit.deed({ path: null }));
      expect(lit.files().filter((name) => name.endsWith('.amb'))).to.have.length(4);
      expect(lit.log()).to.match(/ -af ambfiles\/[0-9a-f]{16}\.amb room\.oct/m);
    });

    it('tell of a file that is that of another model, and put it aside', async () => {
      await lit.live(lit.deed());
      const told = warnings(await lit.live(lit.deed({}, 32, ['-ad', '32'])));
      expect(told).to.deep.equal([
        `${file} was set aside as ${file}.other-1. The file could not be used: it was made with other options (-ad 16 against -ad 32).`,
      ]);
      lit.room.run('sh', ['-c', 'oconv -f materials.rad > room.oct']);
      expect(warnings(await lit.live(lit.deed({}, 32, ['-ad', '32']))).at(-1)).to.match(
        / it was made for another octree\.$/,
      );
      expect(lit.files()).to.include.members([...both, 'room.amb.other-1', 'room.amb.other-2']);
    });

    it('have one of their own while others use the file with other options', async () => {
      await lit.live(lit.deed());
      const before = await lit.check();
      const user = lit.begin(lit.deed({}, 2000));
      await waitUntil('progress', () => user.seen.fractions.length > 0);
      const hurried = { ...realClock, passed: () => 100 * realClock.passed() };
      const elsewhere = { shares: new Shares(hurried, { ask: async () => lit.locks }) };
      const overture = lit.begin(lit.deed({ onlyCold: true }, 16, ['-ad', '32']), elsewhere);
      const other = lit.begin(lit.deed({}, 16, ['-ad', '32']), elsewhere);
      expect(warnings(await other.outcome)).to.deep.equal([
        `${file} holds the light of another model: nothing of it is used, and nothing added to it.`,
      ]);
      expect((await overture.outcome).is).to.equal('done');
      expect(lit.log(3)).to.match(/: not run$/m);
      user.simulation.stop();
      await user.outcome;
      const { is, records } = await lit.check();
      expect([is, records >= before.records]).to.deep.equal(['sound', true]);
      expect(lit.files()).to.deep.equal(both);
    });

    it("use a user's own, if its options are the same and it is newer than the octree", async () => {
      await lit.live(lit.deed());
      rmSync(lit.at(`${file}.json`));
      const { ino } = statSync(lit.at(file));
      expect(warnings(await lit.live(lit.deed()))).to.deep.equal([]);
      expect([statSync(lit.at(file)).ino, lit.files()]).to.deep.equal([ino, both]);
      rmSync(lit.at(`${file}.json`));
      utimesSync(lit.at(file), 1, 1);
      expect(warnings(await lit.live(lit.deed()))[0]).to.match(/ it is not newer than the octree\.$/);
    });

    it('do not begin with an overture where there are values, but where there are none', async () => {
      const overture = () => lit.live(lit.deed({ onlyCold: true }));
      expect(warnings(await overture())).to.deep.equal([]);
      expect(lit.log()).to.match(/^rpict /m);
      await overture();
      expect(lit.log()).not.to.match(/^rpict /m);
      expect(lit.log()).to.match(/^# its ambient file holds values already: not run$/m);
      truncateSync(lit.at(file), readFileSync(lit.at(file), 'latin1').indexOf('\n\n') + 4);
      await overture();
      expect(lit.log()).to.match(/^rpict /m);
    });

    it('wait for a slot before they take a lock', async () => {
      await lit.live(lit.deed());
      const turn = new Turn(true);
      const next = lit.begin(lit.deed(), { turn });
      expect(warnings(await lit.live(lit.deed({}, 48)))).to.deep.equal([]);
      turn.go();
      expect(warnings(await next.outcome)).to.deep.equal([]);
      const never = new Turn(true);
      const cancelled = lit.begin(lit.deed(), { turn: never });
      cancelled.simulation.stop();
      expect(await cancelled.outcome).to.deep.equal({ is: 'stopped' });
    });

    it('let others write as soon as they have read it, though they say nothing', async () => {
      const { args } = lit.deed({}, 1500);
      const silent = args.slice(2).with(-2, file);
      const long = lit.begin(run('rpict', silent, { ambient: lit.ambient(), stdout: { to: 'null' } }), {}, 'frame');
      await waitUntil('the program', () => long.seen.pids.length > 0);
      expect(warnings(await lit.live(lit.deed({}, 48)))).to.deep.equal([]);
      const { records } = await lit.check();
      writeFileSync(lit.at('rays'), '2 1.5 1.5 1 1 -.2\n'.repeat(2_000_000));
      const options = '-h -ab 2 -aa .15 -ad 16 -as 0 -ar 64'.split(' ');
      const ambient = lit.ambient({ path: 'ambfiles/rays.amb' });
      const rays = run('rtrace', [...options, '-af', '', 'room.oct'], {
        ambient,
        stdin: 'rays',
        stdout: { to: 'null' },
      });
      const first = lit.begin(rays, {}, 'frame');
      await waitUntil('the program', () => first.seen.pids.length > 0);
      const few = run('rtrace', rays.args, { ambient, stdin: 'room.rad', stdout: { to: 'null' } });
      expect(warnings(await lit.live(few)).filter((line) => /another|aside/.test(line))).to.deep.equal([]);
      expect(records).to.be.above(0);
      const alive = [long, first].map(({ seen }) => !standsStill(seen.pids[0] ?? 0));
      expect(alive).to.deep.equal([true, true]);
    });

    it('say what is missing, or in the way', async () => {
      expect(reason(await lit.live(lit.deed({ octree: 'other.oct' })))).to.equal(
        'No such file in the project: other.oct.',
      );
      mkdirSync(lit.at(file));
      expect(reason(await lit.live(lit.deed()))).to.equal(
        `${file} cannot be shared: illegal operation on a directory.`,
      );
    });
  });

  it('are ended where somebody keeps the lock for ever, and say who', async () => {
    await lit.live(lit.deed());
    const clock = hurried(200);
    const shares = new Shares(clock, { ask: async () => lit.locks });
    const begun = lit.begin(lit.deed({}, 400), { clock, shares });
    await waitUntil('a program that has read the file', () => begun.seen.fractions.length > 0);
    const fd = openSync(lit.at(file), 'r+');
    await waitUntil('the lock', () => tryLock(fd));
    expect(await begun.outcome).to.include({
      is: 'failed',
      reason:
        'It was ended because it waited 5 minutes for the lock of its ambient file, which another simulation of this ' +
        'host holds.',
    });
    closeSync(fd);
    expect((await lit.check()).is).to.equal('sound');
  });

  describe('when the file is damaged', () => {
    const says = 'ignoring last 10 values in ambient file (corrupted)';

    it('say so, and set it aside', async () => {
      const seen = lit.standIn(`real "$@"; echo "rpict: warning - ${says}" >&2`);
      const outcome = await lit.live(lit.deed(), seen);
      expect(outcome).to.deep.include({ is: 'failed', damaged: true, exit: null });
      expect(reason(outcome)).to.match(/^The ambient file was damaged: .*ignoring last 10 values/);
      expect(lit.files()).to.deep.equal(['room.amb.damaged-1', 'room.amb.damaged-1.reason', 'room.amb.json']);
      expect(readFileSync(lit.at(`${file}.damaged-1.reason`), 'utf8')).to.include('ignoring last 10 values');
      expect(lit.log()).to.match(/^# ambfiles\/room\.amb was set aside as ambfiles\/room\.amb\.damaged-1\.$/m);
    });

    it('say so when rpict does not take it', async () => {
      const seen = lit.standIn('real "$@"; echo "rpict: fatal - bad/incompatible ambient file" >&2; exit 1');
      expect(await lit.live(lit.deed(), seen)).to.deep.include({ is: 'failed', damaged: true, exit: 1 });
    });

    it('say so when somebody has removed it', async () => {
      const error = 'rpict: system - fopen failed in ambsync: No such file or directory';
      const outcome = await lit.live(
        lit.deed(),
        lit.standIn(`real "$@"; rm ambfiles/room.amb; echo "${error}" >&2; exit 2`),
      );
      expect(outcome).to.deep.include({ is: 'failed', damaged: true, exit: 2 });
      expect(lit.files()).to.deep.equal(['room.amb.json']);
    });

    it('find it misaligned or shrunken themselves', async () => {
      await lit.live(lit.deed());
      const zeros = lit.standIn('real "$@"; head -c 670 /dev/zero >> ambfiles/room.amb');
      expect(reason(await lit.live(lit.deed(), zeros))).to.match(
        /^The ambient file was damaged: .*Record \d+ is damaged/,
      );
      await lit.live(lit.deed());
      const shrink = lit.standIn('real "$@"; truncate -s -67000 ambfiles/room.amb');
      expect(reason(await lit.live(lit.deed(), shrink))).to.match(/^The ambient file was damaged: .* has shrunk from /);
    });
  });

  describe('when the octree is replaced before they have loaded it', () => {
    const replace = 'cp room.oct new.oct; oconv -f materials.rad > room.oct';
    const replaced = {
      is: 'failed',
      damaged: true,
      reason: 'room.oct was replaced or changed while the simulation was loading it.',
    } as const;
    const other = () => lit.standIn(`${replace}; real "$@"`);

    it('are ended before they can add to the values of others', async () => {
      await lit.live(lit.deed());
      const before = readFileSync(lit.at(file));
      expect(await lit.live(lit.deed({}, 400), other())).to.include(replaced);
      expect(readFileSync(lit.at(file)).equals(before)).to.equal(true);
      expect(lit.files()).to.deep.equal(both);
    });

    it('have what they made set aside', async () => {
      expect(await lit.live(lit.deed({}, 400), other())).to.include(replaced);
      expect(lit.files()).to.deep.equal(['room.amb.damaged-1', 'room.amb.damaged-1.reason', 'room.amb.json']);
      expect(readFileSync(lit.at(`${file}.damaged-1.reason`), 'utf8')).to.equal(`${replaced.reason}\n`);
    });

    it('add nothing of their own file', async () => {
      await lit.live(lit.deed());
      const { records } = await lit.check();
      expect(await lit.live(lit.deed({ use: 'private' }, 400), other())).to.include(replaced);
      lit.locks = loose;
      lit.room.run('sh', ['-c', 'cp new.oct room.oct']);
      expect(await lit.live(lit.deed({}, 400), other())).to.include(replaced);
      expect((await lit.check()).records).to.equal(records);
    });

    it('do not render with frozen values, and ask for others', async () => {
      await lit.live(lit.deed({ use: 'fill' }));
      expect(await lit.live(lit.deed({ use: 'frozen' }, 400), other())).to.include(replaced);
    });

    it('say so as well where they say nothing and are over at once', async () => {
      const quick = lit.standIn(`${replace}; exit 0`);
      expect(await lit.live(lit.deed({}, 8), quick)).to.include(replaced);
    });

    it('say so after they have failed for half an octree, and not after they were cancelled', async () => {
      const half = lit.standIn('head -c 99 room.oct > half.oct; mv half.oct room.oct; real "$@"');
      expect(await lit.live(lit.deed(), half)).to.include(replaced);
      const begun = lit.begin(lit.deed(), lit.standIn('rm room.oct; sleep 60'));
      await waitUntil('another octree', () => !existsSync(lit.at('room.oct')));
      begun.simulation.stop();
      expect(await begun.outcome).to.deep.equal({ is: 'stopped' });
    });

    it('go on where it is the same again, or is replaced later', async () => {
      const again = lit.standIn('cp room.oct new.oct; mv new.oct room.oct; real "$@"');
      expect(warnings(await lit.live(lit.deed({}, 48), again))).to.deep.equal([]);
      const long = await runs(400);
      lit.room.run('sh', ['-c', replace]);
      expect(warnings(await long.outcome)).to.deep.equal([]);
    });
  });

  describe('each in a file of its own', () => {
    it('add what they have found to the one that is kept', async () => {
      const alone = lit.deed({ use: 'private' });
      expect(warnings(await lit.live(alone))).to.deep.equal([]);
      expect(lit.files()).to.deep.equal(both);
      const { is, records } = await lit.check();
      expect([is, records > 100]).to.deep.equal(['sound', true]);
      await lit.live(alone);
      const again = await lit.check();
      expect([again.is, again.records >= records, again.records < 1.5 * records]).to.deep.equal(['sound', true, true]);
      expect(lit.log()).to.match(/ -af proc\/12\.2\.1\.own room\.oct/m);
      // Of a procwrap that was killed.
      writeFileSync(lit.at('proc/12.3.1.own'), 'left');
      await lit.live(lit.deed({ use: 'private' }, 64));
      expect([lit.files(), readdirSync(lit.at('proc'))]).to.deep.equal([both, []]);
      expect((await lit.check()).records).to.be.above(records);
    });

    it('remove what earlier attempts left when they were killed with their procwrap', () => {
      mkdirSync(lit.at('proc'), { recursive: true });
      for (const name of ['12.2.3', '12.2.4', '13.2.3']) writeFileSync(lit.at(`proc/${name}.own`), 'left');
      const fd = openSync(lit.at('.'), 'r');
      OwnFile.inProject(fd, '12.2.5').close();
      closeSync(fd);
      expect(readdirSync(lit.at('proc'))).to.deep.equal(['13.2.3.own']);
    });

    it('mend what they find', async () => {
      await lit.live(lit.deed());
      const { records } = await lit.check();
      appendFileSync(lit.at(file), Buffer.alloc(700));
      expect(warnings(await lit.live(lit.deed({ use: 'private' }, 64)))).to.deep.equal([]);
      const after = await lit.check();
      expect([after.is, after.records > records]).to.deep.equal(['sound', true]);
    });

    it('leave alone what is of another model', async () => {
      await lit.live(lit.deed());
      const before = readFileSync(lit.at(file));
      const told = warnings(await lit.live(lit.deed({ use: 'private' }, 32, ['-ad', '32'])));
      expect(told).to.deep.equal([
        `${file} holds the light of another model: nothing of it is used, and nothing added to it.`,
      ]);
      expect(readFileSync(lit.at(file)).equals(before)).to.equal(true);
      expect(lit.files()).to.deep.equal(both);
    });

    it('are done, and say so, where what they found cannot be kept', async () => {
      const seen = lit.standIn('real "$@"; mkdir ambfiles/room.amb');
      expect(warnings(await lit.live(lit.deed({ use: 'private' }), seen))).to.deep.equal([
        `What this simulation has found was not added to ${file}: ${file} cannot be shared: illegal operation on a directory.`,
      ]);
      rmSync(lit.at(file), { recursive: true });
      const other = lit.standIn('real "$@"; real -ab 2 -ad 99 -x 9 -y 9 -af ambfiles/room.amb room.oct > other.hdr');
      expect(warnings(await lit.live(lit.deed({ use: 'private' }), other))).to.deep.equal([
        `What this simulation has found was not added to ${file}: it holds the light of another model.`,
      ]);
      chmodSync(lit.at(file), 0o664);
    });

    it('leave no empty file where the disk is full: Radiance would take it for one', async function () {
      const why = growsAlways();
      if (why !== null) skip(this, why);
      await lit.live(lit.deed());
      renameSync(lit.at(file), lit.at('ambfiles/made.amb'));
      const directory = openSync(lit.project.path, 'r');
      const place = new Place(directory, 'ambfiles/made.amb');
      const made = AmbientFile.open(place);
      const kept = new Kept({ directory, path: file, attempt: '12.9.1', locks: { holds: true } }, realClock);
      const model = { octree: { path: 'room.oct', sha256: 'a', modified: 0 }, parameters: '', radiance: '' };
      const allow = forbidGrowth();
      try {
        if (made) expect(await kept.add(made, model, 0)).to.match(/file too large/);
      } finally {
        allow();
        kept.close();
        made?.close();
        place.close();
        closeSync(directory);
      }
      expect(lit.files()).to.deep.equal(['made.amb', 'room.amb.json']);
    });

    it('leave nothing when they are ended, but what they have found', async () => {
      const begun = lit.begin(lit.deed({ use: 'private' }, 2000));
      await waitUntil('progress', () => begun.seen.fractions.length > 0);
      begun.simulation.stop();
      expect(await begun.outcome).to.deep.equal({ is: 'stopped' });
      expect(lit.files().filter((name) => !both.includes(name))).to.deep.equal([]);
    });

    it('are told when they said that it is damaged', async () => {
      const seen = lit.standIn('real "$@"; echo "rpict: fatal - bad/incompatible ambient file" >&2; exit 1');
      expect(await lit.live(lit.deed({ use: 'private' }), seen)).to.include({ is: 'failed', damaged: true });
      expect(lit.files()).to.deep.equal([]);
    });
  });

  describe('where locks do not hold', () => {
    beforeEach(() => {
      lit.locks = loose;
    });
    const warning =
      'On /volume (nfs) two processes got the same lock. So this simulation had an ambient file of its own: what others ' +
      'found meanwhile was computed again, and several at a time take about as long as one after another. ' +
      'To mend it: findmnt -T /volume';

    it('share none, say what that costs, and keep what they find all the same', async () => {
      const first = lit.begin(lit.deed({}, 64));
      const second = lit.begin(lit.deed({}, 64, ['-vu', '0', '1', '0']));
      expect([await first.outcome, await second.outcome].map(warnings)).to.deep.equal([[warning], [warning]]);
      expect([lit.files(), lit.elsewhere()]).to.deep.equal([both, []]);
      const { is, records } = await lit.check();
      await lit.live(lit.deed({}, 64));
      const after = await lit.check();
      expect([is, after.is, after.records >= records]).to.deep.equal(['sound', 'sound', true]);
      expect(lit.log()).to.match(/ -af \/.*\/own\.amb room\.oct/m);
    });

    it('leave nothing of attempts that were killed with their procwrap', async () => {
      mkdirSync(lit.at('proc'), { recursive: true });
      writeFileSync(lit.at('proc/12.1.1.own'), 'left');
      await lit.live(lit.deed());
      expect([lit.files(), readdirSync(lit.at('proc'))]).to.deep.equal([both, []]);
      expect((await lit.check()).is).to.equal('sound');
    });

    it('set aside what is of another model, so that what they find is kept again', async () => {
      await lit.live(lit.deed());
      const before = readFileSync(lit.at(file));
      const told = warnings(await lit.live(lit.deed({}, 32, ['-ad', '32'])));
      expect(told[1]).to.equal(
        `${file} was set aside as ${file}.other-1. The file could not be used: it was made with other options (-ad 16 against -ad 32).`,
      );
      expect(told).to.have.length(2);
      expect(readFileSync(lit.at(`${file}.other-1`)).equals(before)).to.equal(true);
      expect((await lit.check()).is).to.equal('sound');
      expect(warnings(await lit.live(lit.deed({}, 32, ['-ad', '32'])))).to.deep.equal([warning]);
    });

    it('keep what is no ambient file, such as a picture', async () => {
      const picture = '#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 1 +X 1\nabcd';
      writeFileSync(lit.at(file), picture);
      expect(warnings(await lit.live(lit.deed({ use: 'private' })))).to.deep.equal([
        `${file} holds the light of another model: nothing of it is used, and nothing added to it.`,
      ]);
      expect(readFileSync(lit.at(file), 'latin1')).to.equal(picture);
      expect(warnings(await lit.live(lit.deed()))[1]).to.match(
        /other-1\. The file could not be used: it is no ambient file\.$/,
      );
      expect(readFileSync(lit.at(`${file}.other-1`), 'latin1')).to.equal(picture);
      expect((await lit.check()).is).to.equal('sound');
    });

    it('do without the warning where that was asked for, and without an overture where there are values', async () => {
      expect(warnings(await lit.live(lit.deed({ use: 'private' })))).to.deep.equal([]);
      await lit.live(lit.deed({ onlyCold: true }));
      expect(lit.log()).to.match(/: not run$/m);
    });

    it('fill and freeze a file', async () => {
      expect(warnings(await lit.live([lit.deed({ use: 'fill' }), lit.deed({ use: 'fill' }, 48)]))).to.deep.equal([]);
      expect(statSync(lit.at(file)).mode & 0o777).to.equal(0o444);
      expect(warnings(await lit.live(lit.deed({ use: 'frozen' })))).to.deep.equal([]);
    });
  });

  describe('in a frozen file', () => {
    const fill = (pixels = 32) => lit.deed({ use: 'fill' }, pixels);
    const frozen = () => lit.live(lit.deed({ use: 'frozen' }));
    const mode = () => statSync(lit.at(file)).mode & 0o777;

    it('find what was filled once, by all programs of a task', async () => {
      expect(warnings(await lit.live([fill(), fill(48)]))).to.deep.equal([]);
      expect(mode()).to.equal(0o444);
      const before = statSync(lit.at(file));
      expect(warnings(await lit.live([fill(), fill(48)]))).to.deep.equal([]);
      expect(lit.log()).not.to.match(/^rpict /m);
      expect(statSync(lit.at(file)).mtimeMs).to.equal(before.mtimeMs);
      expect(warnings(await frozen())).to.deep.equal([]);
    });

    it('begin anew what was not filled to its end', async () => {
      await lit.live(lit.deed({}, 64));
      const { records } = await lit.check();
      expect(warnings(await lit.live(fill(8)))).to.deep.equal([]);
      expect((await lit.check()).records).to.be.below(records);
      expect(mode()).to.equal(0o444);
    });

    it('leave nothing of what was not filled to its end', async () => {
      const begun = lit.begin([fill(), fill(600)]);
      await waitUntil('the second program', () => begun.seen.pids.length === 2);
      begun.simulation.stop();
      expect(await begun.outcome).to.deep.equal({ is: 'stopped' });
      expect(lit.files()).to.deep.equal(['room.amb.json']);
    });

    it('say that it is missing or damaged, so that it is filled once more', async () => {
      expect(await frozen()).to.include({
        is: 'failed',
        damaged: true,
        reason: `${file} is not there, or not read-only any more; it has to be filled anew.`,
      });
      await lit.live(fill());
      const good = readFileSync(lit.at(file));
      chmodSync(lit.at(file), 0o664);
      truncateSync(lit.at(file), good.length - 5);
      chmodSync(lit.at(file), 0o444);
      expect(await frozen()).to.include({
        is: 'failed',
        damaged: true,
        reason: `${file} is read-only, and cannot be used: The last record is cut short: 62 of 67 bytes.`,
      });
      expect(warnings(await lit.live(fill()))[0]).to.match(/ was set aside as ambfiles\/room\.amb\.damaged-1\.$/);
      expect(warnings(await frozen())).to.deep.equal([]);
    });

    it('say that nothing was made', async () => {
      expect(reason(await lit.live(fill(), lit.standIn('exit 0')))).to.equal(
        `${file} cannot be frozen: the programs that were to fill it have not made it.`,
      );
      expect(existsSync(lit.at(file))).to.equal(false);
    });
  });
});
