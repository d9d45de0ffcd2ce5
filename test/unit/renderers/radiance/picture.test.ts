import { inflateSync } from 'node:zlib';
import { expect } from 'chai';
import fc from 'fast-check';
import { pictureToPng } from '../../../../src/renderers/radiance/picture.ts';
import { PictureError, readPictureHeader } from '../../../../src/renderers/radiance/picture-header.ts';
import { encodePng } from '../../../../src/renderers/radiance/png.ts';
import { scanLines } from '../../../../src/renderers/radiance/scan-lines.ts';
import { toneMapped } from '../../../../src/renderers/radiance/tone.ts';

const head = (size: string, lines = 'FORMAT=32-bit_rle_rgbe\n'): string =>
  `#?RADIANCE\nrpict -vf a.vf\n${lines}\n${size}\n`;
const picture = (header: string, ...bytes: number[]): Uint8Array =>
  Buffer.concat([Buffer.from(header), Buffer.from(bytes)]);
const lines = (bytes: Uint8Array): number[][] =>
  Array.from(scanLines(bytes, readPictureHeader(bytes)), (line) => [...line]);

describe('the header of a picture', () => {
  it('may pad its size, as Radiance does', () => {
    const header = readPictureHeader(picture(head('-Y       30 +X       40')));
    expect(header).to.deep.include({
      width: 40,
      height: 30,
      format: 'rgbe',
      exposure: 1,
      isExposed: false,
      view: null,
    });
    expect(header.order).to.deep.equal({ rowsFirst: true, fromTop: true, fromLeft: true });
  });

  it('says view, format and all exposures', () => {
    const header = readPictureHeader(
      picture(
        head('-Y 1 +X 2', 'VIEW= -vtv -vp 0 0 0\nEXPOSURE=2\n\tEXPOSURE=9\nEXPOSURE= 1.5\nFORMAT=32-bit_rle_xyze\n'),
      ),
    );
    expect(header).to.deep.include({ exposure: 3, isExposed: true, view: '-vtv -vp 0 0 0', format: 'xyze' });
  });

  const unreadable: [string, string][] = [
    ['', 'The picture is empty: nothing has been written yet.'],
    ['#?RADIANCE\nVIEW= -vp', 'The picture is only half written: its header is not complete.'],
    ['#?RADIANCE\n\n-Y 3', 'The picture is only half written: its header is not complete.'],
    ['#', 'The picture is only half written: its header is not complete.'],
    ['\u0089PNG\n\n\n', 'This is not a Radiance picture.'],
    [head('-Y 3 +Y 3'), 'The size of the picture cannot be read.'],
    [head('3 3'), 'The size of the picture cannot be read.'],
    [head('-Y 0 +X 3'), 'The picture has no pixels.'],
    [
      head('-Y 999999999 +X 999999999'),
      'The picture is too large: 999999999 x 999999999 pixels, at most 100000000 in all.',
    ],
    [
      head('-Y 3 +X 3', 'FORMAT=Radiance_spectra\n'),
      'The picture has the format "Radiance_spectra", which is not understood.',
    ],
    [`#?RADIANCE\n${'x\n'.repeat(40000)}`, 'The header of the picture is longer than 64 KiB.'],
  ];
  for (const [text, says] of unreadable) {
    it(`refused: ${says} (${JSON.stringify(text.slice(0, 20))})`, () => {
      expect(() => readPictureHeader(Buffer.from(text, 'latin1'))).to.throw(PictureError, says);
    });
  }
});

describe('scan lines', () => {
  it('may be plain', () => {
    expect(lines(picture(head('-Y 1 +X 2'), 9, 8, 7, 128, 3, 2, 1, 129))).to.deep.equal([[9, 8, 7, 128, 3, 2, 1, 129]]);
  });

  it('come one after the other', () => {
    const bytes = picture(head('-Y 2 +X 1'), 1, 2, 3, 4, 5, 6, 7, 8);
    expect(lines(bytes)).to.deep.equal([
      [1, 2, 3, 4],
      [5, 6, 7, 8],
    ]);
  });

  it('may be old runs, with counts over 255', () => {
    expect(lines(picture(head('-Y 1 +X 4'), 9, 8, 7, 128, 1, 1, 1, 3))[0]).to.deep.equal([
      9, 8, 7, 128, 9, 8, 7, 128, 9, 8, 7, 128, 9, 8, 7, 128,
    ]);
    const [line] = lines(picture(head('-Y 1 +X 300'), 9, 8, 7, 128, 1, 1, 1, 43, 1, 1, 1, 1));
    expect(line).to.have.lengthOf(1200);
    expect(line?.slice(-4)).to.deep.equal([9, 8, 7, 128]);
  });

  it('may be runs of components', () => {
    const bytes = [2, 2, 0, 8, 136, 5, 8, 1, 2, 3, 4, 5, 6, 7, 8, 132, 7, 4, 9, 9, 9, 9, 136, 128];
    const [line] = lines(picture(head('-Y 1 +X 8'), ...bytes));
    expect(line?.slice(0, 4)).to.deep.equal([5, 1, 7, 128]);
    expect(line?.slice(-4)).to.deep.equal([5, 8, 9, 128]);
  });

  const broken: [string, Uint8Array, string][] = [
    [
      'end early',
      picture(head('-Y 2 +X 2'), 9, 8, 7, 128, 3, 2, 1, 129, 1, 2, 3, 4),
      'The picture is only half written: 1 of 2 scan lines are there.',
    ],
    ['end in a run', picture(head('-Y 1 +X 8'), 2, 2, 0, 8, 136), 'The picture is only half written: 0 of 1'],
    ['have another length', picture(head('-Y 1 +X 8'), 2, 2, 0, 9, 136, 1), 'a scan line has another length'],
    ['run over', picture(head('-Y 1 +X 8'), 2, 2, 0, 8, 137, 1, 1, 1), 'a run is too long'],
    ['have empty runs', picture(head('-Y 1 +X 8'), 2, 2, 0, 8, 0, 0, 0, 0), 'a run is too long'],
    ['begin with a run', picture(head('-Y 1 +X 2'), 1, 1, 1, 2), 'a run is too long'],
    ['have an old run that is too long', picture(head('-Y 1 +X 2'), 5, 5, 5, 5, 1, 1, 1, 2), 'a run is too long'],
  ];
  for (const [name, bytes, says] of broken) {
    it(`that ${name} are refused`, () => {
      expect(() => lines(bytes)).to.throw(PictureError, says);
    });
  }

  it('can be anything without anything but a sentence', () => {
    const sizes = fc.constantFrom('-Y 2 +X 9', '+X 3 -Y 2', '-Y 1 +X 1', '-Y 9 +X 40');
    const tail = fc.array(fc.oneof(fc.constantFrom(2, 2, 0, 1, 129, 255), fc.integer({ min: 0, max: 255 })));
    fc.assert(
      fc.property(sizes, tail, (size, bytes) => {
        try {
          pictureToPng(picture(head(size), ...bytes));
          return true;
        } catch (error) {
          return error instanceof PictureError;
        }
      }),
      { numRuns: 1000 },
    );
  });
});

describe('a picture on the screen', () => {
  const grey = (...values: number[]): number[] => values.flatMap((value) => [value, value, value, 128]);
  const shown = (size: string, ...bytes: number[]): number[] => {
    const file = picture(head(size, 'FORMAT=32-bit_rle_rgbe\nEXPOSURE=1\n'), ...bytes);
    return [...toneMapped(file, readPictureHeader(file))].filter((_, index) => index % 3 === 0);
  };

  it('keeps its own exposure: a half is 187, and the brightest is white', () => {
    expect(shown('-Y 1 +X 2', ...grey(0, 127))).to.deep.equal([6, 187]);
    expect(shown('-Y 1 +X 2', 0, 0, 0, 0, 255, 255, 255, 140)).to.deep.equal([0, 255]);
  });

  it('is set to a middle grey without one', () => {
    const file = picture(head('-Y 1 +X 1'), 200, 200, 200, 100);
    expect([...toneMapped(file, readPictureHeader(file))]).to.deep.equal([118, 118, 118]);
  });

  it('stands upright whichever way its scan lines go', () => {
    const expected = shown('-Y 2 +X 2', ...grey(10, 20, 30, 40));
    expect(shown('+Y 2 +X 2', ...grey(30, 40, 10, 20))).to.deep.equal(expected);
    expect(shown('-Y 2 -X 2', ...grey(20, 10, 40, 30))).to.deep.equal(expected);
    expect(shown('+X 2 -Y 2', ...grey(10, 30, 20, 40))).to.deep.equal(expected);
    expect(shown('-X 2 +Y 2', ...grey(40, 20, 30, 10))).to.deep.equal(expected);
  });

  it('has the colours that XYZ means', () => {
    const file = picture(head('-Y 1 +X 1', 'FORMAT=32-bit_rle_xyze\nEXPOSURE=1\n'), 122, 128, 139, 127);
    const [red = 0, green = 0, blue = 0] = toneMapped(file, readPictureHeader(file));
    expect(Math.max(red, green, blue) - Math.min(red, green, blue)).to.be.lessThan(4);
  });

  it('takes no memory for pixels that cannot be there', () => {
    const file = picture(head('-Y 10000 +X 10000'), 1, 2, 3, 4);
    expect(() => pictureToPng(file)).to.throw(PictureError, 'not even 10000 scan lines fit into it');
  });
});

describe('a PNG', () => {
  /** Reads back what we write: one chunk of data, filter 2. */
  const decode = (png: Uint8Array): { width: number; height: number; pixels: number[] } => {
    const bytes = Buffer.from(png);
    expect(bytes.subarray(1, 4).toString()).to.equal('PNG');
    const data: Buffer[] = [];
    for (let at = 8; at < bytes.length; at += 12 + bytes.readUInt32BE(at)) {
      if (bytes.toString('latin1', at + 4, at + 8) === 'IDAT')
        data.push(bytes.subarray(at + 8, at + 8 + bytes.readUInt32BE(at)));
    }
    const [width, height] = [bytes.readUInt32BE(16), bytes.readUInt32BE(20)];
    const rows = inflateSync(Buffer.concat(data));
    const stride = width * 3;
    const pixels: number[] = [];
    for (let row = 0; row < height; row += 1) {
      expect(rows[row * (stride + 1)]).to.equal(2);
      for (let index = 0; index < stride; index += 1) {
        pixels.push(((rows[row * (stride + 1) + 1 + index] ?? 0) + (pixels[(row - 1) * stride + index] ?? 0)) & 255);
      }
    }
    return { width, height, pixels };
  };

  it('decodes back', () => {
    const size = fc.integer({ min: 1, max: 9 });
    const sized = fc
      .tuple(size, size)
      .chain(([width, height]) =>
        fc.tuple(
          fc.constant(width),
          fc.constant(height),
          fc.uint8Array({ minLength: width * height * 3, maxLength: width * height * 3 }),
        ),
      );
    fc.assert(
      fc.property(sized, ([width, height, pixels]) => {
        expect(decode(encodePng(width, height, pixels))).to.deep.equal({ width, height, pixels: [...pixels] });
      }),
    );
  });

  it('must have all its pixels', () => {
    expect(() => encodePng(2, 2, new Uint8Array(3))).to.throw(RangeError);
  });
});
