import { expect } from 'chai';
import fc from 'fast-check';
import {
  encodeFromSpawner,
  encodeToSpawner,
  type FromSpawner,
  fromSpawner,
  held,
  LONGEST_FRAME,
  parts,
  sends,
  streams,
  type ToSpawner,
  toSpawner,
  VERSION,
} from '../../../../src/executor/spawner/messages.ts';

const u32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const u64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const count = fc.maxSafeNat();
const text = fc.string({ unit: 'grapheme' }).map((given) => given.replaceAll('\0', ''));
const say = <Word extends string>(word: Word) => fc.constant(word);
const place = fc.record({ path: text, device: u64, inode: u64 });

const toMessages: fc.Arbitrary<ToSpawner> = fc.oneof(
  fc.record({ say: say('hello'), version: u32, mark: u64 }),
  fc.record({ say: say('environment'), number: u32, variables: fc.array(text) }),
  fc.record({
    say: say('start'),
    id: u32,
    waits: fc.boolean(),
    yields: fc.boolean(),
    environment: u32,
    attempt: text,
    confined: fc.boolean(),
    cell: u32,
    processes: count,
    memory: count,
    files: count,
    tasks: count,
    directory: place,
    stdin: fc.option(place),
    stdout: fc.oneof(place, fc.constantFrom(null, 'heard' as const)),
    args: fc.array(text, { maxLength: 20 }),
  }),
  fc.record({ say: say('signal'), id: u32, send: fc.constantFrom(...sends) }),
  fc.record({ say: say('credit'), id: u32, stream: fc.constantFrom(...streams), bytes: u32 }),
  fc.record({ say: fc.constantFrom('go' as const, 'cancel' as const), id: u32 }),
  fc.record({ say: say('cell'), id: u32, pid: u32 }),
);
const fromMessages: fc.Arbitrary<FromSpawner> = fc.oneof(
  fc.record({
    say: say('ready'),
    version: fc.constant(VERSION),
    pid: u32,
    groups: fc.record({ held: fc.subarray([...held]), errno: u32 }),
  }),
  fc.record({ say: say('started'), id: u32, pid: u32 }),
  fc.record({ say: say('refused'), id: u32, errno: u32, of: fc.constantFrom(...parts) }),
  fc.record({
    say: say('output'),
    id: u32,
    stream: fc.constantFrom(...streams),
    portion: fc.uint8Array().map((bytes) => Buffer.from(bytes)),
  }),
  fc.record({
    say: say('ended'),
    id: u32,
    how: fc.constantFrom('exit' as const, 'signal' as const),
    value: u32,
    userMicroseconds: count,
    systemMicroseconds: count,
    peakBytes: count,
    outOfMemory: fc.boolean(),
  }),
  fc.record({ say: say('opened'), id: u32, errno: u32 }),
);

/** The bytes in portions of a size, as a socket may deliver them. */
function portions(bytes: Buffer, size: number): Buffer[] {
  const count = Math.ceil(bytes.length / size);
  return Array.from({ length: count }, (_, index) => bytes.subarray(index * size, (index + 1) * size));
}

const frame = (hex: string) => Buffer.from(hex.replaceAll(' ', ''), 'hex');

describe('messages between procwrap and spawner', () => {
  it('arrive as they were sent, however the stream is cut', () => {
    const size = fc.integer({ min: 1, max: 100 });
    fc.assert(
      fc.property(fc.array(toMessages), size, (messages, portion) => {
        const frames = toSpawner();
        const bytes = Buffer.concat(messages.map(encodeToSpawner));
        expect(portions(bytes, portion).flatMap((part) => frames.push(part))).to.deep.equal(messages);
      }),
      { seed: 4, numRuns: 50 },
    );
    fc.assert(
      fc.property(fc.array(fromMessages), size, (messages, portion) => {
        const frames = fromSpawner();
        const bytes = Buffer.concat(messages.map(encodeFromSpawner));
        expect(portions(bytes, portion).flatMap((part) => frames.push(part))).to.deep.equal(messages);
      }),
      { seed: 4, numRuns: 50 },
    );
  });

  it('have the fields that the description names', () => {
    const start = encodeToSpawner({
      say: 'start',
      id: 7,
      waits: false,
      yields: true,
      environment: 2,
      attempt: 'A=1',
      confined: true,
      cell: 9,
      processes: 512,
      memory: 4096,
      files: 64,
      tasks: 16,
      directory: { path: '/p', device: 1n, inode: 2n },
      stdin: null,
      stdout: 'heard',
      args: ['ls', '-l'],
    });
    const fields = [
      '6b000000 03 07000000',
      '06 02000000 04000000 413d3100',
      '09000000 0002000000000000 0010000000000000 4000000000000000',
      '1000000000000000',
      '02 03000000 2f7000 0100000000000000 0200000000000000',
      '00 01',
      '02000000 03000000 6c7300 03000000 2d6c00',
    ];
    expect(start.toString('hex', 4)).to.equal(frame(fields.join('')).toString('hex', 4));
    expect(start.readUInt32LE(0)).to.equal(start.length - 4);
  });

  it('cannot hold a NUL in a text', () => {
    const message = { say: 'environment', number: 0, variables: ['A=\0'] } as const;
    expect(() => encodeToSpawner(message)).to.throw(RangeError, 'a text holds a NUL');
  });

  const wrong: Record<string, [string, RegExp]> = {
    'an unknown type': ['05000000 09 01000000', /no message has the type 9/],
    'a frame without a head': ['04000000 00000000 00', /a frame of 4 bytes/],
    'a frame that is too long': ['ffffffff 00000000 00', /a frame of 4294967295 bytes/],
    'a frame that ends too soon': ['06000000 01 01000000 00', /out of (range|bounds)|outside buffer/],
    'more texts than bytes': ['0a000000 02 00000000 ffffff0f 00', /more texts than bytes/],
    'a text without an end': ['0e000000 02 00000000 01000000 01000000 41', /a text has no end/],
    'a signal that is none': ['06000000 04 01000000 05', /no meaning has the number 5/],
    'a stream that is none': ['0a000000 05 01000000 02 01000000', /no meaning has the number 2/],
    'a start nowhere': [`36000000 03 01000000 00 00000000 01000000 00 ${'00'.repeat(36)} 00 00 00`, /no directory/],
    'heard input': [
      `4c000000 03 01000000 00 00000000 01000000 00 ${'00'.repeat(36)} 02 01000000 00 ${'00'.repeat(16)} 01 00 00`,
      /nobody hears/,
    ],
  };
  for (const [what, [hex, reason]] of Object.entries(wrong)) {
    it(`refuse ${what}`, () => {
      expect(() => toSpawner().push(frame(hex))).to.throw(RangeError, reason);
    });
  }

  it('refuse a type that only procwrap says', () => {
    expect(() => fromSpawner().push(frame('05000000 08 01000000'))).to.throw(RangeError, /no message has the type 8/);
    expect(LONGEST_FRAME).to.be.below(2 ** 32);
  });
});
