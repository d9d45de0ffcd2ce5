import { fstatSync } from 'node:fs';
import { type AmbientHeader, longestHeader, readHeader } from './header.ts';
import { portions, readFully } from './portions.ts';
import { isSound } from './record.ts';

/** What an ambient file is worth. */
export interface Check {
  /**
   * `foreign`: no ambient file at all. `cut short`: its last record is a partial one. `damaged`: Radiance would not take
   * a record, and none of those after it.
   */
  readonly is: 'sound' | 'empty' | 'foreign' | 'cut short' | 'damaged';
  /** Null of an empty or foreign one. */
  readonly header: AmbientHeader | null;
  /** Sound records from the start. */
  readonly records: number;
  readonly fileBytes: number;
  /** Up to here it is sound; 0: nothing of it is. */
  readonly soundBytes: number;
  /** One sentence, null if sound. */
  readonly problem: string | null;
}

/**
 * Reads an ambient file and judges each record; other work of this process goes on meanwhile. Who may be writing to it
 * must be kept out by a lock, or a partial record may be one that is being written.
 * @param from what an earlier check found: records that were sound then are not read again. Whether the file is shorter
 *   now is for the caller to see
 */
export async function checkAmbient(fd: number, from?: Pick<Check, 'header' | 'soundBytes'>): Promise<Check> {
  const stats = fstatSync(fd);
  if (!stats.isFile()) return nothing('foreign', 0, 'This is no ambient file: it is no regular file.');
  if (stats.size === 0) return nothing('empty', 0, 'The file is empty.');
  const beginning = Buffer.alloc(Math.min(longestHeader, stats.size));
  const header = readHeader(beginning.subarray(0, await readFully(fd, beginning, 0)));
  if ('problem' in header) return nothing('foreign', stats.size, header.problem);
  const known = from?.header?.start === header.start && from.header.recordBytes === header.recordBytes;
  const first = known ? Math.min(from.soundBytes, wholeBytes(header, stats.size)) : header.start;
  return verdict(header, stats.size, await soundEnd(fd, header, first, stats.size));
}

/** Position after the last sound record before the first that is not sound or not whole. */
async function soundEnd(fd: number, header: AmbientHeader, from: number, fileBytes: number): Promise<number> {
  const unit = header.recordBytes;
  let position = from;
  for await (const portion of portions(fd, { from, to: fileBytes, unit })) {
    const sound = soundRecords(portion, header);
    position += sound * unit;
    if (sound * unit < portion.length) break;
  }
  return position;
}

/** How many records are sound before the first that is not. */
function soundRecords(bytes: Buffer, { recordBytes, components }: AmbientHeader): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const whole = Math.floor(bytes.length / recordBytes);
  for (let record = 0; record < whole; record += 1) if (!isSound(view, record * recordBytes, components)) return record;
  return whole;
}

function nothing(is: 'empty' | 'foreign', fileBytes: number, problem: string): Check {
  return { is, header: null, records: 0, fileBytes, soundBytes: 0, problem };
}

function verdict(header: AmbientHeader, fileBytes: number, soundBytes: number): Check {
  const records = (soundBytes - header.start) / header.recordBytes;
  const found = { header, records, fileBytes, soundBytes };
  const over = fileBytes - soundBytes;
  if (over === 0) return { ...found, is: 'sound', problem: null };
  if (over < header.recordBytes) {
    return {
      ...found,
      is: 'cut short',
      problem: `The last record is cut short: ${over} of ${header.recordBytes} bytes.`,
    };
  }
  const lost = `the last ${over} of ${fileBytes} bytes are lost`;
  return { ...found, is: 'damaged', problem: `Record ${records + 1} is damaged, at byte ${soundBytes}: ${lost}.` };
}

/** The header and as many whole records as fit. */
function wholeBytes({ start, recordBytes }: AmbientHeader, fileBytes: number): number {
  return fileBytes - ((fileBytes - start) % recordBytes);
}
