import { close, closeSync, constants, fstatSync, fsync, openSync, readSync, writeSync } from 'node:fs';
import { promisify } from 'node:util';
import type { PictureSink, RunDeed } from '../model/task.ts';
import { type Making, recordOf } from '../renderers/radiance/resume.ts';
import { makeFresh, namesToDisk, openRegular } from './below.ts';
import { naming } from './file-error.ts';
import { radianceVersion } from './installation.ts';
import { isFrozen, readHeader } from './octree.ts';
import { sumOf } from './results.ts';
import type { Environment } from './run.ts';

const toDisk = promisify(fsync);
const closeFile = promisify(close);

/**
 * What the picture of this command is made of. Null where that cannot be said for certain: the octree is not frozen, or
 * a file is not where its name says (Radiance looks for some in its library, too). Files that only the octree names,
 * such as patterns and function files, are not looked at.
 */
export async function makingOf(
  directory: number,
  deed: RunDeed,
  sink: PictureSink,
  env: Environment,
): Promise<Making | null> {
  const octree = deed.args.at(-1) ?? '';
  const sources: Record<string, string> = {};
  try {
    for (const path of [octree, ...sink.inputs]) {
      const fd = openSource(directory, path);
      try {
        if (path === octree && !isFrozen(readHeader(fd))) return null;
        sources[path] = (await sumOf(fd)).sha256;
      } finally {
        await closeFile(fd);
      }
    }
  } catch {
    // Missing or unreadable: rpict will say so itself.
    return null;
  }
  const version = await radianceVersion(deed.program, env);
  return version === null ? null : { args: deed.args, version, sources };
}

/** A file that is only read: one that a project names outside itself is no way out. */
function openSource(directory: number, path: string): number {
  if (!path.startsWith('/')) return openRegular(directory, path).fd;
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  if (fstatSync(fd).isFile()) return fd;
  closeSync(fd);
  throw new Error(`${path} is not a regular file`);
}

/** Whether the record in `path` says the same. */
export function hasRecord(directory: number, path: string, making: Making): boolean {
  const wanted = Buffer.from(recordOf(making));
  try {
    const { fd, stats } = openRegular(directory, path);
    try {
      const found = Buffer.alloc(wanted.length);
      readSync(fd, found, 0, found.length, 0);
      return stats.size === wanted.length && found.equals(wanted);
    } finally {
      closeSync(fd);
    }
  } catch {
    return false;
  }
}

/** Settles when the record is on disk. */
export async function writeRecord(directory: number, path: string, making: Making): Promise<void> {
  const fd = makeFresh(directory, path);
  try {
    const bytes = Buffer.from(recordOf(making));
    naming(path, () => writeSync(fd, bytes));
    await toDisk(fd);
  } finally {
    await closeFile(fd);
  }
  await namesToDisk(directory, [path]);
}
