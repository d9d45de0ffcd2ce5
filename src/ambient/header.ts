/**
 * The beginning of an ambient file, as Radiance 4.1 to 6.1 write it (src/rt/ambient.c): text lines, the first `#?RADIANCE`,
 * the second the command with all options that the program writes down and the octree; an empty line; a magic number
 * of two bytes. Then records follow, big-endian and of the same size on every machine.
 */
export interface AmbientHeader {
  /** Program, options and octree of the process that made the file. */
  readonly command: string;
  /** SOFTWARE=, such as `RADIANCE 6.0a`; null where the header has none. */
  readonly software: string | null;
  /** Colours of each value, NCOMP=: 3 unless the file is a spectral one. */
  readonly components: number;
  /** Position of the first record, bytes. */
  readonly start: number;
  readonly recordBytes: number;
}

export interface NoHeader {
  /** One sentence. */
  readonly problem: string;
  /** The bytes end before the header does. */
  readonly incomplete: boolean;
}

/** More than any header that Radiance writes, bytes. */
export const longestHeader = 65_536;

/** Bytes of a record without its colours. */
const plainRecordBytes = 64;
const magicBytes = 2;
const magic = 561;
const format = 'Radiance_ambval';
const firstLine = '#?RADIANCE\n';
/** As Radiance is compiled: more colours it does not read. */
const mostComponents = 24;

/** @param bytes the file's first {@link longestHeader} bytes, or all of a shorter one */
export function readHeader(bytes: Buffer): AmbientHeader | NoHeader {
  const beginning = bytes.toString('latin1', 0, firstLine.length);
  if (!firstLine.startsWith(beginning.slice(0, firstLine.length))) return foreign("Radiance's header is missing");
  const text = bytes.toString('latin1', 0, longestHeader);
  const end = text.indexOf('\n\n');
  if (end < 0 && bytes.length >= longestHeader) return foreign('its header has no end');
  if (end < 0) return { problem: 'The file ends within its header.', incomplete: true };
  return read(text.slice(0, end).split('\n'), bytes.subarray(end + 2), end + 2);
}

function foreign(why: string): NoHeader {
  return { problem: `This is no ambient file: ${why}.`, incomplete: false };
}

/** @param after what follows the empty line, which is at `position` */
function read(lines: readonly string[], after: Buffer, position: number): AmbientHeader | NoHeader {
  const is = fieldOf(lines, 'FORMAT');
  if (is !== format) return foreign(is === null ? 'its header says no FORMAT' : `its FORMAT is ${is}`);
  if (after.length < magicBytes) return { problem: 'The file ends before its first record.', incomplete: true };
  const number = after.readUInt16BE(0);
  if (number !== magic)
    return foreign(`its magic number is ${number} and not ${magic}, so another version of Radiance made it`);
  const components = Number(fieldOf(lines, 'NCOMP') ?? 3);
  if (!(Number.isInteger(components) && components >= 3 && components <= mostComponents))
    return foreign(`NCOMP must be 3 to ${mostComponents}`);
  return {
    command: lines.slice(1).find((line) => !/^\s|^[A-Za-z_]+\s*=|^$/.test(line)) ?? '',
    software: fieldOf(lines, 'SOFTWARE'),
    components,
    start: position + magicBytes,
    recordBytes: plainRecordBytes + components,
  };
}

/** The last such line counts, as in Radiance. */
function fieldOf(lines: readonly string[], name: string): string | null {
  const line = lines.findLast((one) => one.startsWith(`${name}=`));
  return line === undefined ? null : line.slice(name.length + 1).trim();
}
