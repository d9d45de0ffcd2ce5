import { fstatSync, ftruncate, write } from 'node:fs';
import { promisify } from 'node:util';
import { type Check, checkAmbient } from './check.ts';
import type { AmbientHeader } from './header.ts';
import { difference, parametersOfHeader } from './parameters.ts';
import { portions } from './portions.ts';
import { RecordSet } from './record-set.ts';

const writeAt = promisify(write);
const cut = promisify(ftruncate);

/**
 * Appends to one ambient file the sound records of another that it lacks; an empty one gets the header, too. The caller
 * holds the write lock of `into`, and nobody writes to `from`. Where the disk is full nothing is appended.
 * @param after position in `from` from which on records are looked at: what was there before came from `into`
 * @returns how many records were appended
 * @throws Error, a sentence, if values of the two must not be mixed, or `into` is not sound
 */
export async function mergeAmbient(into: number, from: number, after = 0): Promise<number> {
  const [target, source] = [await checkAmbient(into), await checkAmbient(from)];
  if (!hasHeader(source)) throw new Error(source.problem ?? '');
  requireFit(target, source.header);
  const known = new RecordSet(target.records + source.records);
  if (hasHeader(target)) await collect(into, target, known);
  const end = target.fileBytes;
  try {
    const start = end === 0 ? await copyHeader(into, from, source.header) : end;
    return (await append(into, start, news(from, source, after, known))) / source.header.recordBytes;
  } catch (error) {
    // Part of it may have been written, even part of a record.
    if (fstatSync(into).size > end) await cut(into, end);
    throw error;
  }
}

type Sound = Check & { readonly header: AmbientHeader };

function hasHeader(check: Check): check is Sound {
  return check.header !== null;
}

function requireFit({ is, header, problem }: Check, other: AmbientHeader): void {
  if (is === 'empty') return;
  if (header === null || is !== 'sound') throw new Error(problem ?? '');
  const differs = difference(parametersOfHeader(header), parametersOfHeader(other));
  if (differs !== null) throw new Error(`The values were made with other options: ${differs}.`);
}

async function copyHeader(into: number, from: number, { start }: AmbientHeader): Promise<number> {
  for await (const bytes of portions(from, { from: 0, to: start, unit: 1 })) await writeFully(into, bytes, 0);
  return start;
}

async function collect(fd: number, { header, soundBytes }: Sound, known: RecordSet): Promise<void> {
  const range = { from: header.start, to: soundBytes, unit: header.recordBytes };
  for await (const portion of portions(fd, range)) unknown(portion, header, known);
}

/** Bytes of records that are not known yet, portion by portion. */
async function* news(fd: number, source: Sound, after: number, known: RecordSet): AsyncGenerator<Buffer> {
  const { start, recordBytes } = source.header;
  const from = start + Math.ceil(Math.max(0, after - start) / recordBytes) * recordBytes;
  const range = { from, to: source.soundBytes, unit: recordBytes };
  for await (const portion of portions(fd, range)) yield unknown(portion, source.header, known);
}

/** The records that are seen for the first time, moved to the beginning of the portion. */
function unknown(portion: Buffer, { recordBytes }: AmbientHeader, known: RecordSet): Buffer {
  const view = new DataView(portion.buffer, portion.byteOffset, portion.length);
  let length = 0;
  for (let at = 0; at < portion.length; at += recordBytes) {
    if (!known.add(view, at, recordBytes)) continue;
    if (length < at) portion.copyWithin(length, at, at + recordBytes);
    length += recordBytes;
  }
  return portion.subarray(0, length);
}

/** @returns bytes written */
async function append(fd: number, end: number, parts: AsyncIterable<Buffer>): Promise<number> {
  let position = end;
  for await (const bytes of parts) {
    await writeFully(fd, bytes, position);
    position += bytes.length;
  }
  return position - end;
}

async function writeFully(fd: number, bytes: Buffer, position: number): Promise<void> {
  for (let written = 0; written < bytes.length; ) {
    const { bytesWritten } = await writeAt(fd, bytes, written, bytes.length - written, position + written);
    written += bytesWritten;
  }
}
