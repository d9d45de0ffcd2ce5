import { createHash } from 'node:crypto';
import { close, constants, createReadStream, fsync } from 'node:fs';
import { posix } from 'node:path';
import { promisify } from 'node:util';
import type { Result } from '../model/task.ts';
import { openBeneath } from '../unix/walk.ts';
import { openRegular } from './below.ts';

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
  for (const parent of new Set(paths.map((path) => posix.dirname(path)))) await directoryToDisk(directory, parent);
  return results;
}

async function sumOf(fd: number): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash('sha256');
  let bytes = 0;
  const stream = createReadStream('', { fd, start: 0, autoClose: false, highWaterMark: PORTION });
  for await (const portion of stream as AsyncIterable<Buffer>) {
    bytes += portion.length;
    hash.update(portion);
  }
  return { bytes, sha256: hash.digest('hex') };
}

async function directoryToDisk(directory: number, path: string): Promise<void> {
  const fd = openBeneath(directory, path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await toDisk(fd);
  } finally {
    await closeFile(fd);
  }
}
