import { isEnded, type Job } from '../model/job.ts';
import { summaryOf } from '../model/progress.ts';
import { remembered, type Task, type TaskPlan, type TaskState, type Tried } from '../model/task.ts';
import { readJson, type TaskData, type TriedRow, taskData, taskPlan, triedRows } from './schemas.ts';

/** Jobs and tasks as rows: columns for what is looked for, JSON for the rest, which is checked when it is read. */

export interface JobRow {
  id: number;
  user: string;
  idempotencyKey: string | null;
  state: string;
  /** Milliseconds since 1970 UTC; null while it is active. */
  endedAt: number | null;
  /** The job without its tasks. */
  data: string;
  /** What its tasks come to, so that a listing reads none of them. */
  summary: string;
}

export interface TaskRow {
  job: number;
  number: number;
  state: string;
  attempts: number;
  data: string;
  /** Attempts before the job was retried. */
  triedBefore: string | null;
  /** Null for a frame: its plan is made from the job's request. */
  plan: string | null;
}

/** The data of a frame that waits to be tried again from the beginning. */
export const afresh = '{}';

export function jobRow(job: Job): JobRow {
  const { id, tasks: _, ...data } = job;
  const { user, idempotencyKey, state } = data;
  const { counts, progress, results, warnings } = summaryOf(job);
  return {
    id,
    user,
    idempotencyKey,
    state: state.is,
    endedAt: isEnded(state) ? Math.trunc(state.finishedAt) : null,
    data: JSON.stringify(data),
    summary: JSON.stringify({ counts, progress, results, warnings }),
  };
}

export function taskRow(job: Job, task: Task): TaskRow {
  const { plan, attempts, state } = task;
  return {
    job: job.id,
    number: plan.number,
    state: state.is,
    attempts,
    data: taskJson(task),
    triedBefore: null,
    plan: job.request.kind === 'command' ? null : JSON.stringify(plan),
  };
}

/** The JSON of a task: what is as ever is left out. */
export function taskJson({ state, failures, lost, best, tried }: Task): string {
  const data: TaskData = { state: shortState(state) };
  if (failures > 0) data.failures = failures;
  if (lost > 0) data.lost = lost;
  if (best > 0) data.best = best;
  if (tried.length > 0) data.tried = tried.map(triedRow);
  return JSON.stringify(data);
}

/** @throws StoreError if the row does not hold what it should */
export function taskOf(row: TaskRow, plan: TaskPlan = planOf(row)): Task {
  const what = nameOf(row);
  const { state, failures = 0, lost = 0, best = 0, tried = [] } = readData(row, what);
  const later = tried.map(triedOf);
  const [first] = later;
  const before = row.triedBefore === null ? [] : readJson(triedRows(), row.triedBefore, what).map(triedOf);
  // A frame that was under way when the server ended has taken up what was before as its own.
  const earlier = before.filter(({ attempt }) => first === undefined || attempt < first.attempt);
  return {
    plan,
    attempts: row.attempts,
    failures,
    lost,
    best,
    tried: remembered([...earlier, ...later]),
    state: wholeState(state),
  };
}

function readData({ data }: TaskRow, what: string): TaskData {
  return data === afresh ? { state: { is: 'waiting' } } : readJson(taskData(), data, what);
}

function planOf(row: TaskRow): TaskPlan {
  return readJson(taskPlan(), row.plan ?? 'null', nameOf(row));
}

function nameOf({ job, number }: TaskRow): string {
  return `task ${number} of job ${job}`;
}

function shortState(state: TaskState): TaskData['state'] {
  if (state.is !== 'done') return state;
  const { is, since, until, results, skipped, warnings } = state;
  return {
    is,
    since,
    until,
    ...(results.length > 0 && { results }),
    ...(skipped && { skipped }),
    ...(warnings.length > 0 && { warnings }),
  };
}

function wholeState(state: TaskData['state']): TaskState {
  return state.is === 'done' ? { results: [], skipped: false, warnings: [], ...state } : state;
}

function triedRow({ attempt, host, since, until, ended, exit, signal, usage }: Tried): TriedRow {
  const used = usage && ([usage.userSeconds, usage.systemSeconds, usage.peakBytes] as [number, number, number]);
  return [attempt, host, since, until, ended, exit, signal, used];
}

function triedOf([attempt, host, since, until, ended, exit, signal, used]: TriedRow): Tried {
  const usage = used && { userSeconds: used[0], systemSeconds: used[1], peakBytes: used[2] };
  return { attempt, host, since, until, ended, exit, signal, usage };
}
