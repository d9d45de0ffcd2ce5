import { spawnSync } from 'node:child_process';
import { appendFileSync, closeSync, constants, mkdirSync, openSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { type Check, checkAmbient } from '../../../src/ambient/check.ts';
import { difference, parametersOf, parametersOfHeader } from '../../../src/ambient/parameters.ts';
import { ambientHeader, ambientRecord, ambientRecords, portable, RealRoom } from '../../support/ambient.ts';
import { Chance } from '../../support/chance.ts';
import { temporary } from '../../support/executor.ts';
import { skip } from '../../support/skip.ts';

async function checked(path: string, from?: Check): Promise<Check> {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    return await checkAmbient(fd, from);
  } finally {
    closeSync(fd);
  }
}

describe('the check of an ambient file', () => {
  let base: ReturnType<typeof temporary>;
  const at = (name: string) => join(base.path, name);
  const file = (...parts: Buffer[]) => {
    writeFileSync(at('x.amb'), Buffer.concat(parts));
    return at('x.amb');
  };
  const start = ambientHeader().length;

  beforeEach(() => {
    base = temporary('ambient');
  });
  afterEach(() => base[Symbol.dispose]());

  it('counts the records of a file that is read in many portions, while other work goes on', async () => {
    const path = file(ambientHeader(), ambientRecords(20_000));
    let turns = 0;
    const other = setInterval(() => {
      turns += 1;
    }, 0);
    const found = await checked(path);
    clearInterval(other);
    expect(found).to.include({ is: 'sound', records: 20_000, soundBytes: start + 20_000 * 67, problem: null });
    expect(turns).to.be.greaterThan(0);
  });

  it('ends at the first record that is not sound, in whichever portion it is', async () => {
    for (const bad of [0, 1, 3911, 3912, 3913, 9999]) {
      const path = file(ambientHeader(), ambientRecords(bad), ambientRecord({ weight: 2 }), ambientRecords(50));
      expect(await checked(path)).to.deep.include({
        is: 'damaged',
        records: bad,
        soundBytes: start + bad * 67,
        problem: `Record ${bad + 1} is damaged, at byte ${start + bad * 67}: the last ${51 * 67} of ${start + (bad + 51) * 67} bytes are lost.`,
      });
    }
  });

  it('tells a last record that is cut short from one that is damaged', async () => {
    const whole = [ambientHeader(), ambientRecords(10)];
    for (const over of [1, 33, 66]) {
      const problem = `The last record is cut short: ${over} of 67 bytes.`;
      const is = await checked(file(...whole, ambientRecord().subarray(0, over)));
      expect(is).to.deep.include({ is: 'cut short', records: 10, soundBytes: start + 670, problem });
    }
    expect(await checked(file(...whole, Buffer.alloc(67)))).to.include({ is: 'damaged', records: 10 });
  });

  it('goes on from what an earlier one found', async () => {
    const path = file(ambientHeader(), ambientRecords(10));
    const first = await checked(path);
    // What was sound then is not read again: it would be found.
    writeFileSync(path, Buffer.concat([ambientHeader(), Buffer.alloc(670), ambientRecords(5)]));
    expect(await checked(path, first)).to.include({ is: 'sound', records: 15 });
    appendFileSync(path, Buffer.alloc(67));
    expect(await checked(path, first)).to.include({ is: 'damaged', records: 15 });
    truncateSync(path, start + 100);
    expect(await checked(path, first)).to.include({ is: 'cut short', records: 1, soundBytes: start + 67 });
    writeFileSync(path, Buffer.concat([ambientHeader(['rpict', 'FORMAT=Radiance_ambval']), Buffer.alloc(670)]));
    expect(await checked(path, first)).to.include({ is: 'damaged', records: 0 });
  });

  it('refuses what is no file, nothing, or another file', async () => {
    const no = { header: null, records: 0, soundBytes: 0 };
    mkdirSync(at('directory.amb'));
    spawnSync('mkfifo', [at('pipe.amb')]);
    const none = { ...no, is: 'foreign', fileBytes: 0, problem: 'This is no ambient file: it is no regular file.' };
    expect(await checked(at('directory.amb'))).to.deep.equal(none);
    expect(await checked(at('pipe.amb'))).to.deep.equal(none);
    expect(await checked(file())).to.deep.equal({ ...no, is: 'empty', fileBytes: 0, problem: 'The file is empty.' });
    expect(await checked(file(ambientHeader().subarray(0, 50)))).to.deep.equal({
      ...no,
      is: 'foreign',
      fileBytes: 50,
      problem: 'The file ends within its header.',
    });
    expect(await checked(file(ambientHeader().subarray(0, -2)))).to.deep.include({
      is: 'foreign',
      problem: 'The file ends before its first record.',
    });
  });

  it('does not read the hole of a file of four gigabytes', async () => {
    const path = file(ambientHeader(), ambientRecords(3));
    truncateSync(path, 2 ** 32);
    expect(await checked(path)).to.include({ is: 'damaged', records: 3, fileBytes: 2 ** 32 });
    truncateSync(path, 0);
    truncateSync(path, 2 ** 32);
    expect(await checked(path)).to.include({ is: 'foreign', soundBytes: 0 });
  });
});

describe('the check of real ambient files', () => {
  let base: ReturnType<typeof temporary>;
  let room: RealRoom;

  before(function () {
    if (!RealRoom.installation.found) {
      skip(this, RealRoom.installation.says);
    }
    base = temporary('ambient');
    room = new RealRoom(base.path);
    room.render('f.amb');
  });
  after(() => base?.[Symbol.dispose]());

  it('takes what rpict, rtrace and mkillum write, with three colours or eight', async () => {
    const light = '-ab 1 -aa .2 -ad 64 -af'.split(' ');
    room.run('rtrace', ['-h', '-cs', '8', ...light, 'rtrace.amb', 'room.oct']);
    room.run('mkillum', [...light, 'mkillum.amb', 'room.oct'], { input: '' });
    const found = await checked(room.at('f.amb'));
    expect(found).to.include({ is: 'sound', problem: null, records: room.looked('f.amb') });
    expect(found.records).to.be.greaterThan(50);
    expect(found.header).to.include({ software: 'RADIANCE 6.0a', components: 3 });
    const eight = await checked(room.at('rtrace.amb'));
    expect(eight).to.include({ is: 'sound', records: room.looked('rtrace.amb') });
    expect(eight.header?.recordBytes).to.equal(72);
    expect(await checked(room.at('mkillum.amb'))).to.include({ is: 'sound', records: 0 });
  });

  it('reads from a header the options that the program was given', async () => {
    const wishes = [
      [],
      ['-ab', '3', '-aa', '.15', '-av', '.01', '0.02', '1e-3', '-aw', '16'],
      ['-ar', '-3', '-as', '0', '-ad', '007', '-lr', '4', '-lw', '1e-05'],
      ['-dt', '.1', '-dc', '.25', '-ds', '0', '-dr', '3', '-st', '1', '-ss', '.7', '-u+', '-dj', '.5'],
      ['-cs', '6', '-cw', '800', '390'],
    ];
    for (const [number, wish] of wishes.entries()) {
      for (const program of ['rpict', 'rtrace']) {
        const name = `${program}-${number}.amb`;
        const size = program === 'rpict' ? ['-x', '1', '-y', '1'] : ['-h'];
        room.run(program, [...size, ...wish, '-af', name, 'room.oct']);
        const { header } = await checked(room.at(name));
        const made = header === null ? 'nothing' : parametersOfHeader(header);
        expect(difference(made, parametersOf(program, wish)), `${program} ${wish.join(' ')}`).to.equal(null);
      }
    }
  });

  it('ends where Radiance itself stops reading', async () => {
    const bytes = room.bytes('f.amb');
    const { header } = await checked(room.at('f.amb'));
    const start = header?.start ?? 0;
    const chance = new Chance(561);
    const count = Math.floor((bytes.length - start) / 67);
    const seen = { sound: 0, damaged: 0 };
    for (let round = 0; round < 300; round += 1) {
      // lookamb says nothing of a file without records.
      const number = chance.whole(1, count - 1);
      const other = changed(bytes, start + number * 67, chance);
      writeFileSync(room.at('changed.amb'), other);
      const { is, records } = await checked(room.at('changed.amb'));
      const hasTinyRadius = isTiny(other, start + number * 67);
      expect(records, `round ${round}`).to.equal(hasTinyRadius ? number : room.looked('changed.amb'));
      seen[is as 'sound' | 'damaged'] += 1;
    }
    expect(Math.min(seen.sound, seen.damaged)).to.be.greaterThan(50);
  });

  it('finds the record that ends Radiance, which its own test lets through', async () => {
    const bytes = room.bytes('f.amb');
    const { header } = await checked(room.at('f.amb'));
    portable(5e-7).copy(bytes, (header?.start ?? 0) + 3 * 67 + 29);
    writeFileSync(room.at('tiny.amb'), bytes);
    expect(await checked(room.at('tiny.amb'))).to.include({ is: 'damaged', records: 3 });
    expect(room.looked('tiny.amb')).to.be.greaterThan(3);
    expect(() => room.render('tiny.amb')).to.throw('zero ambient radius');
  });
});

const floats = [1, 6, 11, 16, 29, 34, 39, 44, 49, 54];

/** A copy in which something of the record at this position is another. */
function changed(bytes: Buffer, at: number, chance: Chance): Buffer {
  const copy = Buffer.from(bytes);
  const kind = chance.below(4);
  if (kind === 0) {
    const float = at + chance.oneOf(floats);
    const mantissas = [0, 1, -1, 2 ** 30, -(2 ** 30), 2 ** 30 - 1, 2 ** 30 + 1, 0x4a81_7c80, 0x4a81_7c7f, 0x4a81_7d00];
    copy.writeInt32BE(chance.oneOf(mantissas), float);
    copy.writeInt8(chance.oneOf([0, 1, -18, 2, 33, 34, 35, -128, 127]), float + 4);
  }
  if (kind === 1) copy.writeInt32BE(chance.whole(-1, 1), at + chance.oneOf([21, 25]));
  if (kind === 2) copy.set([chance.below(256), chance.below(256), chance.below(256), chance.whole(159, 165)], at + 63);
  if (kind === 3) for (let times = 0; times < 3; times += 1) copy[at + chance.below(67)] = chance.below(256);
  return copy;
}

/** Whether the smaller radius is above zero and ends Radiance: lookamb takes such a record. */
function isTiny(bytes: Buffer, at: number): boolean {
  const radius = (bytes.readInt32BE(at + 29) / 0x7fff_ffff) * 2 ** bytes.readInt8(at + 33);
  return radius > 0 && radius <= 1e-6;
}
