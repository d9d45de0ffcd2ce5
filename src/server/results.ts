import { Readable } from 'node:stream';
import type { Job, JobSummary } from '../model/job.ts';
import { Refusal } from '../model/refusal.ts';
import type { Task } from '../model/task.ts';
import type { LogView } from '../protocol/api.ts';
import type { Procwrap } from './procwrap.ts';

/** Seconds to wait for a file of a project. */
const fileSeconds = 60;

/** What is asked of procwrap here. */
type Host = Pick<Procwrap, 'ask'>;

/** Where tasks are looked up that the farm does not have: frames that have ended. */
type Kept = (job: number, after: number, limit: number) => Promise<readonly Task[]>;

/** Part of the log of a task: the one named, else the one that tells most. */
export async function jobLog(
  procwrap: Host,
  kept: Kept,
  job: Job,
  number: number | null,
  offset: number,
): Promise<LogView> {
  const task = number === null ? await telling(job, kept) : await taskOf(job, number, kept);
  if (!task) {
    const text = number === null ? `Job ${job.id} has run nothing.` : `Job ${job.id} has no task ${number}.`;
    throw new Refusal('no-such-file', text);
  }
  const ended = task.state.is === 'done' || task.state.is === 'failed' || task.state.is === 'cancelled';
  if (task.attempts === 0) return { task: task.plan.number, attempt: 0, text: '', next: 0, ended };
  const { name } = task.plan;
  const question = { ask: 'log', project: job.project, name, job: job.id, offset } as const;
  const { attempt, text, next } = await procwrap.ask(question, fileSeconds);
  return { task: task.plan.number, attempt, text, next, ended: ended && next === offset };
}

/** A task of the job, wherever it is known. */
async function taskOf(job: Job, number: number, kept: Kept): Promise<Task | undefined> {
  if (job.tasks.stateOf(number) === null) return undefined;
  return job.tasks.get(number) ?? (await kept(job.id, number - 1, 1))[0];
}

/** What a person wants to read first: the failure, else what runs now, else the last view, else the last of all. */
async function telling(job: Job, kept: Kept): Promise<Task | undefined> {
  if (job.tasks.failure) return taskOf(job, job.tasks.failure.number, kept);
  const ran = [...job.tasks.known()].filter((task) => task.attempts > 0);
  return (
    ran.findLast((task) => task.state.is === 'running') ??
    ran.findLast((task) => task.plan.step === 'view') ??
    ran.at(-1) ??
    (await taskOf(job, job.tasks.total, kept))
  );
}

/** A finished file of the job, streamed from its host; `bytes` is null where it is not known beforehand. */
export async function openResult(
  procwrap: Host,
  job: Pick<JobSummary, 'id' | 'project' | 'results'>,
  path: string,
  as: 'file' | 'png',
): Promise<{ bytes: number | null; stream: Readable }> {
  const { results } = job;
  if (!results.some((result) => result.path === path)) {
    const known = results.map((result) => result.path).join(', ') || 'none yet';
    throw new Refusal('no-such-file', `Job ${job.id} has no result "${path}". Its results: ${known}.`);
  }
  const { handle, bytes } = await procwrap.ask({ ask: 'open', project: job.project, path, as }, fileSeconds);
  return { bytes, stream: contentOf(procwrap, handle) };
}

/** Bytes are asked for as they are wanted; procwrap may close the file however this ends, also before it was read. */
function contentOf(procwrap: Host, handle: number): Readable {
  return new Readable({
    async read() {
      try {
        const { data } = await procwrap.ask({ ask: 'read', handle }, fileSeconds);
        this.push(data === '' ? null : Buffer.from(data, 'base64'));
      } catch (error) {
        this.destroy(error as Error);
      }
    },
    destroy(error, done) {
      // A lost connection has closed it already.
      procwrap.ask({ ask: 'close', handle }, fileSeconds).catch(() => undefined);
      done(error);
    },
  });
}
