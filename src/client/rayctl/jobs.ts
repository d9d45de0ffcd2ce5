import type { JobView } from '../../protocol/api.ts';
import { JsonList } from './json-list.ts';
import { waitsFor } from './progress.ts';
import type { Session } from './session.ts';
import { type Column, Table } from './table.ts';
import { duration, localTime, percent } from './text.ts';

const pageSize = 200;

export interface JobsOptions {
  state?: JobView['state'];
  limit: number;
  all?: true;
}

/** `rayctl jobs`: the newest first. */
export async function jobs(session: Session, { state, limit, all }: JobsOptions): Promise<number> {
  const most = all ? Number.POSITIVE_INFINITY : limit;
  const list = session.isJson ? new JsonList(session, {}, 'jobs') : null;
  const table = new Table(jobColumns, session.width);
  let count = 0;
  let next: number | null = null;
  do {
    const before: { before?: number } = next === null ? {} : { before: next };
    const query = { limit: Math.min(pageSize, most - count), ...(state ? { state } : {}), ...before };
    const page = await session.client.jobs(query, { signal: session.signal });
    if (list) list.add(page.jobs);
    else if (page.jobs.length > 0) for (const line of table.add(page.jobs.map(jobRow))) session.print(line);
    count += page.jobs.length;
    next = page.next;
    await session.drained();
  } while (next !== null && count < most);
  if (list) list.end({ next });
  else if (count === 0) session.print(state ? `No job is ${state}.` : 'No jobs.');
  else if (next !== null) session.complain(`Older jobs: ${session.command(olderCommand(state, limit))}`);
  return 0;
}

function olderCommand(state: JobView['state'] | undefined, limit: number): string {
  return `jobs${state ? ` --state ${state}` : ''} --limit ${limit * 2}`;
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
  const project = location === null ? path : `${location}:${path}`;
  const number = String(job.id);
  return [number, job.state, percent(job.progress), left(job), job.user, localTime(job.submittedAt), job.name, project];
}

/** Nobody knows how long what outside keeps a job from going on will last. */
function left(job: JobView): string {
  if (waitsFor(job) !== null) return 'waits';
  return job.state === 'running' && job.secondsLeft !== null ? duration(job.secondsLeft) : '';
}
