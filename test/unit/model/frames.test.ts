import { expect } from 'chai';
import fc from 'fast-check';
import { FramesError, frameText, mostFrames, padded, readFrames, withFrame } from '../../../src/model/frames.ts';

const frame = fc.integer({ min: -60, max: 60 });

/** A part of a list as it is written, and the frames that it names. */
const part: fc.Arbitrary<{ text: string; frames: number[] }> = fc.oneof(
  frame.map((from) => ({ text: `${from}`, frames: [from] })),
  fc.tuple(frame, frame).map(([from, to]) => ({ text: `${from}-${to}`, frames: range(from, to, from <= to ? 1 : -1) })),
  fc.tuple(frame, frame, fc.integer({ min: 1, max: 9 })).map(([from, to, by]) => {
    const step = from <= to ? by : -by;
    return { text: `${from}-${to}:${step}`, frames: range(from, to, step) };
  }),
);

function range(from: number, to: number, step: number): number[] {
  const frames = [];
  for (let at = from; step > 0 ? at <= to : at >= to; at += step) frames.push(at);
  return frames;
}

describe('a list of frames', () => {
  for (const [list, frames] of [
    ['7', [7]],
    ['1-5', [1, 2, 3, 4, 5]],
    ['1-6:2', [1, 3, 5]],
    ['5-1', [5, 4, 3, 2, 1]],
    ['20-10:-5', [20, 15, 10]],
    ['-2-1', [-2, -1, 0, 1]],
    ['-1--3', [-1, -2, -3]],
    ['3-3:7', [3]],
    ['1-4,2,9,3-5', [1, 2, 3, 4, 9, 5]],
    [' 1 , 2-3 ', [1, 2, 3]],
    ['007', [7]],
    ['2147483647', [2_147_483_647]],
    ['-2147483647', [-2_147_483_647]],
  ] as const) {
    it(`is read: "${list}"`, () => {
      expect([...readFrames(list)]).to.deep.equal(frames);
    });
  }
  it('names each frame once, in the order first named', () => {
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 6 }), (parts) => {
        const list = parts.map(({ text }) => text).join(',');
        const expected = [...new Set(parts.flatMap(({ frames }) => frames))];
        expect([...readFrames(list)]).to.deep.equal(expected);
      }),
    );
  });
  it('may name a million, also in pieces that overlap, and no more', () => {
    expect(readFrames(`1-${mostFrames}`)).to.have.length(mostFrames);
    expect(readFrames(`1-${mostFrames},5-${mostFrames}`)).to.have.length(mostFrames);
    const tooMany = 'More than 1000000 frames: use several jobs.';
    for (const list of [
      `0-${mostFrames}`,
      `0,1-${mostFrames}`,
      `1-${mostFrames},1-${mostFrames},1-2`,
      '0-2147483647',
      '-2147483647-2147483647',
      '-2147483647-2147483647,1',
    ]) {
      expect(() => readFrames(list), list).to.throw(FramesError, tooMany);
    }
  });
  for (const list of [
    '',
    ' ',
    ',',
    '1,',
    'a',
    '1-',
    '-',
    '--1',
    '1-2:',
    '1-2:a',
    '1.5',
    '1e3',
    '1-2-3',
    '1:2',
    '٣',
    '1 2',
  ]) {
    it(`is refused where it is not understood: ${JSON.stringify(list)}`, () => {
      expect(() => readFrames(list)).to.throw(FramesError, /^Frames are written like 1-100:2,7,20-10:-1; "/);
    });
  }
  it('is shown in short where it is long', () => {
    expect(() => readFrames(`${'1,'.repeat(500)}x`)).to.throw(
      FramesError,
      /^Frames are written like 1-100:2,7,20-10:-1; "x" in "1,1,.{73}\.\.\." is not\.$/,
    );
  });
  for (const list of ['1-5:0', '1-5:-1', '5-1:1', '3-3:0']) {
    it(`is refused where a step leads away: ${list}`, () => {
      expect(() => readFrames(list)).to.throw(FramesError, `No frame is in ${list}: its step leads away.`);
    });
  }
  for (const list of ['2147483648', '-2147483648', '1-9999999999', '9999999999-1']) {
    it(`is refused where a number is too large: ${list}`, () => {
      expect(() => readFrames(list)).to.throw(FramesError, `Frame numbers are too large: ${list}.`);
    });
  }
  it('is refused in a sentence, whatever it is, or read', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'0123456789-:,- ax'), maxLength: 12 }), (list) => {
        try {
          expect(readFrames(list).length).to.be.within(1, mostFrames);
        } catch (error) {
          expect(error).to.be.instanceOf(FramesError);
          expect((error as Error).message).to.match(/^[A-Z].*\.$/);
        }
      }),
    );
  });
});

describe('frames in words', () => {
  it('are ranges in order', () => {
    expect(frameText([9, 3, 2, 1, 7])).to.equal('1-3, 7, 9');
    expect(frameText([-1, 0, -5])).to.equal('-5, -1-0');
    expect(frameText([])).to.equal('');
  });
  it('end with how many more there are', () => {
    expect(frameText([1, 3, 5, 6, 7, 9], 2)).to.equal('1, 3 and 4 more');
    expect(frameText([1, 3, 5, 6, 7], 3)).to.equal('1, 3, 5-7');
  });
  it('are as short for a million', () => {
    expect(frameText(readFrames('1-999999:2'))).to.match(/^1, 3, .*, 39 and 499980 more$/);
  });
  it('name the same frames when they are read again', () => {
    fc.assert(
      fc.property(fc.uniqueArray(frame, { minLength: 1, maxLength: 40 }), (frames) => {
        const sorted = frames.toSorted((one, other) => one - other);
        expect([...readFrames(frameText(frames, 40))]).to.deep.equal(sorted);
      }),
    );
  });
});

describe('an argument for a frame', () => {
  for (const [argument, expected] of [
    ['+K%d', '+K7'],
    ['frame.%04d.png', 'frame.0007.png'],
    ['%d/%03d', '7/007'],
    ['100%', '100%'],
    ['100%%', '100%'],
    ['%%d', '%d'],
    ['%%%d', '%7'],
    ['%s %5d %-4d %x %', '%s %5d %-4d %x %'],
    ['%0d', '%0d'],
    ['%00d', '7'],
    ['', ''],
  ] as const) {
    it(`is made: "${argument}" > "${expected}"`, () => {
      expect(withFrame(argument, 7)).to.equal(expected);
    });
  }
  it('has the sign of the frame within its width', () => {
    expect(withFrame('%04d', -7)).to.equal('-007');
    expect(withFrame('%04d', -12_345)).to.equal('-12345');
    expect(withFrame('%01d', -7)).to.equal('-7');
  });
  it('is as it was where it has no %', () => {
    fc.assert(
      fc.property(fc.string(), frame, (text, number) => {
        const plain = text.replaceAll('%', '');
        expect(withFrame(plain, number)).to.equal(plain);
        expect(withFrame(plain.length > 0 ? text.replaceAll('%', '%%') : '', number)).to.equal(
          plain.length > 0 ? text : '',
        );
      }),
    );
  });
  it('has the number in at least as many characters as asked for, and reads as the number', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 0, max: 99 }), (number, width) => {
        const made = withFrame(`%0${width}d`, number);
        expect(made).to.equal(padded(number, width));
        expect(Number(made)).to.equal(number);
        expect(made.length).to.equal(Math.max(width, String(number).length));
      }),
    );
  });
});
