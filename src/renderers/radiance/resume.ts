import { longestHeader, PictureError, readPictureHeader } from './picture-header.ts';

/** How a picture that rpict began is gone on with: `rpict -ro`, with its edges mended. */

/** What decides a picture; a partial one is gone on with only if all of it is the same. */
export interface Making {
  /** The complete argument list. */
  readonly args: readonly string[];
  /** Such as `RADIANCE 6.0a`. */
  readonly version: string;
  /** SHA-256 of the octree and of every other file that the arguments name, by name. */
  readonly sources: Readonly<Record<string, string>>;
}

/** The text of the record that lies beside a partial picture. */
export function recordOf(making: Making): string {
  const { args, version, sources } = making;
  const sorted = Object.fromEntries(Object.entries(sources).sort(([a], [b]) => (a < b ? -1 : 1)));
  return `${JSON.stringify({ args, version, sources: sorted })}\n`;
}

/** The arguments that go on with the picture `path`; the last one of `args` is the octree. */
export function resumingArgs(args: readonly string[], path: string): string[] {
  return [...args.slice(0, -1), '-ro', path, ...args.slice(-1)];
}

/** What rpict leaves when it is killed while it goes on: the old picture, beside the new one. */
export const leftBehind = /^rf[A-Za-z0-9]{6}$/;

/** The distance file that the arguments name, or null. */
export function depthOf(args: readonly string[]): string | null {
  return args[args.lastIndexOf('-z') + 1 || Number.POSITIVE_INFINITY] ?? null;
}

/** Signals by which a program is ended from outside: what it wrote is sound, and it may go on another time. */
const fromOutside = ['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGHUP', 'SIGXCPU'];

/** Whether rpict was ended by a signal that says nothing against its picture; it catches some and says so itself. */
export function wasEnded(signal: string | null, lastLines: readonly string[]): boolean {
  if (signal !== null) return fromOutside.includes(signal);
  return lastLines.some((line) => /: signal - (?:Terminate|Interrupt|Hangup|CPU limit exceeded)/.test(line));
}

/** rpict's limit of -ps. */
const MOST_SAMPLING = 16;
const USUAL_SAMPLING = 4;

/**
 * After how many scan lines rpict's pattern of samples begins again (rpict.c, `render`): it samples lines this far
 * apart, shifts every other one, and fills in between. One that goes on elsewhere shows a seam.
 */
export function linesTogether(args: readonly string[]): number {
  const given = Math.trunc(Number(args[args.lastIndexOf('-ps') + 1 || Number.POSITIVE_INFINITY] ?? USUAL_SAMPLING));
  const sampling = Math.min(MOST_SAMPLING, Math.max(1, given));
  return sampling === 1 ? 1 : 2 * Math.trunc((sampling * 99 + 70) / 140);
}

/** A partial picture, as far as it has been looked at. */
export interface Partial {
  readonly width: number;
  readonly height: number;
  /** At most so many lines count. */
  readonly most: number;
  /** The pattern of samples, see {@link linesTogether}. */
  readonly together: number;
  /** Whole scan lines so far, and the offset behind them in the file. */
  readonly lines: number;
  readonly offset: number;
  /** Of those, the ones that rpict is to keep. */
  readonly kept: { readonly lines: number; readonly offset: number };
  /** The beginning of a line whose end has not come yet. */
  readonly begun: Uint8Array;
  /** What follows is not a scan line. */
  readonly isDamaged: boolean;
}

/**
 * Looks at the header of what may be a partial picture.
 * @param bytes the beginning of the file, {@link longestHeader} bytes of it
 * @param path its name, as rpict notes it in the header when it goes on
 * @param distances bytes in its distance file, where it has one: lines without their distances do not count
 * @returns null if its header is not whole, or not that of a picture made with these arguments
 */
export function readPartial(
  bytes: Uint8Array,
  args: readonly string[],
  path: string,
  distances: number | null,
): Partial | null {
  try {
    const { width, height, start, order } = readPictureHeader(bytes);
    const command = commandIn(bytes.subarray(0, start));
    if (command === null || withoutResume(command, path) !== ['rpict', ...args.slice(0, -1)].join(' ')) return null;
    if (!order.rowsFirst || !order.fromTop || !order.fromLeft) return null;
    const most = distances === null ? height : Math.min(height, Math.floor(distances / (4 * width)));
    const kept = { lines: 0, offset: start };
    const together = linesTogether(args);
    return { width, height, most, together, ...kept, kept, begun: new Uint8Array(), isDamaged: false };
  } catch (error) {
    if (error instanceof PictureError) return null;
    throw error;
  }
}

/** Takes the next bytes behind the header, in pieces of any size. */
export function takeScanLines(partial: Partial, piece: Uint8Array): Partial {
  const { width, height, most, together } = partial;
  if (partial.isDamaged || partial.lines === most) return partial;
  const bytes = partial.begun.length === 0 ? piece : Buffer.concat([partial.begun, piece]);
  let { lines, kept } = partial;
  let at = 0;
  let end: number | 'more' | 'damaged' = 0;
  while (lines < most) {
    end = lineEnd(bytes, at, width);
    if (typeof end === 'string') break;
    at = end;
    lines += 1;
    if (lines % together === 0 || lines === height) kept = { lines, offset: partial.offset + at };
  }
  const offset = partial.offset + at;
  return { ...partial, lines, offset, kept, begun: bytes.slice(at), isDamaged: end === 'damaged' };
}

/** Where the scan line at `at` ends: plain pixels, or four components of runs and plain bytes, as rpict writes them. */
function lineEnd(bytes: Uint8Array, at: number, width: number): number | 'more' | 'damaged' {
  if (width < 8 || width > 0x7fff) return at + 4 * width <= bytes.length ? at + 4 * width : 'more';
  const begins = [2, 2, width >> 8, width & 255];
  if (begins.some((byte, index) => at + index < bytes.length && bytes[at + index] !== byte)) return 'damaged';
  let end: number | 'more' | 'damaged' = at + 4;
  for (let component = 0; component < 4 && typeof end === 'number'; component += 1) {
    end = componentEnd(bytes, end, width);
  }
  return typeof end === 'number' && end > bytes.length ? 'more' : end;
}

/** One of R, G, B, E of a line: runs (count over 128) and plain bytes. Power that failed leaves zeros, which are neither. */
function componentEnd(bytes: Uint8Array, at: number, width: number): number | 'more' | 'damaged' {
  let end = at;
  for (let pixels = 0; pixels < width; ) {
    const code = bytes[end];
    if (code === undefined) return 'more';
    const count = code > 128 ? code & 127 : code;
    pixels += count;
    if (count === 0 || pixels > width) return 'damaged';
    end += code > 128 ? 2 : 1 + count;
  }
  return end;
}

/**
 * What to write over the header of a finished picture so that it does not say that it was gone on with: blanks, of the
 * same length. Null if it does not say so.
 */
export function mendHeader(bytes: Uint8Array, path: string): { offset: number; blanks: string } | null {
  const command = commandIn(bytes);
  if (command === null) return null;
  const length = command.trimEnd().length - withoutResume(command, path).length;
  const offset = textOf(bytes).indexOf(`\n${command}\n`) + 1 + command.trimEnd().length - length;
  return length === 0 ? null : { offset, blanks: ' '.repeat(length) };
}

/** rpict's own line of a header, at the margin; those of programs before it are there, too. */
function commandIn(bytes: Uint8Array): string | null {
  const [head = ''] = textOf(bytes).split('\n\n', 1);
  return head.split('\n').findLast((line) => line.startsWith('rpict ')) ?? null;
}

/** What going on adds is at the end of the command: rpict does not note the octree. */
function withoutResume(command: string, path: string): string {
  const added = ` -ro ${path}`;
  const text = command.trimEnd();
  return text.endsWith(added) ? text.slice(0, -added.length) : text;
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, longestHeader)).toString('latin1');
}
