import { hash } from 'node:crypto';
import { fstatSync, ftruncate, write } from 'node:fs';
import { promisify } from 'node:util';
import { type Check, checkAmbient } from './check.ts';
import type { AmbientHeader } from './header.ts';
import { difference, parametersOfHeader } from './parameters.ts';
import { portions } from './portions.ts';

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
  if (source.header === null) throw new Error(source.problem ?? '');
  requireFit(target, source.header);
  const known = new Set<string>();
  if (target.header !== null) await collect(into, target.header, known);
  const end = target.fileBytes;
  try {
    const start = end === 0 ? await copyHeader(into, from, source.header) : end;
    return await append(into, start, news(from, { header: source.header, after, to: source.soundBytes, known }));
  } catch (error) {
    // Part of it may have been written, even part of a record.
    if (fstatSync(into).size > end) await cut(into, end);
    throw error;
  }
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

/** Stands for the content of a record; tens of megabytes for a million of them. */
const nameOf = (record: Buffer): string => hash('sha256', record, 'binary');

async function collect(fd: number, header: AmbientHeader, known: Set<string>): Promise<void> {
  for await (const portion of portions(fd, { from: header.start, to: fstatSync(fd).size, unit: header.recordBytes }))
    for (const record of recordsIn(portion, header)) known.add(nameOf(record));
}

interface Source {
  readonly header: AmbientHeader;
  readonly after: number;
  readonly to: number;
  /** Names of records that are there already; grows. */
  readonly known: Set<string>;
}

/** Records that are not known yet, portion by portion. */
async function* news(fd: number, { header, after, to, known }: Source): AsyncGenerator<Buffer[], void, undefined> {
  const { start, recordBytes } = header;
  const from = start + Math.ceil(Math.max(0, after - start) / recordBytes) * recordBytes;
  for await (const portion of portions(fd, { from, to, unit: recordBytes })) {
    yield recordsIn(portion, header).filter((record) => {
      const name = nameOf(record);
      return !known.has(name) && known.add(name);
    });
  }
}

function recordsIn(portion: Buffer, { recordBytes }: AmbientHeader): Buffer[] {
  const count = Math.floor(portion.length / recordBytes);
  return Array.from({ length: count }, (_, number) =>
    portion.subarray(number * recordBytes, (number + 1) * recordBytes),
  );
}

async function append(fd: number, end: number, records: AsyncIterable<Buffer[]>): Promise<number> {
  let position = end;
  let count = 0;
  for await (const some of records) {
    const bytes = Buffer.concat(some);
    await writeFully(fd, bytes, position);
    position += bytes.length;
    count += some.length;
  }
  return count;
}

async function writeFully(fd: number, bytes: Buffer, position: number): Promise<void> {
  for (let written = 0; written < bytes.length; ) {
    const { bytesWritten } = await writeAt(fd, bytes, written, bytes.length - written, position + written);
    written += bytesWritten;
  }
}
