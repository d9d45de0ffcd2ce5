import { basename } from 'node:path';
import type { JobView, SubmitRequest } from '../../protocol/api.ts';
import { Refused } from '../errors.ts';
import type { Assignment } from './arguments.ts';
import { statusOfJobs } from './exit.ts';
import { nameProject } from './project.ts';
import { reportEnd } from './report.ts';
import type { Session } from './session.ts';
import { safe } from './text.ts';
import { followJobs } from './wait.ts';

export interface SubmitOptions {
  view?: string[];
  set?: Assignment[];
  force?: true;
  replace?: true;
  wait?: true;
  name?: string;
  priority?: number;
}

/** `rayctl submit FILE.rif` @returns the exit status */
export async function submit(session: Session, file: string, options: SubmitOptions): Promise<number> {
  const named = nameProject(file, session.record(), { cwd: session.world.cwd(), isHere: session.isHere });
  const request: SubmitRequest = {
    kind: 'radiance',
    ...named,
    ...(options.view ? { views: options.view } : {}),
    ...(options.set ? { set: options.set } : {}),
    ...(options.force ? { force: true } : {}),
    ...(options.replace ? { replace: true } : {}),
    ...(options.name === undefined ? {} : { name: options.name }),
    ...(options.priority === undefined ? {} : { priority: options.priority }),
  };
  const job = await ask(session, request);
  if (!session.isJson) session.print(`Job ${job.id} submitted.`);
  if (options.wait && job.finishedAt === null) return finish(session, await follow(session, job));
  if (job.finishedAt !== null) return finish(session, job);
  if (session.isJson) session.printJson(job);
  else {
    for (const note of job.notes) session.print(safe(note));
    sayHowToWatch(session, job);
  }
  return 0;
}

/** Planning that takes longer is spoken of, so that nobody takes it for a standstill. */
const quietMilliseconds = 1000;

async function ask(session: Session, request: SubmitRequest): Promise<JobView> {
  const isWatched = !session.isJson && session.world.stderr.isTTY === true;
  const say = () => session.complain(session.colors.dim(`Planning ${safe(request.rif)} ...`));
  const timer = isWatched ? setTimeout(say, quietMilliseconds) : undefined;
  try {
    return await session.client.submit(request, { signal: session.signal });
  } catch (error) {
    if (session.signal.aborted) {
      session.complain(`The server had not answered yet: the job may be submitted. See ${session.command('jobs')}`);
    }
    if (error instanceof Refused && error.code === 'view-busy' && error.job !== null && !session.isJson) {
      const stop = error.message.includes('--replace') ? '' : '\nStop it and render anew with --replace.';
      error.message += `${stop}\nSee how far it is with: ${session.command(`show ${error.job}`)}`;
    }
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

async function follow(session: Session, job: JobView): Promise<JobView> {
  const [end] = await followJobs(session, [job.id]);
  return end ?? job;
}

function finish(session: Session, job: JobView): number {
  if (session.isJson) session.printJson(job);
  else reportEnd(session, job);
  return statusOfJobs([job]);
}

function sayHowToWatch(session: Session, job: JobView): void {
  if (session.world.stdout.isTTY !== true) return;
  const hint = `${basename(safe(job.rif))}: watch it with: ${session.command(`wait ${job.id}`)}`;
  session.print(session.colors.dim(hint));
}
