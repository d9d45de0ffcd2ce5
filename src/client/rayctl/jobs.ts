import type { JobList, JobView } from '../../protocol/api.ts';
import type { Session } from './session.ts';
import { type Column, tableLines } from './table.ts';
import { duration, localTime, percent } from './text.ts';

const pageSize = 200;

/** `rayctl jobs`: the newest first. */
export async function jobs(session: Session, options: { state?: JobView['state']; limit: number }): Promise<number> {
  const list = await collect(session, options);
  if (session.isJson) session.printJson(list);
  else if (list.jobs.length === 0) session.print(options.state ? `No job is ${options.state}.` : 'No jobs.');
  else {
    for (const line of tableLines(jobColumns, list.jobs.map(jobRow), session.width)) session.print(line);
    if (list.next !== null) session.complain(`Older jobs: ${session.command(`jobs --limit ${options.limit * 2}`)}`);
  }
  return 0;
}

/** As many pages as the limit takes. */
async function collect(
  session: Session,
  { state, limit }: { state?: JobView['state']; limit: number },
): Promise<JobList> {
  const all: JobView[] = [];
  let next: number | null = null;
  do {
    const before: number | null = next;
    const query = {
      limit: Math.min(pageSize, limit - all.length),
      ...(state ? { state } : {}),
      ...(before === null ? {} : { before }),
    };
    const page: JobList = await session.client.jobs(query, { signal: session.signal });
    all.push(...page.jobs);
    next = page.next;
  } while (next !== null && all.length < limit);
  return { jobs: all.slice(0, limit), next };
}

const jobColumns: readonly Column[] = [
  { head: 'JOB', align: 'right' },
  { head: 'STATE' },
  { head: 'DONE', align: 'right' },
  { head: 'LEFT', align: 'right' },
  { head: 'USER' },
  { head: 'SUBMITTED' },
  { head: 'NAME' },
  { head: 'PROJECT' },
];

function jobRow(job: JobView): string[] {
  const { location, path } = job.project;
  const left = job.state === 'running' && job.secondsLeft !== null ? duration(job.secondsLeft) : '';
  const project = location === null ? path : `${location}:${path}`;
  const number = String(job.id);
  return [number, job.state, percent(job.progress), left, job.user, localTime(job.submittedAt), job.name, project];
}
