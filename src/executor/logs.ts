import { closeSync, readSync } from 'node:fs';
import type { Project } from '../model/job.ts';
import { Refusal } from '../model/refusal.ts';
import type { AnswerTo, Question } from '../protocol/inner.ts';
import { openRegular } from './below.ts';
import { FileError } from './file-error.ts';
import type { Host } from './host.ts';
import { type Cut, cutNotedIn, cutSeenIn, leftOutLine, restAt } from './log-cut.ts';
import { inProject } from './project.ts';

const PORTION = 256 * 1024;
const LONGEST_FIRST_LINE = 1024;
const LONGEST_LAST_LINE = 4096;

type LogQuestion = Extract<Question, { ask: 'log' }>;

/**
 * Part of a simulation's log, from `offset` on, which counts all bytes that were ever written to it. Where some of them
 * were left out, the text says how many.
 * @throws Refusal no-such-file, also if it is the log of another job
 */
export async function readLog(question: LogQuestion, host: Pick<Host, 'running'>): Promise<AnswerTo<LogQuestion>> {
  const { project, job, name, offset } = question;
  const running = host.running(job, name);
  try {
    return await inProject(project, (directory) => {
      if (!running?.log) return readOwnLog(directory, question, null);
      return running.log.look((cut) => readOwnLog(directory, question, { attempt: running.attempt, cut }));
    });
  } catch (error) {
    // A simulation that has just been started has not made its log yet.
    if (error instanceof Refusal && offset === 0 && running) return { kind: 'log', attempt: 0, text: '', next: 0 };
    throw error;
  }
}

/** `writer`: the attempt that is writing a log of that name, and what was left out of it. */
function readOwnLog(
  directory: number,
  { project, name, job, offset }: LogQuestion,
  writer: { attempt: number; cut: Cut | null } | null,
): AnswerTo<LogQuestion> {
  const { fd, stats } = openLog(directory, name, project);
  try {
    const attempt = requireOwn(textAt(fd, 0, LONGEST_FIRST_LINE).text, name, job);
    const cut = writer?.attempt === attempt ? writer.cut : cutOf(fd, stats.size, offset);
    return { kind: 'log', attempt, ...partAt(fd, offset, cut) };
  } finally {
    closeSync(fd);
  }
}

/** What was left out of a log that nobody writes any more. */
function cutOf(fd: number, size: number, offset: number): Cut | null {
  const end = Buffer.alloc(Math.min(size, LONGEST_LAST_LINE));
  const noted = cutNotedIn(end.toString('latin1', 0, readSync(fd, end, 0, end.length, size - end.length)));
  if (noted !== null || offset <= size) return noted;
  const bytes = Buffer.alloc(size);
  return cutSeenIn(bytes.toString('latin1', 0, readSync(fd, bytes, 0, size, 0)));
}

function partAt(fd: number, offset: number, cut: Cut | null): { text: string; next: number } {
  if (cut === null) return continued(offset, '', textAt(fd, offset, PORTION));
  const { head, leftOut } = cut;
  if (offset < head) return continued(offset, '', textAt(fd, offset, Math.min(PORTION, head - offset), head));
  const missed = Math.max(0, head + leftOut - offset);
  // Whoever has read up to here may be in the middle of a line.
  const line = missed === 0 ? '' : `${offset > head ? '\n' : ''}${leftOutLine(missed)}`;
  const from = offset + missed;
  return continued(from, line, textAt(fd, restAt(cut) + from - head - leftOut, PORTION));
}

function continued(from: number, before: string, { text, bytes }: { text: string; bytes: number }) {
  return { text: before + text, next: from + bytes };
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

/** Whole characters only, unless it goes up to `end`: one that is cut off is left for the next time. */
function textAt(fd: number, position: number, most: number, end?: number): { text: string; bytes: number } {
  const bytes = Buffer.alloc(most);
  const length = readSync(fd, bytes, 0, most, position);
  const whole = position + length === end ? length : wholeCharacters(bytes.subarray(0, length));
  return { text: bytes.toString('utf8', 0, whole), bytes: whole };
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
