import type { JobView, TaskView } from '../../protocol/api.ts';
import { Interrupted, statusOfJobs } from './exit.ts';
import { progressOn, silence } from './progress.ts';
import { reportEnd } from './report.ts';
import type { Session } from './session.ts';

/** `rayctl wait JOB...` @returns the exit status */
export async function wait(session: Session, ids: readonly number[]): Promise<number> {
  const jobs = await followJobs(session, ids);
  if (session.isJson) session.printJson({ jobs, next: null });
  else for (const job of jobs) reportEnd(session, job);
  return statusOfJobs(jobs);
}

/**
 * Shows how the jobs come on until all have ended.
 * @returns the jobs as they ended, in the order of `ids`
 * @throws Interrupted when somebody ends rayctl; the jobs go on, which is said
 */
export async function followJobs(session: Session, ids: readonly number[]): Promise<JobView[]> {
  const { client, world } = session;
  // The first fault ends the others, whose streams would keep the program alive.
  const others = new AbortController();
  const signal = AbortSignal.any([session.signal, others.signal]);
  const progress = session.isJson ? silence : progressOn(world.stderr, world.env);
  const follow = async (id: number): Promise<JobView> => {
    let last: JobView | null = null;
    let doing = '';
    for await (const job of client.wait(id, { signal })) {
      if (changedTasks(last, job)) doing = doingNow(await client.tasks(id, { signal }));
      progress.show(job, job.finishedAt === null ? doing : '');
      last = job;
    }
    if (last === null) throw new Error(`Job ${id} has told nothing.`);
    return last;
  };
  try {
    return await Promise.all(ids.map(follow));
  } catch (error) {
    progress.stop();
    if (error instanceof Interrupted) sayGoesOn(session, ids);
    throw error;
  } finally {
    others.abort(new Interrupted('SIGTERM'));
    progress.stop();
  }
}

function sayGoesOn(session: Session, ids: readonly number[]): void {
  const [subject, verb] = ids.length === 1 ? [`Job ${ids[0]}`, 'goes on'] : [`Jobs ${ids.join(', ')}`, 'go on'];
  session.complain(`${subject} ${verb}. Come back with: ${session.command(`wait ${ids.join(' ')}`)}`);
}

function changedTasks(last: JobView | null, job: JobView): boolean {
  return job.finishedAt === null && JSON.stringify(last?.tasks) !== JSON.stringify(job.tasks);
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
