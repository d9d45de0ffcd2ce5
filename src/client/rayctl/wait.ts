import { basename } from 'node:path';
import type { JobView, TaskView } from '../../protocol/api.ts';
import { connectionTeller } from './connection.ts';
import { Interrupted, statusOfJobs } from './exit.ts';
import { progressOn, silence, waitsFor } from './progress.ts';
import { type JobRange, jobsIn } from './ranges.ts';
import { reportEnd } from './report.ts';
import type { Session } from './session.ts';

/** Jobs that are watched at a time: the server has places for so many streams, and a terminal for so many bars. */
const mostAtATime = 8;

/** `rayctl wait JOB...` @returns the exit status */
export async function wait(
  session: Session,
  ranges: readonly JobRange[],
  { patience }: { patience: number },
): Promise<number> {
  const jobs = await followJobs(session, await jobsIn(session, ranges), patience);
  if (session.isJson) session.printJson({ jobs, next: null });
  else for (const job of jobs) reportEnd(session, job);
  return statusOfJobs(jobs);
}

/**
 * Shows how the jobs come on until all have ended.
 * @param patience how long the server may be away, seconds
 * @returns the jobs as they ended, in the order of `ids`
 * @throws Interrupted when somebody ends rayctl; the jobs go on, which is said
 */
export async function followJobs(session: Session, ids: readonly number[], patience: number): Promise<JobView[]> {
  const { client, world } = session;
  // The first fault ends the others, whose streams would keep the program alive.
  const others = new AbortController();
  const signal = AbortSignal.any([session.signal, others.signal]);
  const progress = session.isJson ? silence : progressOn(world.stderr, world.env);
  const teller = connectionTeller((line) => progress.say(line), patience);
  const follow = async (id: number): Promise<JobView> => {
    let last: JobView | null = null;
    let doing = '';
    for await (const job of client.wait(id, { signal, patienceSeconds: patience, onConnection: teller() })) {
      if (changedTasks(last, job)) doing = await doingOf(session, job, signal);
      progress.show(job, job.finishedAt === null ? (waitsFor(job) ?? doing) : '');
      last = job;
    }
    if (last === null) throw new Error(`Job ${id} has told nothing.`);
    if (ids.length > mostAtATime) progress.drop(last);
    return last;
  };
  try {
    // One that is not there is told now, not when its turn comes.
    for (const id of ids.slice(mostAtATime)) await client.job(id, { signal });
    return await inTurn(ids, follow);
  } catch (error) {
    progress.stop();
    if (error instanceof Interrupted) sayGoesOn(session, ids);
    throw error;
  } finally {
    others.abort(new Interrupted('SIGTERM'));
    progress.stop();
  }
}

/** Some at a time, in this order. */
async function inTurn<T>(ids: readonly number[], follow: (id: number) => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  const queue = ids.entries();
  const work = async () => {
    for (const [index, id] of queue) results[index] = await follow(id);
  };
  await Promise.all(Array.from({ length: Math.min(mostAtATime, ids.length) }, work));
  return results;
}

function sayGoesOn(session: Session, ids: readonly number[]): void {
  const [subject, verb] = ids.length === 1 ? [`Job ${ids[0]}`, 'goes on'] : [`Jobs ${ids.join(', ')}`, 'go on'];
  session.complain(`${subject} ${verb}. Come back with: ${session.command(`wait ${ids.join(' ')}`)}`);
}

function changedTasks(last: JobView | null, job: JobView): boolean {
  return job.finishedAt === null && JSON.stringify(last?.tasks) !== JSON.stringify(job.tasks);
}

/** What runs now; a server that is just going away is no reason to end here. */
async function doingOf(session: Session, job: JobView, signal: AbortSignal): Promise<string> {
  if (job.frames !== null) return `${job.tasks.done} of ${job.tasks.total} frames`;
  if (job.command !== null) return basename(job.command[0] ?? '');
  try {
    return doingNow((await session.client.tasks(job.id, { state: 'running' }, { signal })).tasks);
  } catch (error) {
    if (signal.aborted) throw error;
    return '';
  }
}

/** What runs now: `octree`, `view inside`, `2 views`. */
export function doingNow(tasks: readonly TaskView[]): string {
  const running = tasks.filter(({ state }) => state === 'running');
  const [first] = running;
  if (!first) return '';
  const steps = new Set(running.map(({ step }) => step));
  if (running.length > 1) return steps.size === 1 ? `${running.length} ${first.step}s` : `${running.length} tasks`;
  return first.view === null ? first.step : `${first.step} ${first.view}`;
}
