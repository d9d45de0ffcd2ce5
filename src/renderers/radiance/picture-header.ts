/** The head of a Radiance picture. */
export interface PictureHeader {
  readonly width: number;
  readonly height: number;
  /** `rgbe` or `xyze`. */
  readonly format: 'rgbe' | 'xyze';
  /** Product of all exposures that have been applied, 1 if none. */
  readonly exposure: number;
  readonly isExposed: boolean;
  /** The `VIEW=` line that counts, or null. */
  readonly view: string | null;
  /** Rows or columns first, and which way. */
  readonly order: PixelOrder;
  /** Offset of the first scan line, bytes. */
  readonly start: number;
}

/** How pixels follow each other: `-Y +X` is rows from the top. */
export interface PixelOrder {
  readonly rowsFirst: boolean;
  readonly fromTop: boolean;
  readonly fromLeft: boolean;
}

/** A picture that cannot be used; the message is a sentence. */
export class PictureError extends Error {
  override readonly name = 'PictureError';
}

/** Most bytes of a header. */
export const longestHeader = 65536;
/** Most pixels of a picture that we decode. */
export const mostPixels = 100_000_000;

/** @throws PictureError if it is no Radiance picture, not complete up to its size, or too large */
export function readPictureHeader(bytes: Uint8Array): PictureHeader {
  if (bytes.length === 0) throw new PictureError('The picture is empty: nothing has been written yet.');
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, longestHeader)).toString('latin1');
  if (!'#?'.startsWith(text.slice(0, 2))) throw new PictureError('This is not a Radiance picture.');
  const end = text.indexOf('\n\n');
  const sizeEnd = end < 0 ? -1 : text.indexOf('\n', end + 2);
  if (sizeEnd < 0) {
    if (bytes.length >= longestHeader) throw new PictureError('The header of the picture is longer than 64 KiB.');
    throw new PictureError('The picture is only half written: its header is not complete.');
  }
  const size = readSize(text.slice(end + 2, sizeEnd));
  if (size.width * size.height > mostPixels) {
    throw new PictureError(
      `The picture is too large: ${size.width} x ${size.height} pixels, at most ${mostPixels} in all.`,
    );
  }
  return { ...size, ...readLines(text.slice(0, end).split('\n')), start: sizeEnd + 1 };
}

function readSize(line: string): Pick<PictureHeader, 'width' | 'height' | 'order'> {
  const found = /^([+-])([XY])\s+(\d{1,9})\s+([+-])([XY])\s+(\d{1,9})\s*$/.exec(line);
  const [, sign1, axis1, count1, sign2, axis2, count2] = found ?? [];
  if (found === null || axis1 === axis2) throw new PictureError('The size of the picture cannot be read.');
  const rowsFirst = axis1 === 'Y';
  const [y, x] = rowsFirst ? [sign1, sign2] : [sign2, sign1];
  const [height, width] = (rowsFirst ? [count1, count2] : [count2, count1]).map(Number);
  if (!width || !height) throw new PictureError('The picture has no pixels.');
  return { width, height, order: { rowsFirst, fromTop: y === '-', fromLeft: x === '+' } };
}

function readLines(lines: readonly string[]): Pick<PictureHeader, 'format' | 'exposure' | 'isExposed' | 'view'> {
  let format: 'rgbe' | 'xyze' = 'rgbe';
  let exposure = 1;
  let isExposed = false;
  let view: string | null = null;
  for (const line of lines) {
    const [, name, value = ''] = /^([A-Z]+)=\s*(.*?)\s*$/.exec(line) ?? [];
    if (name === 'FORMAT') format = readFormat(value);
    if (name === 'VIEW') view = value;
    if (name === 'EXPOSURE' && Number(value) > 0) {
      exposure *= Number(value);
      isExposed = true;
    }
  }
  return { format, exposure, isExposed, view };
}

function readFormat(value: string): 'rgbe' | 'xyze' {
  if (value === '32-bit_rle_rgbe') return 'rgbe';
  if (value === '32-bit_rle_xyze') return 'xyze';
  throw new PictureError(`The picture has the format "${value.slice(0, 40)}", which is not understood.`);
}
