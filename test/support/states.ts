import type { JobState } from '../../src/model/job.ts';
import type { TaskState, Tried } from '../../src/model/task.ts';

/** One example of every state, in the order of a life. */

export const jobStateExamples: readonly JobState[] = [
  { is: 'waiting' },
  { is: 'running', startedAt: 5 },
  { is: 'paused', startedAt: null },
  { is: 'done', startedAt: 5, finishedAt: 9, reason: null },
  { is: 'failed', startedAt: 5, finishedAt: 9, reason: 'oconv failed.', lastLines: ['fatal - \u001b[1m"x"', ''] },
  { is: 'cancelled', startedAt: null, finishedAt: 9, reason: 'Cancelled by ann.' },
];

export const taskStateExamples: readonly TaskState[] = [
  { is: 'waiting' },
  { is: 'running', host: 'sun', since: 5, pid: null, fraction: 0.25 },
  { is: 'paused', host: 'sun', since: 5, pid: 77, fraction: 0.5 },
  {
    is: 'done',
    since: 5,
    until: 9,
    results: [{ path: 'images/ä b.hdr', bytes: 5e12, sha256: 'ab' }],
    skipped: false,
    warnings: ['w'],
  },
  { is: 'failed', since: 5, until: 9, reason: 'No light.', lastLines: [] },
  { is: 'cancelled', until: 9 },
];

const usage = { userSeconds: 1.25, systemSeconds: 0.5, peakBytes: 5e9 };

/** One attempt for every end. */
export const triedExamples: readonly Tried[] = [
  { attempt: 3, host: 'sun', since: 5, until: 9, ended: 'lost', exit: null, signal: null, usage: null },
  { attempt: 4, host: 'sun', since: 9, until: 10.5, ended: 'failed', exit: 2, signal: null, usage },
  { attempt: 5, host: 'sun', since: 11, until: 12, ended: 'postponed', exit: null, signal: 'SIGTERM', usage },
  { attempt: 6, host: 'sun', since: 12, until: 13, ended: 'cancelled', exit: null, signal: 'SIGKILL', usage },
  { attempt: 7, host: 'mond', since: 13, until: 14, ended: 'done', exit: 0, signal: null, usage },
];
