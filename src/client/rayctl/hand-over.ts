import type { JobView, RadianceSubmit } from '../../protocol/api.ts';
import { statusOfJobs } from './exit.ts';
import { reportEnd } from './report.ts';
import type { Session } from './session.ts';
import { safe } from './text.ts';
import { followJobs } from './wait.ts';

/** Options of every verb that submits a job. Limits are seconds; commander makes nothing of a null. */
export interface JobOptions {
  wait?: true;
  patience: number;
  name?: string;
  priority?: number;
  retries?: number;
  timeLimit?: number | 'none';
  progressLimit?: number | 'none';
}

/** What these options say of the job. */
export function jobPart(options: JobOptions): Partial<Omit<RadianceSubmit, 'kind' | 'project' | 'rif'>> {
  const { name, priority, retries, timeLimit, progressLimit } = options;
  return {
    ...(name === undefined ? {} : { name }),
    ...(priority === undefined ? {} : { priority }),
    ...(retries === undefined ? {} : { retries }),
    ...(timeLimit === undefined ? {} : { timeLimit: timeLimit === 'none' ? null : timeLimit }),
    ...(progressLimit === undefined ? {} : { progressLimit: progressLimit === 'none' ? null : progressLimit }),
  };
}

/**
 * Submits a job, says so, and waits for its end if that is wanted.
 * @param options.about names it in a hint
 * @returns the exit status
 */
export async function handOver(
  session: Session,
  submit: () => Promise<JobView>,
  options: { wait?: true; patience: number; about: string },
): Promise<number> {
  const job = await submitted(session, submit);
  if (!session.isJson) session.print(`Job ${job.id} submitted.`);
  if (options.wait && job.finishedAt === null) {
    const [end] = await followJobs(session, [job.id], options.patience);
    return finish(session, end ?? job);
  }
  if (job.finishedAt !== null) return finish(session, job);
  if (session.isJson) session.printJson(job);
  else {
    for (const note of job.notes) session.print(safe(note));
    sayHowToWatch(session, job, options.about);
  }
  return 0;
}

async function submitted(session: Session, submit: () => Promise<JobView>): Promise<JobView> {
  try {
    return await submit();
  } catch (error) {
    if (session.signal.aborted) {
      session.complain(`The server had not answered yet: the job may be submitted. See ${session.command('jobs')}`);
    }
    throw error;
  }
}

function finish(session: Session, job: JobView): number {
  if (session.isJson) session.printJson(job);
  else reportEnd(session, job);
  return statusOfJobs([job]);
}

function sayHowToWatch(session: Session, job: JobView, about: string): void {
  if (session.world.stdout.isTTY !== true) return;
  const hint = `${safe(about)}: watch it with: ${session.command(`wait ${job.id}`)}`;
  session.print(session.colors.dim(hint));
}
