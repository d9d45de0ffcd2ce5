import Type, { type TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { type Job, type JobStateName, Project, RadianceRequest } from '../model/job.ts';
import { Result, type Task, TaskPlan, type TaskState, type TaskStateName } from '../model/task.ts';
import { StoreError } from './error.ts';

/**
 * Jobs and tasks as rows: columns for what is looked for, JSON for the rest, which is checked when it is read.
 * Times are milliseconds since 1970 UTC.
 */

export interface JobRow {
  id: number;
  user: string;
  idempotencyKey: string | null;
  state: string;
  /** The job without its tasks. */
  data: string;
}

export interface TaskRow {
  job: number;
  number: number;
  state: string;
  attempts: number;
  plan: string;
  /** The task's state. */
  data: string;
}

const Time = Type.Number();
const TimeOrNull = Type.Union([Time, Type.Null()]);
const Texts = Type.Array(Type.String());

const jobStateSchemas = {
  waiting: Type.Object({ is: Type.Literal('waiting') }),
  running: Type.Object({ is: Type.Literal('running'), startedAt: Time }),
  paused: Type.Object({ is: Type.Literal('paused'), startedAt: TimeOrNull }),
  done: Type.Object({
    is: Type.Literal('done'),
    startedAt: TimeOrNull,
    finishedAt: Time,
    reason: Type.Union([Type.String(), Type.Null()]),
  }),
  failed: Type.Object({
    is: Type.Literal('failed'),
    startedAt: TimeOrNull,
    finishedAt: Time,
    reason: Type.String(),
    lastLines: Texts,
  }),
  cancelled: Type.Object({
    is: Type.Literal('cancelled'),
    startedAt: TimeOrNull,
    finishedAt: Time,
    reason: Type.String(),
  }),
} satisfies Record<JobStateName, TSchema>;

const taskStateSchemas = {
  waiting: Type.Object({ is: Type.Literal('waiting') }),
  running: Type.Object({
    is: Type.Literal('running'),
    host: Type.String(),
    since: Time,
    pid: Type.Union([Type.Integer(), Type.Null()]),
    fraction: Type.Number(),
  }),
  done: Type.Object({
    is: Type.Literal('done'),
    since: Time,
    until: Time,
    results: Type.Array(Result),
    skipped: Type.Boolean(),
    warnings: Texts,
  }),
  failed: Type.Object({
    is: Type.Literal('failed'),
    since: Time,
    until: Time,
    reason: Type.String(),
    lastLines: Texts,
  }),
  cancelled: Type.Object({ is: Type.Literal('cancelled'), until: Time }),
} satisfies Record<TaskStateName, TSchema>;

const jobData = Compile(
  Type.Object({
    name: Type.String(),
    user: Type.String(),
    priority: Type.Number(),
    project: Project,
    request: RadianceRequest,
    submittedAt: Time,
    idempotencyKey: Type.Union([Type.String(), Type.Null()]),
    notes: Texts,
    state: Type.Union(Object.values(jobStateSchemas)),
  }),
);
const taskPlan = Compile(TaskPlan);
const taskState = Compile(Type.Union(Object.values(taskStateSchemas)));

export function jobRow({ id, tasks: _, ...data }: Job): JobRow {
  const { user, idempotencyKey, state } = data;
  return { id, user, idempotencyKey, state: state.is, data: JSON.stringify(data) };
}

export function taskRow(job: number, { plan, attempts, state }: Task): TaskRow {
  const { number } = plan;
  return { job, number, state: state.is, attempts, plan: JSON.stringify(plan), data: JSON.stringify(state) };
}

/** @throws StoreError if a row does not hold what it should */
export function jobOf({ id, data }: JobRow, rows: readonly TaskRow[]): Job {
  return { id, ...read(jobData, data, `job ${id}`), tasks: rows.map(taskOf) };
}

function taskOf({ job, number, attempts, plan, data }: TaskRow): Task {
  const what = `task ${number} of job ${job}`;
  const state: TaskState = read(taskState, data, what);
  return { plan: read(taskPlan, plan, what), attempts, state };
}

interface Checker<T> {
  Check(value: unknown): value is T;
  Errors(value: unknown): { instancePath: string; message: string }[];
}

function read<T>(checker: Checker<T>, text: string, what: string): T {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new StoreError(`The state of ${what} is damaged: it is not JSON.`);
  }
  if (checker.Check(value)) return value;
  const [first] = checker.Errors(value);
  throw new StoreError(`The state of ${what} is damaged: ${first?.instancePath || 'it'} ${first?.message}.`);
}
