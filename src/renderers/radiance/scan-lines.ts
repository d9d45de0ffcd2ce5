import { PictureError, type PictureHeader } from './picture-header.ts';

/** Reads the next run or pixels of one scan line. */
interface Cursor {
  readonly bytes: Uint8Array;
  at: number;
}

/**
 * The scan lines of a picture in the order of the file, each as RGBE pixels (4 bytes). The array is used again for the
 * next line. Understands all three codings: plain pixels, old runs and runs of single components.
 * @throws PictureError where the picture ends too early or is damaged
 */
export function* scanLines(bytes: Uint8Array, header: PictureHeader): Generator<Uint8Array, void, undefined> {
  const [count, length] = linesOf(header);
  const cursor: Cursor = { bytes, at: header.start };
  const line = new Uint8Array(length * 4);
  for (let number = 0; number < count; number += 1) {
    if (!readLine(cursor, line)) throw halfWritten(number, count);
    yield line;
  }
}

/** How many lines, and how many pixels in each. */
function linesOf({ order, width, height }: PictureHeader): [number, number] {
  return order.rowsFirst ? [height, width] : [width, height];
}

/**
 * A line takes four bytes at least: to be asked before anything is allocated for its pixels.
 * @throws PictureError if there cannot be as many lines as the header says
 */
export function requireRoom(bytes: Uint8Array, header: PictureHeader): void {
  const [count] = linesOf(header);
  const most = Math.floor((bytes.length - header.start) / 4);
  if (most < count)
    throw new PictureError(`The picture is only half written: not even ${count} scan lines fit into it.`);
}

function halfWritten(lines: number, count: number): PictureError {
  return new PictureError(`The picture is only half written: ${lines} of ${count} scan lines are there.`);
}

/** False if the file ends first. */
function readLine(cursor: Cursor, line: Uint8Array): boolean {
  const { bytes, at } = cursor;
  const length = line.length / 4;
  if (at + 4 > bytes.length) return false;
  const isNew =
    length >= 8 && length <= 0x7fff && bytes[at] === 2 && bytes[at + 1] === 2 && ((bytes[at + 2] ?? 0) & 0x80) === 0;
  if (!isNew) return readOldLine(cursor, line);
  if (((bytes[at + 2] ?? 0) << 8) + (bytes[at + 3] ?? 0) !== length) {
    throw new PictureError('The picture is damaged: a scan line has another length.');
  }
  cursor.at += 4;
  for (let component = 0; component < 4; component += 1) if (!readComponent(cursor, line, component)) return false;
  return true;
}

/** One of R, G, B, E of a line: runs (count over 128) and plain bytes. */
function readComponent(cursor: Cursor, line: Uint8Array, component: number): boolean {
  const { bytes } = cursor;
  for (let to = component; to < line.length; ) {
    const code = bytes[cursor.at++];
    if (code === undefined) return false;
    const isRun = code > 128;
    const count = isRun ? code & 127 : code;
    const taken = isRun ? 1 : count;
    if (count === 0 || to + (count - 1) * 4 >= line.length) throw tooLong();
    if (cursor.at + taken > bytes.length) return false;
    for (let index = 0; index < count; index += 1, to += 4) line[to] = bytes[cursor.at + (isRun ? 0 : index)] as number;
    cursor.at += taken;
  }
  return true;
}

function tooLong(): PictureError {
  return new PictureError('The picture is damaged: a run is too long.');
}

/** Pixels of four bytes; 1 1 1 n repeats the last pixel n times, and further ones count in higher bytes. */
function readOldLine(cursor: Cursor, line: Uint8Array): boolean {
  const { bytes } = cursor;
  let shift = 0;
  for (let to = 0; to < line.length; cursor.at += 4) {
    const from = cursor.at;
    if (from + 4 > bytes.length) return false;
    if (bytes[from] !== 1 || bytes[from + 1] !== 1 || bytes[from + 2] !== 1) {
      line.set(bytes.subarray(from, from + 4), to);
      to += 4;
      shift = 0;
      continue;
    }
    const count = (bytes[from + 3] ?? 0) * 2 ** shift;
    if (to === 0 || to + count * 4 > line.length) throw tooLong();
    for (let index = 0; index < count; index += 1, to += 4) line.copyWithin(to, to - 4, to);
    shift += 8;
  }
  return true;
}
