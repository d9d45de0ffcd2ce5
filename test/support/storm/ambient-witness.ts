import { closeSync, existsSync, fstatSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { type AmbientHeader, readHeader } from '../../../src/ambient/header.ts';
import { isSound } from '../../../src/ambient/record.ts';
import { tryLock } from '../../../src/unix/locks.ts';

/** What was seen of one file, whatever its name is now. */
interface Seen {
  readonly header: AmbientHeader;
  readonly records: Set<string>;
  /** What was read. */
  bytes: number;
}

/**
 * Looks at the ambient files of a project while they are written to, and remembers each record: what was in a file once
 * must be there to the end.
 */
export class AmbientWitness {
  readonly #directory: string;
  /** By inode. */
  readonly #seen = new Map<number, Seen>();
  looks = 0;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** All records that were ever seen. */
  get records(): number {
    return [...this.#seen.values()].reduce((sum, { records }) => sum + records.size, 0);
  }

  /** @returns false if somebody was just writing: then nothing was seen of that file */
  look(): boolean {
    return ambientFiles(this.#directory)
      .filter((name) => name.endsWith('.amb'))
      .map((name) => this.#lookAt(join(this.#directory, name)))
      .every((seen) => seen);
  }

  #lookAt(path: string): boolean {
    const fd = openIfThere(path);
    if (fd === null) return true;
    try {
      if (!tryLock(fd, 'read')) return false;
      this.#take(fd);
      this.looks += 1;
      return true;
    } finally {
      closeSync(fd);
    }
  }

  #take(fd: number): void {
    const { ino, size } = fstatSync(fd);
    const seen = this.#seen.get(ino) ?? begin(fd, size);
    if (seen === null) return;
    this.#seen.set(ino, seen);
    const { start, recordBytes } = seen.header;
    // It may have been cut.
    const from = Math.min(seen.bytes, start + Math.floor(Math.max(0, size - start) / recordBytes) * recordBytes);
    const bytes = Buffer.alloc(Math.max(0, size - from));
    readSync(fd, bytes, 0, bytes.length, from);
    for (const record of soundRecords(bytes, seen.header)) seen.records.add(record);
    seen.bytes = from + Math.floor(bytes.length / recordBytes) * recordBytes;
  }

  /** Sentences about what was in a file and is not in it any more. */
  lost(): string[] {
    const there = new Map(ambientFiles(this.#directory).map((name) => this.#now(name)));
    return [...this.#seen].flatMap(([ino, { records }]) => {
      const now = there.get(ino) ?? { name: 'a file that is gone', records: new Set() };
      const lost = [...records].filter((record) => !now.records.has(record)).length;
      return lost === 0 ? [] : [`${lost} of ${records.size} records are lost of ${now.name}`];
    });
  }

  #now(name: string): [number, { name: string; records: Set<string> }] {
    const fd = openSync(join(this.#directory, name), 'r');
    try {
      const bytes = readFileSync(fd);
      const header = readHeader(bytes);
      const records = 'problem' in header ? [] : soundRecords(bytes.subarray(header.start), header);
      return [fstatSync(fd).ino, { name, records: new Set(records) }];
    } finally {
      closeSync(fd);
    }
  }
}

/** Names of ambient files, those set aside included. */
function ambientFiles(directory: string): string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory).filter((name) => /\.amb(\.(damaged|other)-\d+)?$/.test(name));
}

function openIfThere(path: string): number | null {
  try {
    return openSync(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** Null where nothing is in it yet. */
function begin(fd: number, size: number): Seen | null {
  const bytes = Buffer.alloc(size);
  readSync(fd, bytes, 0, size, 0);
  const header = readHeader(bytes);
  return 'problem' in header ? null : { header, records: new Set(), bytes: header.start };
}

function soundRecords(bytes: Buffer, { recordBytes, components }: AmbientHeader): string[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const places = Array.from({ length: Math.floor(bytes.length / recordBytes) }, (_, number) => number * recordBytes);
  return places
    .filter((at) => isSound(view, at, components))
    .map((at) => bytes.toString('latin1', at, at + recordBytes));
}
