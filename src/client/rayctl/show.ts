import type { JobView, TaskView } from '../../protocol/api.ts';
import { quoteWord } from '../words.ts';
import { attemptColumns, attemptRows } from './attempts.ts';
import { JsonList } from './json-list.ts';
import { localPath } from './project.ts';
import type { Session } from './session.ts';
import { Table } from './table.ts';
import { duration, localTime, percent, safe, safeLines, size } from './text.ts';

/** Most tasks that are shown unasked; of a job that has more, those that run and those that failed. */
const mostShown = 100;

/** `rayctl show JOB` */
export async function show(session: Session, id: number, { tasks: all }: { tasks?: true }): Promise<number> {
  const job = await session.client.job(id, { signal: session.signal });
  const pages = tasksOf(session, job, all === true);
  if (session.isJson) {
    const list = new JsonList(session, job, 'taskList');
    for await (const page of pages) {
      list.add(page);
      await session.drained();
    }
    list.end({});
    return 0;
  }
  const facts = factsOf(session, job);
  const width = Math.max(...facts.map(([name]) => name.length));
  for (const [name, value] of facts) session.print(`${session.colors.bold(name.padEnd(width))}  ${safe(value)}`);
  for (const line of job.lastLines) session.print(`  | ${safeLines(line)}`);
  await showTasks(session, job, pages);
  const left = job.tasks.total > mostShown && !all;
  if (left) session.complain(`All ${job.tasks.total} tasks: ${session.command(`show ${id} --tasks`)}`);
  return 0;
}

async function* tasksOf(session: Session, job: JobView, all: boolean): AsyncGenerator<readonly TaskView[], void, void> {
  const { client, signal } = session;
  if (all || job.tasks.total <= mostShown) return yield* client.taskPages(job.id, {}, { signal });
  for (const state of ['running', 'paused', 'failed'] as const) {
    if (job.tasks[state] > 0) yield (await client.tasks(job.id, { state, limit: mostShown }, { signal })).tasks;
  }
}

async function showTasks(session: Session, job: JobView, pages: AsyncIterable<readonly TaskView[]>): Promise<void> {
  const table = new Table(attemptColumns(job), session.width);
  const warnings: string[] = [];
  let isFirst = true;
  for await (const page of pages) {
    if (page.length === 0) continue;
    if (isFirst) session.print('');
    isFirst = false;
    for (const line of table.add(page.flatMap((task) => attemptRows(job, task)))) session.print(line);
    for (const task of page) {
      for (const warning of task.warnings) warnings.push(`Task ${task.number}: ${safe(warning)}`);
    }
    await session.drained();
  }
  for (const warning of warnings) session.print(warning);
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
    ['File', job.rif === null ? null : localPath(job, job.rif, record)],
    ['Command', job.command?.map(quoteWord).join(' ') ?? null],
    ['Project', job.rif === null ? localPath(job, '', record).replace(/\/$/, '') : null],
    ['Frames', job.frames],
    ['Tasks', countsText(job)],
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

/** `3 running, 1 failed, 96 done of 100` */
function countsText({ tasks: { total, ...counts } }: JobView): string {
  const some = Object.entries(counts).filter(([, count]) => count > 0);
  return `${some.map(([state, count]) => `${count} ${state}`).join(', ')} of ${total}`;
}
