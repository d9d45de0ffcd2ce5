import Type, { type Static, type TSchema } from 'typebox';
import { ambientModes, jobStates } from '../model/job.ts';
import { refusalCodes } from '../model/refusal.ts';
import { Result, Step, Tried, taskStates } from '../model/task.ts';
import { Finding } from './inner.ts';

/** What may be said on the job port: types, checks and `/openapi.json` come from here. Times are ISO 8601, UTC. */

const closed = { additionalProperties: false } as const;
const nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
const Time = Type.String({ description: 'ISO 8601, UTC', examples: ['2026-11-22T10:30:00.000Z'] });

/** Bounds of what a client may send. */
export const limits = {
  bodyBytes: 65536,
  /** Of a job, for the sake of its command. */
  submitBytes: 262144,
  depth: 8,
  views: 256,
  variables: 64,
  text: 4096,
  name: 200,
  /** Words of a command, and the bytes of one: Linux takes 128 KiB with the closing NUL. */
  words: 16384,
  word: 131071,
} as const;

export const ProjectName = Type.Union(
  [
    Type.Object({ path: Type.String({ minLength: 1, maxLength: limits.text }) }, closed),
    Type.Object(
      {
        location: Type.String({ minLength: 1, maxLength: limits.name }),
        path: Type.String({ minLength: 1, maxLength: limits.text }),
      },
      closed,
    ),
  ],
  { description: 'An absolute directory of the server, or a location and the way from there.' },
);
export type ProjectName = Static<typeof ProjectName>;

const seconds = (description: string) =>
  Type.Optional(nullable(Type.Number({ exclusiveMinimum: 0, maximum: 1e9, description })));
/** What any job may be given. */
const common = {
  name: Type.Optional(Type.String({ minLength: 1, maxLength: limits.name })),
  priority: Type.Optional(Type.Integer({ minimum: -1000, maximum: 1000 })),
  retries: Type.Optional(
    Type.Integer({ minimum: 0, maximum: 1000, description: 'How often a failed task is tried again.' }),
  ),
  timeLimit: seconds('Most seconds that a task may run; null: any.'),
  progressLimit: seconds('Most seconds that a task may go without output or progress; null: any.'),
};

export const RadianceSubmit = Type.Object(
  {
    kind: Type.Literal('radiance'),
    project: ProjectName,
    rif: Type.String({ minLength: 1, maxLength: limits.name, description: 'A file name in the project directory.' }),
    views: Type.Optional(
      Type.Array(Type.String({ minLength: 1, maxLength: limits.name }), {
        maxItems: limits.views,
        description: 'Names of views; none: all.',
      }),
    ),
    set: Type.Optional(
      Type.Array(
        Type.Object(
          {
            variable: Type.String({ pattern: '^[A-Za-z]{1,32}$' }),
            value: Type.String({ minLength: 1, maxLength: limits.text }),
          },
          closed,
        ),
        { maxItems: limits.variables, description: 'rad variables that override those of the file.' },
      ),
    ),
    force: Type.Optional(Type.Boolean({ description: 'Make pictures again that are up to date.' })),
    ambient: Type.Optional(
      Type.Enum([...ambientModes], {
        description:
          'Indirect light: shared (default): through one ambient file; freeze: from one that is filled first and then only read; ' +
          'private: each simulation has its own; none: it is not kept.',
      }),
    ),
    replace: Type.Optional(Type.Boolean({ description: 'Stop the job that is rendering the same view.' })),
    ...common,
  },
  closed,
);
export type RadianceSubmit = Static<typeof RadianceSubmit>;

export const CommandSubmit = Type.Object(
  {
    kind: Type.Literal('command'),
    project: ProjectName,
    command: Type.Array(Type.String({ maxLength: limits.word, pattern: '^[^\\u0000]*$' }), {
      minItems: 1,
      maxItems: limits.words,
      description: 'Program, not empty, and arguments, without a shell; %d and %04d stand for the frame.',
    }),
    frames: Type.Optional(
      Type.String({ minLength: 1, maxLength: limits.text, description: 'Such as 1-100:2,7,20-10:-1.' }),
    ),
    slots: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 1_000_000, description: 'Tasks of the job that may run at a time.' }),
    ),
    ...common,
  },
  closed,
);
export type CommandSubmit = Static<typeof CommandSubmit>;

export const SubmitRequest = Type.Union([RadianceSubmit, CommandSubmit]);
export type SubmitRequest = Static<typeof SubmitRequest>;

export const JobStateText = Type.Enum(jobStates);

export const JobView = Type.Object({
  id: Type.Integer(),
  name: Type.String(),
  state: JobStateText,
  priority: Type.Integer(),
  user: Type.String(),
  project: Type.Object(
    { location: nullable(Type.String()), path: Type.String() },
    { description: 'With a location the way from there, without one an absolute directory of the server.' },
  ),
  kind: Type.Enum(['radiance', 'command']),
  rif: nullable(Type.String({ description: 'Of a radiance job.' })),
  command: nullable(Type.Array(Type.String(), { description: 'Of a command job.' })),
  frames: nullable(Type.String({ description: 'Of a command job that has frames.' })),
  submittedAt: Time,
  startedAt: nullable(Time),
  finishedAt: nullable(Time),
  progress: Type.Number({ minimum: 0, maximum: 1 }),
  secondsLeft: nullable(Type.Number({ minimum: 0 })),
  tasks: Type.Object({
    total: Type.Integer(),
    waiting: Type.Integer(),
    running: Type.Integer(),
    paused: Type.Integer(),
    done: Type.Integer(),
    failed: Type.Integer(),
    cancelled: Type.Integer(),
  }),
  results: Type.Array(Result),
  notes: Type.Array(Type.String()),
  reason: nullable(Type.String()),
  lastLines: Type.Array(Type.String()),
});
export type JobView = Static<typeof JobView>;

export const TriedView = Type.Object({
  attempt: Type.Integer(),
  host: Type.String(),
  startedAt: Time,
  finishedAt: Time,
  ended: Tried.properties.ended,
  exit: nullable(Type.Integer()),
  signal: nullable(Type.String()),
  cpuSeconds: nullable(Type.Number({ minimum: 0, description: 'User and system time of all its processes.' })),
  peakBytes: nullable(Type.Number({ minimum: 0, description: 'The most memory that one of its processes took.' })),
});
export type TriedView = Static<typeof TriedView>;
/** A job in the news of the farm: what a listing shows. */
export const JobNews = Type.Omit(JobView, ['results', 'notes', 'lastLines']);
export type JobNews = Static<typeof JobNews>;

export const TaskView = Type.Object({
  number: Type.Integer(),
  step: Step,
  name: Type.String(),
  view: nullable(Type.String()),
  frame: nullable(Type.Integer()),
  state: Type.Enum(taskStates),
  attempts: Type.Integer(),
  /** The last attempts that are over, oldest first. */
  tried: Type.Array(TriedView),
  host: nullable(Type.String()),
  pid: nullable(Type.Integer()),
  progress: Type.Number({ minimum: 0, maximum: 1 }),
  startedAt: nullable(Time),
  finishedAt: nullable(Time),
  skipped: Type.Boolean(),
  warnings: Type.Array(Type.String()),
  reason: nullable(Type.String()),
  log: Type.String({ description: 'Path of the log in the project directory.' }),
});
export type TaskView = Static<typeof TaskView>;

export const JobList = Type.Object({
  jobs: Type.Array(JobView),
  /** Give it as `before` for the next page; null: that was the last. */
  next: nullable(Type.Integer()),
});
export type JobList = Static<typeof JobList>;

export const HostView = Type.Object({
  name: Type.String(),
  slots: Type.Integer(),
  running: Type.Integer(),
  connected: Type.Boolean(),
});
export type HostView = Static<typeof HostView>;

export const ServerView = Type.Object({
  version: Type.String(),
  host: Type.String(),
  port: Type.Integer({ description: 'The TCP port, also where it was chosen by the system.' }),
  pid: Type.Integer(),
  user: Type.String(),
  group: Type.String(),
  slots: Type.Integer(),
  running: Type.Integer(),
  waiting: Type.Integer(),
  home: Type.String(),
  you: Type.String({ description: 'The user as whom you are known.' }),
});
export type ServerView = Static<typeof ServerView>;

/** The data of a `deleted` event. */
export const DeletedJob = Type.Object({ id: Type.Integer() });
export type DeletedJob = Static<typeof DeletedJob>;

/** Answers that are lists are objects with one key, so that they can grow. */
export const TaskList = Type.Object({
  tasks: Type.Array(TaskView),
  /** Give it as `after` for the next page; null: that was the last. */
  next: nullable(Type.Integer()),
});
export type TaskList = Static<typeof TaskList>;
export const HostList = Type.Object({ hosts: Type.Array(HostView) });
export type HostList = Static<typeof HostList>;
/** Answer to examine. */
export const FindingList = Type.Object({ findings: Type.Array(Finding) });
export type FindingList = Static<typeof FindingList>;

export const ErrorView = Type.Object({
  error: Type.Object({
    code: Type.Enum([...refusalCodes, 'unauthorized', 'forbidden-origin', 'not-found', 'internal']),
    message: Type.String(),
    job: Type.Optional(Type.Integer({ description: 'The job that stands in the way.' })),
  }),
});
export type ErrorView = Static<typeof ErrorView>;

export const JobParams = Type.Object({ id: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }) });
export const JobsQuery = Type.Object(
  {
    state: Type.Optional(JobStateText),
    before: Type.Optional(Type.Integer({ minimum: 1 })),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })),
  },
  closed,
);
export const TasksQuery = Type.Object(
  {
    after: Type.Optional(Type.Integer({ minimum: 0 })),
    state: Type.Optional(Type.Enum(taskStates)),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })),
  },
  closed,
);
export const LogQuery = Type.Object(
  {
    task: Type.Optional(Type.Integer({ minimum: 1 })),
    offset: Type.Optional(Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })),
  },
  closed,
);
export const LogView = Type.Object({
  task: Type.Integer(),
  attempt: Type.Integer({ description: 'The attempt whose log it is: each one begins it anew. 0: none has begun it.' }),
  text: Type.String(),
  next: Type.Integer({ description: 'Give it as `offset` to go on reading.' }),
  ended: Type.Boolean({ description: 'The task has ended: no more will come.' }),
});
export type LogView = Static<typeof LogView>;
export const ExamineRequest = Type.Object(
  { directory: Type.Optional(Type.String({ minLength: 1, maxLength: limits.text })) },
  closed,
);

/** The HTTP status of each refusal. */
export const refusalStatus: Readonly<Record<(typeof refusalCodes)[number], number>> = {
  malformed: 400,
  'not-allowed': 403,
  'no-such-job': 404,
  'no-such-project': 422,
  'no-such-file': 404,
  'project-not-writable': 422,
  'project-not-readable': 422,
  'project-in-home': 422,
  'unknown-location': 422,
  'unknown-view': 422,
  'unknown-frames': 422,
  'unreadable-rif': 422,
  'plan-refused': 422,
  'plan-failed': 422,
  'no-radiance': 503,
  'view-busy': 409,
  'key-reused': 422,
  'wrong-state': 409,
  'not-ready': 503,
  'too-large': 413,
};
