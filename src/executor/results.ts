import { createHash } from 'node:crypto';
import { close, createReadStream, fsync } from 'node:fs';
import { promisify } from 'node:util';
import type { Result } from '../model/task.ts';
import { namesToDisk, openRegular } from './below.ts';

const toDisk = promisify(fsync);
const closeFile = promisify(close);
const PORTION = 256 * 1024;

/**
 * The finished files of a task, on disk and summed up. It reads in portions, so the event loop goes on.
 * @throws NodeJS.ErrnoException, ENOENT for one that is missing
 */
export async function collectResults(directory: number, paths: readonly string[]): Promise<Result[]> {
  const results: Result[] = [];
  for (const path of paths) {
    const { fd } = openRegular(directory, path);
    try {
      await toDisk(fd);
      results.push({ path, ...(await sumOf(fd)) });
    } finally {
      await closeFile(fd);
    }
  }
  // The names, too: a rename is on disk when its directory is.
  await namesToDisk(directory, paths);
  return results;
}

/** Size and SHA-256 of an open file. */
export async function sumOf(fd: number): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash('sha256');
  let bytes = 0;
  const stream = createReadStream('', { fd, start: 0, autoClose: false, highWaterMark: PORTION });
  for await (const portion of stream as AsyncIterable<Buffer>) {
    bytes += portion.length;
    hash.update(portion);
  }
  return { bytes, sha256: hash.digest('hex') };
}
