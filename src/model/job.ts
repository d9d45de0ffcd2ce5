import Type, { type Static } from 'typebox';
import type { Result } from './task.ts';
import type { TaskCounts, Tasks } from './tasks.ts';

/** Jobs: what a user submits. */

export const jobStates = ['waiting', 'running', 'paused', 'done', 'failed', 'cancelled'] as const;
export type JobStateName = (typeof jobStates)[number];

/** Which state may follow which; what is not here cannot happen. */
export const jobMoves = {
  waiting: ['running', 'paused', 'done', 'failed', 'cancelled'],
  running: ['waiting', 'paused', 'done', 'failed', 'cancelled'],
  /** What was at its end already when it was paused ends. */
  paused: ['waiting', 'running', 'done', 'failed', 'cancelled'],
  done: [],
  /** Retried. */
  failed: ['waiting'],
  cancelled: ['waiting'],
} as const satisfies Record<JobStateName, readonly JobStateName[]>;

/** Times are milliseconds since 1970 UTC. A reason is one sentence. */
export type JobState =
  | { is: 'waiting' }
  | { is: 'running'; startedAt: number }
  | { is: 'paused'; startedAt: number | null }
  | { is: 'done'; startedAt: number | null; finishedAt: number; reason: string | null }
  | { is: 'failed'; startedAt: number | null; finishedAt: number; reason: string; lastLines: string[] }
  | { is: 'cancelled'; startedAt: number | null; finishedAt: number; reason: string };

export function isEnded(state: JobState): state is Extract<JobState, { finishedAt: number }> {
  return state.is === 'done' || state.is === 'failed' || state.is === 'cancelled';
}

/** A directory: the way to it without links, from the root of its project's location or `/`, and what it is. */
export const Found = Type.Object({ way: Type.String(), identity: Type.String({ minLength: 1 }) });
export type Found = Static<typeof Found>;

/**
 * A project as this host sees it. `root` is the location's directory (or `/` where there are no locations),
 * `rest` the way from there, never empty, without leading `/`; `path` is both, for people.
 */
export const Project = Type.Object({
  location: Type.Union([Type.String(), Type.Null()]),
  root: Type.String(),
  rest: Type.String(),
  path: Type.String(),
  /** What it led to when the job was submitted. Whoever opens another directory there later has none of that. */
  found: Type.Optional(Found),
});
export type Project = Static<typeof Project>;

const names = new WeakMap<Project, string>();

/** The same for all jobs that are to work in the same directory: one path may have led to different ones. */
export function nameOfProject(project: Project): string {
  const known = names.get(project);
  if (known !== undefined) return known;
  const { root, rest, found } = project;
  const name = JSON.stringify([root, rest, found?.way, found?.identity]);
  names.set(project, name);
  return name;
}

/**
 * How a Radiance job uses indirect light: shared through one ambient file; from a file that is filled first and then
 * frozen; each simulation with a file of its own; or with none.
 */
export const ambientModes = ['shared', 'freeze', 'private', 'none'] as const;
export type AmbientMode = (typeof ambientModes)[number];

/** A Radiance job as it was asked for. `rif` is a file name in the project directory. */
export const RadianceRequest = Type.Object({
  kind: Type.Literal('radiance'),
  rif: Type.String(),
  /** Empty: all views. */
  views: Type.Array(Type.String()),
  /** rad variables, in the order given. */
  set: Type.Array(Type.Object({ variable: Type.String(), value: Type.String() })),
  force: Type.Boolean(),
  ambient: Type.Enum([...ambientModes]),
});
export type RadianceRequest = Static<typeof RadianceRequest>;

/**
 * Any program, as it was asked for: no shell, arguments as given, the project as working directory. With frames it
 * runs once for each, and `%d`, `%04d` in arguments stand for the frame.
 */
export const CommandRequest = Type.Object({
  kind: Type.Literal('command'),
  /** Program and arguments. */
  command: Type.Array(Type.String(), { minItems: 1 }),
  /** Such as `1-100:2,7`; null: the program runs once. */
  frames: Type.Union([Type.String(), Type.Null()]),
  /** Tasks of the job that may run at a time; null: as many as there are slots. */
  slots: Type.Union([Type.Integer({ minimum: 1 }), Type.Null()]),
});
export type CommandRequest = Static<typeof CommandRequest>;

export const JobRequest = Type.Union([RadianceRequest, CommandRequest]);
export type JobRequest = Static<typeof JobRequest>;

/** What holds for each attempt of a job: asked for, else from the settings as they were at its submit. */
export const JobLimits = Type.Object({
  /** How often a failed task is tried again. Radiance's only where a signal ended it. */
  retries: Type.Integer({ minimum: 0 }),
  /** Most seconds that an attempt may run; null: any. */
  seconds: Type.Union([Type.Number({ exclusiveMinimum: 0 }), Type.Null()]),
  /** Most seconds that it may go without output or progress; null: any. */
  progressSeconds: Type.Union([Type.Number({ exclusiveMinimum: 0 }), Type.Null()]),
});
export type JobLimits = Static<typeof JobLimits>;

/** A job without its tasks. */
export interface JobHead {
  readonly id: number;
  readonly name: string;
  /** Who submitted it, as the kernel says; `token` for a bearer of the token. */
  readonly user: string;
  readonly priority: number;
  readonly project: Project;
  readonly request: JobRequest;
  readonly limits: JobLimits;
  readonly submittedAt: number;
  /** With the user, names this submit as long as the job is kept. */
  readonly idempotencyKey: string | null;
  /** What was not needed, one sentence each. */
  readonly notes: readonly string[];
  state: JobState;
}

export interface Job extends JobHead {
  readonly tasks: Tasks;
}

/** A job as a listing shows it: what its tasks come to. */
export interface JobSummary extends JobHead {
  readonly counts: TaskCounts;
  /** 0 to 1. */
  readonly progress: number;
  readonly results: readonly Result[];
  /** Of its tasks, each with the task's name in front. */
  readonly warnings: readonly string[];
}
