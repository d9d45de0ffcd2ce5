import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { expect } from 'chai';
import { Gate, type Wanted } from '../../../src/ambient/gate.ts';
import { readHeader } from '../../../src/ambient/header.ts';
import { GateError } from '../../../src/ambient/waiting.ts';
import { realClock } from '../../../src/executor/clock.ts';
import { temporary } from '../../support/executor.ts';
import { lost, SharedRoom } from '../../support/shared-room.ts';
import { skip } from '../../support/skip.ts';

const name = 'room.amb';

/** What becomes of a file, as the notes say; and how many of its records, counted from the first, are there then. */
interface Case {
  readonly how: string;
  readonly make: () => void;
  readonly told: RegExp;
  readonly keeps?: number;
  readonly wanted?: Partial<Wanted>;
}

describe('a damaged ambient file at the gate, and a real rpict after it', () => {
  let base: ReturnType<typeof temporary>;
  let room: SharedRoom;
  let gate: Gate;
  let sound: Buffer;
  let start: number;
  let records: readonly string[];

  before(async function () {
    if (!SharedRoom.installation.found) skip(this, SharedRoom.installation.says);
    base = temporary('damaged-gate');
    room = new SharedRoom(base.path);
    gate = new Gate(realClock);
    await room.rendered('sound.amb');
    sound = room.bytes('sound.amb');
    records = room.records('sound.amb').all;
    const header = readHeader(sound);
    start = 'problem' in header ? 0 : header.start;
  });
  after(async () => {
    await room?.close();
    base?.[Symbol.dispose]();
  });

  const write = (...parts: readonly (Buffer | string)[]) =>
    writeFileSync(
      room.at(name),
      Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : part))),
    );
  const end = (record: number) => start + record * 67;

  /** @returns what the passage noted, and what rpict said */
  async function through(wanted: Partial<Wanted> = {}): Promise<{ told: string; complaints: readonly string[] }> {
    const passage = await gate.enter(room.wanted(name, wanted), () => false);
    const simulation = room.start(name);
    simulation.readPicture();
    await simulation.hasLoaded();
    passage.opened();
    await simulation.ended;
    await simulation.ended;
    expect(await passage.leave()).to.deep.equal({ damage: null });
    return { told: passage.notes.join(' '), complaints: simulation.complaints };
  }

  function check(cases: () => readonly Case[]): () => Promise<void> {
    return async () => {
      for (const { how, make, told, keeps = 0, wanted } of cases()) {
        rmSync(room.at(name), { force: true });
        rmSync(room.at(`${name}.json`), { force: true });
        make();
        const seen = await through(wanted);
        expect(seen.told, how).to.match(told);
        expect(seen.complaints, how).to.deep.equal([]);
        const { all, over } = room.records(name);
        expect([over, lost(records.slice(0, keeps), all)], how).to.deep.equal([0, 0]);
        expect(all.length, how).to.be.greaterThan(0);
      }
    };
  }

  const cut = /cut short: .* bytes were cut off\./;
  const damaged = /is damaged, at byte \d+: .* bytes were cut off\./;
  const aside = /was set aside as room\.amb\.other-\d\. .* room\.amb is made anew\.$/;

  it(
    'cut in the middle of a record, it is mended and keeps what is whole',
    check(() =>
      [1, 33, 63, 64, 66].flatMap((over) =>
        [0, 1, 121, 122, records.length - 1].map((record) => ({
          how: `${over} bytes of record ${record + 1}`,
          make: () => write(sound.subarray(0, end(record) + over)),
          told: cut,
          keeps: record,
        })),
      ),
    ),
  );

  it(
    'with zeros, noise or too much in it, it is cut there',
    check(() => {
      const broken = (record: number, bytes: Buffer) => () =>
        write(sound.subarray(0, end(record)), bytes, sound.subarray(end(record) + bytes.length));
      const last = records.length - 1;
      return [0, 7, last].flatMap((record) => [
        { how: `record ${record} of zeros`, make: broken(record, Buffer.alloc(67)), told: damaged, keeps: record },
        { how: `record ${record} of ones`, make: broken(record, Buffer.alloc(67, 255)), told: damaged, keeps: record },
        {
          how: `askew from record ${record} on`,
          make: () => write(sound.subarray(0, end(record)), 'askew', sound.subarray(end(record))),
          told: /cut off\./,
          keeps: record,
        },
      ]);
    }),
  );

  it(
    'of 4 GB, all but its beginning a hole, it is cut to that',
    check(() => [
      {
        how: 'a hole at the end',
        make: () => {
          write(sound);
          truncateSync(room.at(name), 2 ** 32);
        },
        told: damaged,
        keeps: records.length,
      },
    ]),
  );

  it(
    'without a whole header, or of another kind, it is set aside and made anew',
    check(() => {
      const places = [1, 10, 11, 60, start - 3, start - 2, start - 1];
      return [
        ...places.map((at) => ({ how: `cut at byte ${at}`, make: () => write(sound.subarray(0, at)), told: aside })),
        { how: 'an octree', make: () => write(room.bytes('room.oct')), told: aside },
        { how: 'text', make: () => write('void plastic white 0 0 5 .7 .7 .7 0 0\n'), told: aside },
        { how: 'zeros', make: () => write(Buffer.alloc(5000)), told: aside },
        {
          how: 'another magic number',
          make: () => write(sound.subarray(0, start - 2), '\x02\x30', sound.subarray(start)),
          told: aside,
        },
        {
          how: 'empty',
          make: () => write(''),
          told: /room\.amb was empty and has been removed\. room\.amb is made anew\.$/,
        },
      ];
    }),
  );

  it(
    'of another octree or of other parameters, it is set aside and made anew, sound as it is',
    check(() => {
      const older = room.wanted(name).octree.modified + 3_600_000;
      const octree = { path: 'room.oct', sha256: 'b'.repeat(64), modified: older };
      return [
        { how: 'an older one', make: () => write(sound), told: aside, wanted: { octree } },
        { how: 'other options', make: () => write(sound), told: aside, wanted: { parameters: '-ab 5' } },
      ];
    }),
  );

  it('which is no file at all, or has two names, is refused', async () => {
    const makes: Readonly<Record<string, () => void>> = {
      'a directory': () => mkdirSync(room.at(name)),
      'a link': () => symlinkSync('sound.amb', room.at(name)),
      'a link that leads nowhere': () => symlinkSync('/nonexistent', room.at(name)),
      'a pipe': () => execFileSync('mkfifo', [room.at(name)]),
      'a second name': () => linkSync(room.at('sound.amb'), room.at(name)),
    };
    for (const [how, make] of Object.entries(makes)) {
      rmSync(room.at(name), { force: true, recursive: true });
      make();
      const error = await gate.enter(room.wanted(name), () => false).catch((reason: unknown) => reason);
      expect(error, how).to.be.instanceOf(GateError);
      expect(error, how).to.have.property('why', 'unusable');
      expect(room.bytes('sound.amb').equals(sound), how).to.equal(true);
    }
  });
});
