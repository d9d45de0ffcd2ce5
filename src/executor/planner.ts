import { createHash, randomBytes } from 'node:crypto';
import { closeSync, constants, lstatSync, readdirSync, readSync } from 'node:fs';
import { posix } from 'node:path';
import type { Project, RadianceRequest } from '../model/job.ts';
import { Refusal } from '../model/refusal.ts';
import type { Answer } from '../protocol/inner.ts';
import { type FileFact, filesToLookAt } from '../renderers/radiance/files.ts';
import { optionFilesToRead, readPlan, readUnderstood } from '../renderers/radiance/plan.ts';
import { planPrefix, type RadCall, radCall } from '../renderers/radiance/rad-call.ts';
import { type Rif, readRif, requireFileName } from '../renderers/radiance/rif.ts';
import { openBeneath } from '../unix/walk.ts';
import { makeDirectory, openRegular, removeBelow } from './below.ts';
import { FileError, sentenceOf } from './file-error.ts';
import type { Host } from './host.ts';
import { isFrozen, readHeader, statOf } from './octree.ts';
import { inProject } from './project.ts';
import { requirePlaces } from './projects.ts';
import { runRad } from './rad.ts';

const LONGEST_RIF = 1024 * 1024;
const LONGEST_OPTION_FILE = 64 * 1024;

/**
 * What rad would do, as tasks of our own.
 * @throws Refusal
 */
export function plan(
  project: Project,
  request: RadianceRequest,
  host: Host,
): Promise<Extract<Answer, { kind: 'plan' }>> {
  return inProject(project, async (directory) => {
    try {
      const rif = readRif(readRifText(directory, request.rif), request, project.path);
      const call = radCall(rif, randomBytes(8).toString('hex'));
      makeDirectory(directory, 'proc');
      const { planSeconds } = host.settings;
      removeLitter(directory, planPrefix, host.clock.now() - (planSeconds + 60) * 1000);
      try {
        const printed = await runRad({ project, directory }, rif, call, host);
        const input = { rif, call, printed, optionFiles: readOptionFiles(directory, printed, rif, call) };
        const facts = lookAt(directory, filesToLookAt(readUnderstood(input), rif));
        const { reportSeconds, slots } = host.settings;
        const plan = readPlan(input, { request, facts, reportSeconds, slots, digest });
        requirePlaces(directory, project, new Set(plan.tasks.flatMap((task) => task.directories)));
        return { kind: 'plan', ...plan };
      } finally {
        removeLitter(directory, call.litter, Number.POSITIVE_INFINITY);
      }
    } catch (error) {
      if (error instanceof FileError) throw new Refusal('plan-failed', sentenceOf(error, project));
      throw error;
    }
  });
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function readRifText(directory: number, file: string): string {
  requireFileName(file);
  try {
    return readText(directory, file, LONGEST_RIF);
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    const says = error.code === 'ENOENT' ? `No such file in the project: ${file}.` : `Cannot read ${error.message}.`;
    throw new Refusal('unreadable-rif', says);
  }
}

/** @throws FileError EFBIG if it is longer */
function readText(directory: number, path: string, longest: number): string {
  const { fd, stats } = openRegular(directory, path);
  try {
    if (stats.size > longest) throw new FileError(path, 'EFBIG', `longer than ${longest} bytes`);
    const bytes = Buffer.alloc(longest);
    return bytes.toString('utf8', 0, readSync(fd, bytes, 0, longest, 0));
  } finally {
    closeSync(fd);
  }
}

function readOptionFiles(directory: number, printed: string, rif: Rif, call: RadCall): Map<string, string> {
  const contents = new Map<string, string>();
  const missing = new Set<string>();
  for (;;) {
    const wanted = optionFilesToRead(printed, rif, call, contents).filter((name) => !missing.has(name));
    if (wanted.length === 0) return contents;
    for (const name of wanted) {
      try {
        contents.set(name, readText(directory, name, LONGEST_OPTION_FILE));
      } catch {
        // The plan refuses a command whose option file is not there, and says which.
        missing.add(name);
      }
    }
  }
}

function lookAt(directory: number, paths: readonly string[]): (path: string) => FileFact | null {
  const facts = new Map(paths.map((path) => [path, factOf(directory, path)]));
  return (path) => facts.get(path) ?? null;
}

function factOf(directory: number, path: string): FileFact | null {
  try {
    if (posix.isAbsolute(path) || path.split('/').includes('..')) {
      return { modified: statOf(directory, path).mtimeMs, frozen: false, is: 'other' };
    }
    if (statOf(directory, path).isDirectory()) return { modified: 0, frozen: false, is: 'directory' };
    const { fd, stats } = openRegular(directory, path);
    try {
      const header = readHeader(fd);
      const is = header === '' ? 'empty' : header.startsWith('#?RADIANCE') ? 'radiance' : 'other';
      return { modified: stats.mtimeMs, frozen: isFrozen(header), is };
    } finally {
      closeSync(fd);
    }
  } catch {
    return null;
  }
}

/**
 * Removes what a call of rad left behind: files whose names begin with `litter`, not changed since `before`
 * (milliseconds since 1970).
 */
function removeLitter(directory: number, litter: string, before: number): void {
  const [place, name] = [posix.dirname(litter), posix.basename(litter)];
  try {
    const fd = openBeneath(directory, place, constants.O_RDONLY | constants.O_DIRECTORY);
    try {
      const left = readdirSync(`/proc/self/fd/${fd}`).filter((entry) => entry.startsWith(name));
      for (const entry of left) if (lstatSync(`/proc/self/fd/${fd}/${entry}`).mtimeMs < before) removeBelow(fd, entry);
    } finally {
      closeSync(fd);
    }
  } catch {
    // The project is gone or no longer writable: nothing of ours is in its way.
  }
}
