import { read } from 'node:fs';
import { promisify } from 'node:util';

const readAt = promisify(read);

/** What is read, and worked on, in one go: a few milliseconds of work for this process. */
const portionBytes = 256 * 1024;

/**
 * The bytes of a file from one position up to another, or up to its end, in whole units but for the last. The buffer is
 * used again for the next portion.
 */
export async function* portions(
  fd: number,
  range: { readonly from: number; readonly to: number; readonly unit: number },
): AsyncGenerator<Buffer, void, undefined> {
  const { from, to, unit } = range;
  const buffer = Buffer.alloc(Math.floor(portionBytes / unit) * unit);
  for (let position = from; position < to; ) {
    const length = await readFully(fd, buffer.subarray(0, Math.min(buffer.length, to - position)), position);
    if (length === 0) return;
    yield buffer.subarray(0, length);
    position += length;
  }
}

/** Reads may give less than was asked for. @returns less than the buffer holds only at the end of the file */
export async function readFully(fd: number, buffer: Buffer, position: number): Promise<number> {
  let length = 0;
  while (length < buffer.length) {
    const { bytesRead } = await readAt(fd, buffer, length, buffer.length - length, position + length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return length;
}
