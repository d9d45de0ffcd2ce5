import Type, { type Static } from 'typebox';
import type { Task } from './task.ts';

/** Jobs: what a user submits. */

export const jobStates = ['waiting', 'running', 'paused', 'done', 'failed', 'cancelled'] as const;
export type JobStateName = (typeof jobStates)[number];

/** Which state may follow which; what is not here cannot happen. */
export const jobMoves = {
  waiting: ['running', 'paused', 'done', 'failed', 'cancelled'],
  running: ['waiting', 'paused', 'done', 'failed', 'cancelled'],
  paused: ['waiting', 'cancelled'],
  done: [],
  failed: ['waiting'],
  cancelled: [],
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

/**
 * A project as this host sees it. `root` is the location's directory (or `/` where there are no locations),
 * `rest` the way from there, never empty, without leading `/`; `path` is both, for people.
 */
export const Project = Type.Object({
  location: Type.Union([Type.String(), Type.Null()]),
  root: Type.String(),
  rest: Type.String(),
  path: Type.String(),
});
export type Project = Static<typeof Project>;

/** A Radiance job as it was asked for. `rif` is a file name in the project directory. */
export const RadianceRequest = Type.Object({
  kind: Type.Literal('radiance'),
  rif: Type.String(),
  /** Empty: all views. */
  views: Type.Array(Type.String()),
  /** rad variables, in the order given. */
  set: Type.Array(Type.Object({ variable: Type.String(), value: Type.String() })),
  force: Type.Boolean(),
});
export type RadianceRequest = Static<typeof RadianceRequest>;

export interface Job {
  readonly id: number;
  readonly name: string;
  /** Who submitted it, as the kernel says; `token` for a bearer of the token. */
  readonly user: string;
  readonly priority: number;
  readonly project: Project;
  readonly request: RadianceRequest;
  readonly submittedAt: number;
  /** With the user, names this submit for ever. */
  readonly idempotencyKey: string | null;
  /** What was not needed, one sentence each. */
  readonly notes: readonly string[];
  state: JobState;
  readonly tasks: Task[];
}
