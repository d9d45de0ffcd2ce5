import { closeSync, readSync } from 'node:fs';
import type { Project } from '../model/job.ts';
import { Refusal } from '../model/refusal.ts';
import type { AnswerTo, Question } from '../protocol/inner.ts';
import { openRegular } from './below.ts';
import { FileError } from './file-error.ts';
import type { Host } from './host.ts';
import { inProject } from './project.ts';

const PORTION = 256 * 1024;
const LONGEST_FIRST_LINE = 1024;

type LogQuestion = Extract<Question, { ask: 'log' }>;

/**
 * Part of a simulation's log, from `offset` bytes on. Where the log has become shorter than that (its middle was left
 * out), it goes on with the line that says so.
 * @throws Refusal no-such-file, also if it is the log of another job
 */
export async function readLog(question: LogQuestion, host: Pick<Host, 'isRunning'>): Promise<AnswerTo<LogQuestion>> {
  try {
    return await readOwnLog(question);
  } catch (error) {
    // A simulation that has just been started has not made its log yet.
    const { job, name, offset } = question;
    if (error instanceof Refusal && offset === 0 && host.isRunning(job, name))
      return { kind: 'log', attempt: 0, text: '', next: 0 };
    throw error;
  }
}

function readOwnLog({ project, name, job, offset }: LogQuestion): Promise<AnswerTo<LogQuestion>> {
  return inProject(project, (directory) => {
    const { fd, stats } = openLog(directory, name, project);
    try {
      const attempt = requireOwn(textAt(fd, 0, LONGEST_FIRST_LINE).text, name, job);
      const from = offset <= stats.size ? offset : leftOutAt(fd, stats.size);
      const { text, bytes } = textAt(fd, from, PORTION);
      return { kind: 'log', attempt, text, next: from + bytes };
    } finally {
      closeSync(fd);
    }
  });
}

function openLog(directory: number, name: string, project: Project): ReturnType<typeof openRegular> {
  try {
    if (name.includes('/')) throw new FileError(name, 'EINVAL', 'not a name');
    return openRegular(directory, `logfiles/${name}.log`);
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    if (error.code === 'ENOENT') throw new Refusal('no-such-file', `There is no log of ${name} in ${project.path}.`);
    throw new Refusal('no-such-file', `The log of ${name} cannot be read: ${error.message}.`);
  }
}

/** @returns the attempt whose log it is */
function requireOwn(beginning: string, name: string, job: number): number {
  const [, first, attempt] = /^# rayserver job (\d+) task \d+ attempt (\d+),/.exec(beginning) ?? [];
  const owner = Number(first ?? 0);
  if (owner === job) return Number(attempt);
  if (owner > job) {
    throw new Refusal('no-such-file', `The log of job ${job} was replaced by that of job ${owner}.`);
  }
  throw new Refusal('no-such-file', `Job ${job} has no log of ${name}: it ran nothing there yet, or had no need to.`);
}

function leftOutAt(fd: number, size: number): number {
  const bytes = Buffer.alloc(size);
  const text = bytes.toString('latin1', 0, readSync(fd, bytes, 0, size, 0));
  const found = /^\.\.\. \d+ bytes left out \.\.\.$/m.exec(text);
  return found?.index ?? 0;
}

/** Whole characters only: one that is cut off at the end is left for the next time. */
function textAt(fd: number, position: number, most: number): { text: string; bytes: number } {
  const bytes = Buffer.alloc(most);
  const length = readSync(fd, bytes, 0, most, position);
  const end = wholeCharacters(bytes.subarray(0, length));
  return { text: bytes.toString('utf8', 0, end), bytes: end };
}

function wholeCharacters(bytes: Buffer): number {
  for (let back = 1; back <= 3 && back <= bytes.length; back++) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte < 0x80) break;
    if (byte < 0xc0) continue;
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
    return length > back ? bytes.length - back : bytes.length;
  }
  return bytes.length;
}
