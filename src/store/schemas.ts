import Type, { type TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { atFirstUse } from '../model/at-first-use.ts';
import { JobLimits, JobRequest, type JobStateName, Project } from '../model/job.ts';
import { Result, TaskPlan, type TaskStateName } from '../model/task.ts';
import { StoreError } from './error.ts';

/** What the JSON in rows must hold. Times are milliseconds since 1970 UTC. */

const Time = Type.Number();
const orNull = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
const Texts = Type.Array(Type.String());
/** One of the schemas of a record. */
const anyOf = <T extends Record<string, TSchema>>(schemas: T) =>
  Type.Unsafe<Type.Static<T[keyof T]>>(Type.Union(Object.values(schemas)));
const Count = Type.Integer({ minimum: 0 });

const jobStates = {
  waiting: Type.Object({ is: Type.Literal('waiting') }),
  running: Type.Object({ is: Type.Literal('running'), startedAt: Time }),
  paused: Type.Object({ is: Type.Literal('paused'), startedAt: orNull(Time) }),
  done: Type.Object({
    is: Type.Literal('done'),
    startedAt: orNull(Time),
    finishedAt: Time,
    reason: orNull(Type.String()),
  }),
  failed: Type.Object({
    is: Type.Literal('failed'),
    startedAt: orNull(Time),
    finishedAt: Time,
    reason: Type.String(),
    lastLines: Texts,
  }),
  cancelled: Type.Object({
    is: Type.Literal('cancelled'),
    startedAt: orNull(Time),
    finishedAt: Time,
    reason: Type.String(),
  }),
} satisfies Record<JobStateName, TSchema>;

const underWay = { host: Type.String(), since: Time, pid: orNull(Type.Integer()), fraction: Type.Number() };

const taskStates = {
  waiting: Type.Object({ is: Type.Literal('waiting') }),
  running: Type.Object({ is: Type.Literal('running'), ...underWay }),
  paused: Type.Object({ is: Type.Literal('paused'), ...underWay }),
  /** What is usual is left out. */
  done: Type.Object({
    is: Type.Literal('done'),
    since: Time,
    until: Time,
    results: Type.Optional(Type.Array(Result)),
    skipped: Type.Optional(Type.Boolean()),
    warnings: Type.Optional(Texts),
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

/** An attempt that is over, without names: a million frames have one each. */
const TriedRow = Type.Tuple([
  Type.Integer({ minimum: 1 }),
  Type.String(),
  Time,
  Time,
  Type.Enum(['done', 'failed', 'damaged', 'lost', 'postponed', 'cancelled']),
  orNull(Type.Integer()),
  orNull(Type.String()),
  orNull(Type.Tuple([Type.Number(), Type.Number(), Type.Number()])),
]);
export type TriedRow = Type.Static<typeof TriedRow>;

/** What is zero or empty is left out. */
const TaskData = Type.Object({
  state: anyOf(taskStates),
  failures: Type.Optional(Count),
  lost: Type.Optional(Count),
  best: Type.Optional(Type.Number()),
  tried: Type.Optional(Type.Array(TriedRow)),
});
export type TaskData = Type.Static<typeof TaskData>;

const JobData = Type.Object({
  name: Type.String(),
  user: Type.String(),
  priority: Type.Number(),
  project: Project,
  request: JobRequest,
  limits: JobLimits,
  submittedAt: Time,
  idempotencyKey: orNull(Type.String()),
  notes: Texts,
  state: anyOf(jobStates),
});

const Counts = Type.Object({
  total: Count,
  waiting: Count,
  running: Count,
  paused: Count,
  done: Count,
  failed: Count,
  cancelled: Count,
});

const Summary = Type.Object({
  counts: Counts,
  progress: Type.Number(),
  results: Type.Array(Result),
  warnings: Texts,
});

/** Compiled when the first row of its kind is read: that takes longer than a whole start should. */
export const jobData = atFirstUse(() => Compile(JobData));
export const jobSummary = atFirstUse(() => Compile(Summary));
export const taskData = atFirstUse(() => Compile(TaskData));
export const taskPlan = atFirstUse(() => Compile(TaskPlan));
export const triedRows = atFirstUse(() => Compile(Type.Array(TriedRow)));

interface Checker<T> {
  Check(value: unknown): value is T;
  Errors(value: unknown): { instancePath: string; message: string }[];
}

/**
 * The value of a JSON text.
 * @param what whose it is, for the message
 * @throws StoreError if it does not hold what it should
 */
export function readJson<T>(checker: Checker<T>, text: string, what: string): T {
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
