import Type, { type TSchema } from 'typebox';
import type { RefusalCode } from '../model/refusal.ts';
import {
  type ErrorView,
  ExamineRequest,
  FindingList,
  HostList,
  JobList,
  JobParams,
  JobsQuery,
  JobView,
  LogQuery,
  LogView,
  limits,
  ServerView,
  SubmitRequest,
  TaskList,
  TasksQuery,
} from './api.ts';

/** What can be asked on the job port: routes, checks and `openapi.json` are made from this table. */

export type ErrorCode = ErrorView['error']['code'];

export interface Answer {
  readonly says: string;
  /** Null where the content is no JSON. */
  readonly schema: TSchema | null;
  /** Content types; none: `application/json`. */
  readonly types?: readonly string[];
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Operation {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** As in OpenAPI; a last `{path}` stands for any number of parts. */
  readonly path: string;
  readonly summary: string;
  readonly params?: TSchema;
  readonly query?: TSchema;
  readonly headers?: TSchema;
  readonly body?: TSchema;
  /** True if the body may be left out. */
  readonly bodyOptional?: boolean;
  /** Most of the body, if it is not {@link limits.bodyBytes}. */
  readonly bodyBytes?: number;
  readonly answers: Readonly<Record<number, Answer>>;
  /** Refusals beyond those that every operation knows. */
  readonly refusals: readonly RefusalCode[];
  /** True if no token is needed. */
  readonly open?: boolean;
}

export const root = '/api/v1';

/** Refusals that any operation may answer with. */
export const commonErrors = [
  'malformed',
  'unauthorized',
  'not-allowed',
  'forbidden-origin',
  'not-ready',
  'internal',
] as const satisfies readonly ErrorCode[];

export const HealthView = Type.Object({ status: Type.Literal('ok') });
export const OpenApiView = Type.Object({ openapi: Type.String() }, { additionalProperties: true });
export const EventsHeaders = Type.Object({
  'last-event-id': Type.Optional(
    Type.String({ maxLength: 64, description: 'The `id` of the last event seen: what came after it is told.' }),
  ),
});
export const SubmitHeaders = Type.Object({
  'idempotency-key': Type.Optional(
    Type.String({
      pattern: '^[\\x21-\\x7e]{1,200}$',
      description: '1 to 200 visible ASCII characters. The same user with the same key gets the same job.',
    }),
  ),
});
export const ResultQuery = Type.Object(
  { as: Type.Optional(Type.Literal('png', { description: 'The picture turned into a PNG.' })) },
  { additionalProperties: false },
);
export const ResultParams = Type.Object({
  id: JobParams.properties.id,
  path: Type.String({ maxLength: limits.text, description: 'As in `results` of the job; slashes stay as they are.' }),
});

const one = (says: string, schema: TSchema): Readonly<Record<number, Answer>> => ({ 200: { says, schema } });

export const operations = {
  submitJob: {
    method: 'POST',
    path: `${root}/jobs`,
    summary: 'Submit a job. It is on disk when it is answered.',
    headers: SubmitHeaders,
    body: SubmitRequest,
    bodyBytes: limits.submitBytes,
    answers: {
      201: { says: 'The new job.', schema: JobView, headers: { Location: 'Path of the job.' } },
      200: { says: 'The job that this idempotency key has named before.', schema: JobView },
    },
    refusals: [
      'unknown-frames',
      'no-such-project',
      'project-not-writable',
      'project-not-readable',
      'project-in-home',
      'unknown-location',
      'unknown-view',
      'unreadable-rif',
      'plan-refused',
      'plan-failed',
      'no-radiance',
      'view-busy',
      'key-reused',
      'too-large',
    ],
  },
  listJobs: {
    method: 'GET',
    path: `${root}/jobs`,
    summary: 'Jobs, newest first.',
    query: JobsQuery,
    answers: one('A page of jobs.', JobList),
    refusals: [],
  },
  showJob: {
    method: 'GET',
    path: `${root}/jobs/{id}`,
    summary: 'One job.',
    params: JobParams,
    answers: one('The job.', JobView),
    refusals: ['no-such-job'],
  },
  listTasks: {
    method: 'GET',
    path: `${root}/jobs/{id}/tasks`,
    summary: 'The tasks of a job, in order of their numbers.',
    params: JobParams,
    query: TasksQuery,
    answers: one('A page of tasks.', TaskList),
    refusals: ['no-such-job'],
  },
  readLog: {
    method: 'GET',
    path: `${root}/jobs/{id}/log`,
    summary:
      'Part of the log of a task; without `task` of the one that failed, else one that runs, else the last view.',
    params: JobParams,
    query: LogQuery,
    answers: one('Text from `offset` on.', LogView),
    refusals: ['no-such-job', 'no-such-file'],
  },
  cancelJob: {
    method: 'POST',
    path: `${root}/jobs/{id}/cancel`,
    summary: 'Cancel a job. It is on disk when it is answered.',
    params: JobParams,
    answers: one('The job.', JobView),
    refusals: ['no-such-job', 'wrong-state'],
  },
  pauseJob: {
    method: 'POST',
    path: `${root}/jobs/{id}/pause`,
    summary: 'Pause a job: its processes are stopped where they are, and take no slots. On disk when it is answered.',
    params: JobParams,
    answers: one('The job.', JobView),
    refusals: ['no-such-job', 'wrong-state'],
  },
  resumeJob: {
    method: 'POST',
    path: `${root}/jobs/{id}/resume`,
    summary: 'Let a paused job go on.',
    params: JobParams,
    answers: one('The job.', JobView),
    refusals: ['no-such-job', 'wrong-state'],
  },
  retryJob: {
    method: 'POST',
    path: `${root}/jobs/{id}/retry`,
    summary: 'Do again what failed or was cancelled of a job; one that waits for something outside tries at once.',
    params: JobParams,
    answers: one('The job.', JobView),
    refusals: ['no-such-job', 'wrong-state', 'view-busy'],
  },
  deleteJob: {
    method: 'DELETE',
    path: `${root}/jobs/{id}`,
    summary: 'Forget a job that has ended. Its results stay in the project.',
    params: JobParams,
    answers: { 204: { says: 'It is forgotten.', schema: null } },
    refusals: ['no-such-job', 'wrong-state'],
  },
  watchJob: {
    method: 'GET',
    path: `${root}/jobs/{id}/events`,
    summary: 'The job now and after each change, as server-sent events named `job`; ends after the job has ended.',
    params: JobParams,
    headers: EventsHeaders,
    answers: {
      200: { says: 'Events; the data of each is a JobView.', schema: null, types: ['text/event-stream'] },
      204: { says: 'The last event seen told the end of the job.', schema: null, types: [] },
    },
    refusals: ['no-such-job'],
  },
  watchFarm: {
    method: 'GET',
    path: `${root}/events`,
    summary: 'What happens to all jobs, as server-sent events named `job`, `deleted` and `reset`.',
    headers: EventsHeaders,
    answers: {
      200: {
        says: 'Events; the data of `job` is a JobNews, of `deleted` an object with `id`, of `reset` an empty one.',
        schema: null,
        types: ['text/event-stream'],
      },
    },
    refusals: [],
  },
  readResult: {
    method: 'GET',
    path: `${root}/jobs/{id}/results/{path}`,
    summary: 'A result of a job.',
    params: ResultParams,
    query: ResultQuery,
    answers: {
      200: {
        says: 'The file.',
        schema: null,
        types: ['application/octet-stream', 'image/vnd.radiance', 'image/png'],
      },
    },
    refusals: ['no-such-job', 'no-such-file'],
  },
  listHosts: {
    method: 'GET',
    path: `${root}/hosts`,
    summary: 'The hosts of the farm.',
    answers: one('All hosts.', HostList),
    refusals: [],
  },
  showServer: {
    method: 'GET',
    path: `${root}/server`,
    summary: 'The server, and who you are to it.',
    answers: one('The server.', ServerView),
    refusals: [],
  },
  examine: {
    method: 'POST',
    path: `${root}/examine`,
    summary: 'Look at the host, and at a directory as a project, or at an ambient file, which can be mended.',
    body: ExamineRequest,
    bodyOptional: true,
    answers: one('What was found; `mend` is the command that mends it.', FindingList),
    refusals: ['no-such-project', 'too-large'],
  },
  describe: {
    method: 'GET',
    path: '/openapi.json',
    summary: 'This description.',
    answers: one('OpenAPI 3.1.', OpenApiView),
    refusals: [],
  },
  metrics: {
    method: 'GET',
    path: '/metrics',
    summary: 'Figures for Prometheus.',
    answers: { 200: { says: 'The text format of Prometheus, 0.0.4.', schema: null, types: ['text/plain'] } },
    refusals: [],
  },
  health: {
    method: 'GET',
    path: '/healthz',
    summary: 'Does the server work? Needs no token.',
    answers: one('It works.', HealthView),
    refusals: [],
    open: true,
  },
} as const satisfies Record<string, Operation>;
