import type { JobView, TaskView } from '../../protocol/api.ts';
import { localPath } from './project.ts';
import type { Session } from './session.ts';
import { type Column, tableLines } from './table.ts';
import { duration, localTime, percent, safe, safeLines, size } from './text.ts';

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
