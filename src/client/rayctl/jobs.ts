import type { JobList, JobView, TaskView } from '../../protocol/api.ts';
import { localPath } from './project.ts';
import type { Session } from './session.ts';
import { type Column, tableLines } from './table.ts';
import { counted, duration, localTime, percent, safe, safeLines, size } from './text.ts';

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

/** `rayctl show JOB` */
export async function show(session: Session, id: number): Promise<number> {
  const call = { signal: session.signal };
  const [job, tasks] = await Promise.all([session.client.job(id, call), session.client.tasks(id, call)]);
  if (session.isJson) {
    session.printJson({ ...job, taskList: tasks });
    return 0;
  }
  const facts = factsOf(session, job);
  const width = Math.max(...facts.map(([name]) => name.length));
  for (const [name, value] of facts) session.print(`${session.colors.bold(name.padEnd(width))}  ${safe(value)}`);
  for (const line of job.lastLines) session.print(`  | ${safeLines(line)}`);
  if (tasks.length > 0) {
    session.print('');
    for (const line of tableLines(taskColumns, tasks.map(taskRow), session.width)) session.print(line);
  }
  for (const { number, warnings } of tasks) {
    for (const warning of warnings) session.print(`Task ${number}: ${safe(warning)}`);
  }
  return 0;
}

function factsOf(session: Session, job: JobView): [string, string][] {
  const record = session.record();
  const left = job.state === 'running' && job.secondsLeft !== null ? `, ${duration(job.secondsLeft)} left` : '';
  const facts: [string, string | null][] = [
    ['Job', String(job.id)],
    ['Name', job.name],
    ['State', job.state === 'running' ? `running, ${percent(job.progress)}${left}` : job.state],
    ['Reason', job.reason],
    ['User', job.user],
    ['Priority', String(job.priority)],
    ['File', localPath(job, job.rif, record)],
    ['Submitted', localTime(job.submittedAt)],
    ['Started', localTime(job.startedAt)],
    ['Finished', localTime(job.finishedAt)],
    ...job.notes.map((note): [string, string] => ['Note', note]),
    ...job.results.map(({ path, bytes }): [string, string] => [
      'Result',
      `${localPath(job, path, record)} (${size(bytes)})`,
    ]),
  ];
  return facts.flatMap(([name, value]) => (value ? [[name, value] satisfies [string, string]] : []));
}

const taskColumns: readonly Column[] = [
  { head: 'TASK', align: 'right' },
  { head: 'STEP' },
  { head: 'VIEW' },
  { head: 'STATE' },
  { head: 'DONE', align: 'right' },
  { head: 'TRIES', align: 'right' },
  { head: 'HOST' },
  { head: 'TOOK', align: 'right' },
  { head: 'REASON' },
];

function taskRow(task: TaskView): string[] {
  const state = task.skipped ? 'up to date' : task.state;
  const took =
    task.startedAt === null || task.finishedAt === null
      ? ''
      : duration((Date.parse(task.finishedAt) - Date.parse(task.startedAt)) / 1000);
  const { number, step, view, progress, attempts, host, reason } = task;
  return [String(number), step, view ?? '', state, percent(progress), String(attempts), host ?? '', took, reason ?? ''];
}

/** `rayctl cancel JOB...` */
export async function cancel(
  session: Session,
  ids: readonly number[],
  onFault: (error: unknown) => number,
): Promise<number> {
  const cancelled: JobView[] = [];
  let status = 0;
  for (const id of ids) {
    try {
      const job = await session.client.cancel(id, { signal: session.signal });
      cancelled.push(job);
      if (!session.isJson)
        session.print(job.state === 'cancelled' ? `Job ${id} is cancelled.` : `Job ${id} is being cancelled.`);
    } catch (error) {
      if (session.signal.aborted) throw error;
      status ||= onFault(error);
    }
  }
  if (session.isJson) session.printJson({ jobs: cancelled, next: null });
  else if (ids.length > 1) session.complain(`${counted(cancelled.length, 'job')} of ${ids.length} cancelled.`);
  return status;
}
