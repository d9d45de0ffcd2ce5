import {
  closeSync,
  constants,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { expect } from 'chai';
import { type Check, checkAmbient } from '../../../src/ambient/check.ts';
import { mendAmbient } from '../../../src/ambient/mend.ts';
import { difference, parametersOf, parametersOfHeader } from '../../../src/ambient/parameters.ts';
import { ambientHeader, ambientRecord, RealRoom } from '../../support/ambient.ts';
import { Chance } from '../../support/chance.ts';
import { temporary } from '../../support/executor.ts';
import { skip } from '../../support/skip.ts';

/** What is done to a sound file, and what is to become of it: mended to so many records, or refused. */
interface Damage {
  readonly how: string;
  readonly bytes: Buffer;
  readonly is: Check['is'];
  readonly records: number;
}

describe('200 damaged ambient files', () => {
  let base: ReturnType<typeof temporary>;
  let room: RealRoom;
  let sound: Buffer;
  let start: number;
  let records: number;

  before(async function () {
    if (!RealRoom.installation.found) {
      skip(this, RealRoom.installation.says);
    }
    base = temporary('damaged');
    room = new RealRoom(base.path);
    room.render('sound.amb');
    sound = room.bytes('sound.amb');
    const check = await look('sound.amb', async (_fd, found) => found);
    start = check.header?.start ?? 0;
    records = check.records;
  });
  after(() => base?.[Symbol.dispose]());

  async function look<T>(name: string, deed: (fd: number, check: Check) => Promise<T>): Promise<T> {
    const fd = openSync(room.at(name), constants.O_RDWR);
    try {
      return await deed(fd, await checkAmbient(fd));
    } finally {
      closeSync(fd);
    }
  }

  const cutAt = (length: number): Buffer => sound.subarray(0, length);
  /** Cut within the header, before and within the magic number, and within records. */
  function* cuts(chance: Chance): Generator<Damage> {
    for (let length = 0; length < start; length += Math.max(1, Math.floor(start / 30)))
      yield { how: `cut to ${length}`, bytes: cutAt(length), is: length === 0 ? 'empty' : 'foreign', records: 0 };
    for (const length of [start - 2, start - 1])
      yield { how: `cut to ${length}`, bytes: cutAt(length), is: 'foreign', records: 0 };
    for (let over = 1; over < 67; over += 1) {
      const whole = chance.below(records);
      const bytes = cutAt(start + whole * 67 + over);
      yield { how: `cut ${over} bytes into record ${whole + 1}`, bytes, is: 'cut short', records: whole };
    }
  }

  /** Records that were never written, or overwritten, or stand a few bytes further on (Radiance after its own repair). */
  function* overwritten(chance: Chance): Generator<Damage> {
    for (let round = 0; round < 36; round += 1) {
      const first = chance.below(records);
      const bytes = Buffer.from(sound).fill(0, start + first * 67, start + chance.whole(first + 1, records) * 67);
      yield { how: `zeroes from record ${first + 1} on`, bytes, is: 'damaged', records: first };
    }
    for (let round = 0; round < 36; round += 1) {
      const first = chance.below(records - 2);
      const [before, after] = [cutAt(start + first * 67), sound.subarray(start + first * 67)];
      const bytes = Buffer.concat([before, Buffer.alloc(chance.whole(1, 66)), after]);
      yield { how: `misaligned after record ${first}`, bytes, is: 'damaged', records: first };
    }
    for (let round = 0; round < 20; round += 1) {
      const first = chance.below(records);
      const bytes = Buffer.concat([cutAt(start + first * 67), ambientRecord({ weight: 0 }), cutAt(start)]);
      yield { how: `a bad record after record ${first}`, bytes, is: 'damaged', records: first };
    }
  }

  function* foreign(): Generator<Damage> {
    const body = sound.subarray(start);
    for (const header of [
      ambientHeader(['FORMAT=32-bit_rle_rgbe']),
      ambientHeader(['FORMAT=Radiance_octree']),
      ambientHeader(['rpict']),
      ambientHeader(['NCOMP=2', 'FORMAT=Radiance_ambval']),
      ambientHeader(['NCOMP=99', 'FORMAT=Radiance_ambval']),
      ...[0, 557, 559, 560, 562, 0xffff].map((magic) => ambientHeader([], magic)),
      ambientHeader().subarray(1),
      Buffer.from('\n\n'),
      Buffer.from('#?RADIANCE\r\n'),
      Buffer.alloc(start),
      readFileSync(room.at('room.oct')),
      readFileSync(room.at('room.rad')),
    ])
      yield { how: 'foreign', bytes: Buffer.concat([header, body]), is: 'foreign', records: 0 };
  }

  it('are each mended, or refused and left as they are, and none is accepted silently', async () => {
    const chance = new Chance(200);
    const all = [...cuts(chance), ...overwritten(chance), ...foreign()];
    expect(all.length).to.be.at.least(200);
    for (const { how, bytes, is, records: left } of all) {
      writeFileSync(room.at('x.amb'), bytes);
      await look('x.amb', async (fd, check) => {
        expect(check, how).to.include({ is, records: left, fileBytes: bytes.length });
        expect(check.problem, how).to.match(/^[A-Z].*\.$/);
        if (check.header === null) await refused(fd, check, how);
        else await mended(fd, check, how);
      });
      if (is === 'empty' || is === 'foreign') expect(room.bytes('x.amb').equals(bytes), how).to.equal(true);
      else expectSound(bytes, how);
    }
  });

  async function refused(fd: number, check: Check, how: string): Promise<void> {
    const said = await mendAmbient(fd, check).then(String, ({ message }: Error) => message);
    expect(said, how).to.equal('Only an ambient file can be mended.');
  }

  async function mended(fd: number, check: Check, how: string): Promise<void> {
    const kept: Buffer[] = [];
    await mendAmbient(fd, check, async (bytes) => {
      kept.push(Buffer.from(bytes));
    });
    expect(await checkAmbient(fd), how).to.include({
      is: 'sound',
      records: check.records,
      fileBytes: check.soundBytes,
    });
    expect(Buffer.concat(kept).length, how).to.equal(check.fileBytes - check.soundBytes);
  }

  /** The beginning of what was there, and Radiance reads all of it. */
  function expectSound(before: Buffer, how: string): void {
    const now = room.bytes('x.amb');
    expect(now.equals(before.subarray(0, now.length)), how).to.equal(true);
    const count = Math.floor((now.length - start) / 67);
    if (count > 0) expect(room.looked('x.amb'), how).to.equal(count);
  }

  it('are used by rpict without a warning when they are mended', async () => {
    for (const length of [start, start + 20, start + 67 * 40 + 5]) {
      writeFileSync(room.at('x.amb'), cutAt(length));
      await look('x.amb', (fd, check) => mendAmbient(fd, check));
      expect(room.render('x.amb', ['-t', '0']).stderr).not.to.match(/warning|ambient/);
      expect(await look('x.amb', async (_fd, check) => check.is)).to.equal('sound');
    }
  });

  it('have hardly a sound record where the header tells another size of them', async () => {
    const header = ambientHeader(['NCOMP=8', 'FORMAT=Radiance_ambval']);
    writeFileSync(room.at('x.amb'), Buffer.concat([header, sound.subarray(start)]));
    const { is, records: left } = await look('x.amb', async (_fd, check) => check);
    expect(is).to.equal('damaged');
    expect(left).to.be.lessThan(3);
  });

  it('lose a hole of four gigabytes at their end', async () => {
    writeFileSync(room.at('x.amb'), sound);
    truncateSync(room.at('x.amb'), 2 ** 32);
    await look('x.amb', (fd, check) => mendAmbient(fd, check));
    expect(room.bytes('x.amb').equals(sound)).to.equal(true);
  });

  it('stay as they are where what would be cut off cannot be kept, or the file is another by now', async () => {
    writeFileSync(room.at('x.amb'), Buffer.concat([sound, Buffer.alloc(100)]));
    await look('x.amb', async (fd, check) => {
      const full = async () => {
        throw new Error('no space left');
      };
      expect(await mendAmbient(fd, check, full).catch(({ message }: Error) => message)).to.equal('no space left');
      expect(statSync(room.at('x.amb')).size).to.equal(sound.length + 100);
      ftruncateSync(fd, sound.length + 50);
      const said = await mendAmbient(fd, check).catch(({ message }: Error) => message);
      expect(said).to.equal('The file has changed since it was checked.');
      expect(statSync(room.at('x.amb')).size).to.equal(sound.length + 50);
    });
    writeFileSync(room.at('x.amb'), sound);
    await look('x.amb', (fd, check) => mendAmbient(fd, check, () => expect.fail('nothing is cut off a sound file')));
    expect(room.bytes('x.amb').equals(sound)).to.equal(true);
  });

  it('of other options are told from those of the job, though each is sound', async () => {
    const wanted = parametersOf('rpict', '-ab 1 -aa .2 -ad 64'.split(' '));
    for (const options of ['-ab 2', '-aa .25', '-ad 128', '-as 64', '-ar 32', '-av .1 .1 .1', '-aw 2', '-lr 3']) {
      mkdirSync(room.at('other'), { recursive: true });
      const [name] = options.split(' ');
      room.render(`other/${name}.amb`, ['-x', '8', '-y', '8', ...options.split(' ')]);
      const { is, header } = await look(`other/${name}.amb`, async (_fd, check) => check);
      expect(is).to.equal('sound');
      expect(header && difference(parametersOfHeader(header), wanted), options).to.include(`${name} `);
    }
  });
});
