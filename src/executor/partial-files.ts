import { close, closeSync, constants, fstatSync, read, readSync, type Stats, write } from 'node:fs';
import { promisify } from 'node:util';
import { longestHeader } from '../renderers/radiance/picture-header.ts';
import { type Partial, readPartial, takeScanLines } from '../renderers/radiance/resume.ts';
import { openBeneath } from '../unix/walk.ts';
import { lookBelow, makeFresh } from './below.ts';
import { FileError, named, naming } from './file-error.ts';
import { sumOf } from './results.ts';

const readAt = promisify(read);
const writeAt = promisify(write);
const closeFile = promisify(close);
const PORTION = 1024 * 1024;

/** Opens a regular file that this user made, by its own name: no link is followed. @throws FileError */
export function openOwn(directory: number, path: string, flags: number): number {
  const more = constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY;
  const fd = naming(path, () => openBeneath(directory, path, flags | more));
  const stats = fstatSync(fd);
  if (stats.isFile() && isOurs(stats)) return fd;
  closeSync(fd);
  throw new FileError(path, 'EINVAL', 'not a file of ours');
}

export function isOurs(stats: Stats): boolean {
  return stats.uid === process.geteuid?.();
}

export function isSame(one: Stats, other: Stats): boolean {
  return one.dev === other.dev && one.ino === other.ino;
}

/** What a partial picture may be: under which names, made how. */
export interface Expected {
  /** The picture's own name, and the one that it has aside: it must have no other. */
  readonly names: readonly [string, string];
  readonly args: readonly string[];
  /** Bytes in the distance file, or null. */
  readonly distances: number | null;
}

/** How far the picture in `path` is; null if it is not there or cannot be gone on with. */
export async function lookAt(directory: number, path: string, expected: Expected): Promise<Partial | null> {
  let fd: number;
  try {
    fd = openOwn(directory, path, constants.O_RDONLY);
  } catch {
    return null;
  }
  try {
    if (fstatSync(fd).nlink !== namesOf(fd, directory, expected.names)) return null;
    let partial = readPartial(headOf(fd), expected.args, expected.names[0], expected.distances);
    for (let position = partial?.offset ?? 0; partial !== null; ) {
      const { bytesRead, buffer } = await readAt(fd, Buffer.alloc(PORTION), 0, PORTION, position);
      if (bytesRead === 0) break;
      partial = takeScanLines(partial, buffer.subarray(0, bytesRead));
      position += bytesRead;
    }
    return partial;
  } finally {
    await closeFile(fd);
  }
}

/** How many of these names lead to this file. Another one would be somebody else's. */
function namesOf(fd: number, directory: number, names: readonly string[]): number {
  const stats = fstatSync(fd);
  return names.map((name) => lookBelow(directory, name)).filter((other) => other && isSame(stats, other)).length;
}

/** The beginning of a file: enough for any header. */
export function headOf(fd: number): Buffer {
  const bytes = Buffer.alloc(longestHeader);
  return bytes.subarray(0, readSync(fd, bytes, 0, bytes.length, 0));
}

/** Copies a file of ours to a name that must be free. */
export async function copyBelow(directory: number, from: string, to: string): Promise<void> {
  const source = openOwn(directory, from, constants.O_RDONLY);
  try {
    const copy = makeFresh(directory, to);
    try {
      await copyBytes(source, copy);
    } catch (error) {
      throw named(to, error);
    } finally {
      await closeFile(copy);
    }
  } finally {
    await closeFile(source);
  }
}

async function copyBytes(source: number, copy: number): Promise<void> {
  for (let position = 0; ; ) {
    const { bytesRead, buffer } = await readAt(source, Buffer.alloc(PORTION), 0, PORTION, position);
    if (bytesRead === 0) return;
    for (let done = 0; done < bytesRead; ) {
      done += (await writeAt(copy, buffer, done, bytesRead - done, position + done)).bytesWritten;
    }
    position += bytesRead;
  }
}

export async function haveSameBytes(directory: number, one: string, other: string): Promise<boolean> {
  const sums: string[] = [];
  for (const path of [one, other]) {
    const fd = openOwn(directory, path, constants.O_RDONLY);
    try {
      sums.push((await sumOf(fd)).sha256);
    } finally {
      await closeFile(fd);
    }
  }
  return sums[0] === sums[1];
}
