import { expect } from 'chai';
import fc from 'fast-check';
import {
  depthOf,
  leftBehind,
  linesTogether,
  mendHeader,
  type Partial,
  readPartial,
  recordOf,
  resumingArgs,
  takeScanLines,
  wasEnded,
} from '../../../../src/renderers/radiance/resume.ts';

const args = ['-t', '1', '-x', '9', '-ps', '1', 'room.oct'];
const head = (command: string, size = '-Y        4 +X        9'): string =>
  ['#?RADIANCE', 'oconv -f room.rad', command, 'FORMAT=32-bit_rle_rgbe', '', `${size}\n`].join('\n');
const header = head('rpict -t 1 -x 9 -ps 1');
/** A line of nine pixels: each component a run of five and four plain bytes. */
const line = Buffer.from([2, 2, 0, 9, ...[1, 2, 3, 4].flatMap((value) => [128 + 5, value, 4, 5, 6, 7, 8])]);
const picture = (lines: number, more: Buffer = Buffer.alloc(0)) =>
  Buffer.concat([Buffer.from(header, 'latin1'), ...Array.from({ length: lines }, () => line), more]);
const read = (bytes: Buffer, options = args, distances: number | null = null): Partial | null =>
  readPartial(bytes, options, 'a/x.unf', distances);
const judged = (bytes: Buffer, options = args, distances: number | null = null) => {
  const partial = read(bytes, options, distances);
  if (partial === null) return null;
  const { lines, kept, isDamaged } = takeScanLines(partial, bytes.subarray(partial.offset));
  return { lines, kept: kept.lines, end: kept.offset, isDamaged };
};

describe('a half picture', () => {
  it('counts its whole scan lines', () => {
    const end = header.length + 2 * line.length;
    expect(judged(picture(2))).to.deep.equal({ lines: 2, kept: 2, end, isDamaged: false });
    expect(judged(picture(2, line.subarray(0, -1)))).to.deep.equal({ lines: 2, kept: 2, end, isDamaged: false });
    expect(judged(picture(4, line))?.lines, 'no more than there are').to.equal(4);
    expect(judged(picture(0))).to.deep.equal({ lines: 0, kept: 0, end: header.length, isDamaged: false });
  });

  it('may have been begun with the same ambient file under another name', () => {
    const made = (command: string) => Buffer.from(head(command), 'latin1');
    const lit = ['-t', '1', '-af', 'ambient', '-x', '9', 'room.oct'];
    expect(read(made('rpict -t 1 -af ambfiles/0123.amb -x 9'), lit)).not.to.equal(null);
    expect(read(made('rpict -t 1 -af ambfiles/0123.amb'), [...lit.slice(0, 4), 'room.oct'])).not.to.equal(null);
    for (const other of ['-t 2 -af a.amb -x 9', '-t 1 -af a.amb -x 8', '-t 1 -x 9', '-t 1 -af -x 9'])
      expect(read(made(`rpict ${other}`), lit), other).to.equal(null);
  });

  it('ends where it is damaged: zeros where power failed, another length, a run that is too long', () => {
    for (const wrong of [
      [0, 0, 0, 0],
      [2, 2, 0, 8],
      [2, 2, 0, 9, 0],
      [2, 2, 0, 9, 138, 1],
      [2, 2, 0, 9, 133, 1, 5],
    ]) {
      const found = judged(picture(1, Buffer.concat([Buffer.from(wrong), line])));
      expect(found, String(wrong)).to.deep.include({ lines: 1, isDamaged: true });
    }
  });

  it('may come in pieces of any size', () => {
    const bytes = picture(3, line.subarray(0, 11));
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }), (sizes) => {
        let partial = read(bytes);
        if (partial === null) throw new Error('no picture');
        for (let at = partial.offset, turn = 0; at < bytes.length; turn += 1) {
          const size = sizes[turn % sizes.length] ?? 1;
          partial = takeScanLines(partial, bytes.subarray(at, at + size));
          at += size;
        }
        expect(partial).to.deep.include({ lines: 3, offset: header.length + 3 * line.length, isDamaged: false });
      }),
    );
  });

  it('has plain pixels where lines are short', () => {
    const short = Buffer.concat([Buffer.from(head('rpict -t 1 -x 9 -ps 1', '-Y 4 +X 3')), Buffer.alloc(30)]);
    expect(judged(short)?.lines).to.equal(2);
  });

  it('keeps as many lines as the pattern of samples and the distance file allow', () => {
    const four = ['-t', '1', '-x', '9', '-ps', '1', '-ps', '2', 'room.oct'];
    const bytes = Buffer.from(picture(3).toString('latin1').replace('-ps 1', '-ps 1 -ps 2'), 'latin1');
    expect(judged(bytes, four)).to.include({ lines: 3, kept: 2 });
    expect(judged(picture(3), args, 2 * 9 * 4 + 35)).to.include({ lines: 2, kept: 2 });
    expect(judged(picture(3), args, 0)).to.include({ lines: 0, kept: 0 });
  });

  it('that is whole is kept whole', () => {
    const odd = Buffer.from(
      picture(4).toString('latin1').replace('-Y        4', '-Y        3').replace('-ps 1', '-ps 2'),
      'latin1',
    );
    expect(judged(odd, [...args.slice(0, -2), '2', 'room.oct'])).to.include({ lines: 3, kept: 3 });
  });

  it('is nothing without a whole header, with that of another picture, or turned', () => {
    for (let length = 0; length < header.length; length += 1) {
      expect(read(picture(2).subarray(0, length)), `${length} bytes`).to.equal(null);
    }
    expect(read(picture(2), ['-t', '2', 'room.oct'])).to.equal(null);
    expect(read(Buffer.from(head('oconv x')))).to.equal(null);
    expect(read(Buffer.from(head('rpict -t 1 -x 9 -ps 1', '+Y 4 +X 9')))).to.equal(null);
    expect(read(Buffer.from(head('rpict -t 1 -x 9 -ps 1', '+X 4 -Y 9')))).to.equal(null);
  });

  it('is known also when it was gone on with before', () => {
    expect(read(Buffer.from(head('rpict -t 1 -x 9 -ps 1 -ro a/x.unf')))).to.include({ width: 9, height: 4 });
    expect(read(Buffer.from(head('rpict -t 1 -x 9 -ps 1           ')))).to.include({ width: 9, height: 4 });
    expect(read(Buffer.from(head('rpict -t 1 -x 9 -ps 1 -ro b/x.unf')))).to.equal(null);
  });
});

describe('going on with a picture', () => {
  it('names it before the octree', () => {
    expect(resumingArgs(['-t', '1', 'room.oct'], 'a/x.unf')).to.deep.equal(['-t', '1', '-ro', 'a/x.unf', 'room.oct']);
  });

  it('is possible where the pattern of samples begins again', () => {
    const together = (...more: string[]) => linesTogether(['-t', '1', ...more, 'room.oct']);
    expect([together('-ps', '0'), together('-ps', '1'), together('-ps', '2')]).to.deep.equal([1, 1, 2]);
    expect([together(), together('-ps', '1', '-ps', '4'), together('-ps', '8')]).to.deep.equal([6, 6, 12]);
    expect(together('-ps', '99'), "rpict's limit").to.equal(together('-ps', '16'));
  });

  it('knows the distance file, and what rpict leaves behind', () => {
    expect([depthOf(['-z', 'a.zbf', 'room.oct']), depthOf(['room.oct'])]).to.deep.equal(['a.zbf', null]);
    for (const name of ['rfA1b2C3', 'rfpYYzyD']) expect(name).to.match(leftBehind);
    for (const name of ['rfA1b2C', 'xrfA1b2C3', 'rfA1b2C34', 'rf.1b2C3']) expect(name).not.to.match(leftBehind);
  });

  it('is for what was ended from outside, not for what failed or crashed', () => {
    for (const signal of ['SIGKILL', 'SIGTERM', 'SIGHUP']) expect(wasEnded(signal, []), signal).to.equal(true);
    for (const signal of ['SIGSEGV', 'SIGABRT', 'SIGXFSZ']) expect(wasEnded(signal, []), signal).to.equal(false);
    expect(wasEnded(null, ['rpict: signal - Terminate'])).to.equal(true);
    expect(wasEnded(null, ['rpict: fatal - no such view'])).to.equal(false);
  });

  it('has a record that does not depend on the order of files', () => {
    const record = (sources: Record<string, string>) => recordOf({ args, version: 'RADIANCE 6.0a', sources });
    expect(record({ a: '1', b: '2' })).to.equal(record({ b: '2', a: '1' }));
    expect(JSON.parse(record({ a: '1' }))).to.deep.equal({ args, version: 'RADIANCE 6.0a', sources: { a: '1' } });
    expect(record({ a: '1' })).not.to.equal(record({ a: '2' }));
  });

  it('leaves blanks in the header where rpict notes it', () => {
    const bytes = Buffer.from(head('rpict -t 1 -x 9 -ps 1 -ro a/x.unf'));
    const mended = mendHeader(bytes, 'a/x.unf');
    bytes.write(mended?.blanks ?? '', mended?.offset ?? 0);
    expect(bytes.toString()).to.equal(head(`rpict -t 1 -x 9 -ps 1${' '.repeat(' -ro a/x.unf'.length)}`));
    expect(mendHeader(bytes, 'a/x.unf'), 'once').to.equal(null);
    expect(mendHeader(Buffer.from(head('oconv x')), 'a/x.unf')).to.equal(null);
  });
});
