import Type, { type Static } from 'typebox';
import { CommandRequest, Found, JobLimits, Project, RadianceRequest } from '../model/job.ts';
import { type Service, sandboxModes } from '../model/service.ts';
import { AttemptText, Outcome, TaskPlan } from '../model/task.ts';

/**
 * What server and procwrap say to each other on `run/inner/procwrap.sock`: one closed union per direction.
 * An attempt is named as in {@link AttemptText}; `id` ties an answer to its question.
 */

const Id = Type.Integer({ minimum: 1 });

/** What holds for the simulations of one service. */
export const ServiceSettings = Type.Object({
  /** Whether they are contained: what cannot be is not started; as far as it can be; or not. */
  mode: Type.Enum([...sandboxModes]),
  network: Type.Boolean(),
  /** Absolute paths that they may read beside their project. */
  readable: Type.Array(Type.String()),
  /** Absolute paths that they may also write. */
  writable: Type.Array(Type.String()),
  devices: Type.Array(Type.String()),
  /** The size of their private /tmp. */
  tmpBytes: Type.Integer({ minimum: 1 }),
  /** Bytes that a process may have; null: any. */
  memory: Type.Union([Type.Integer({ minimum: 1 }), Type.Null()]),
  /** Most processes that simulations may have at a time, all together. */
  processes: Type.Integer({ minimum: 1 }),
  /** Most files that a process may have open. */
  files: Type.Integer({ minimum: 1 }),
});
export type ServiceSettings = Static<typeof ServiceSettings>;

/** Settings that the server hands on; procwrap reads no configuration of its own. */
export const HostSettings = Type.Object({
  /** Directory with Radiance's `bin` and `lib`, or null: look in PATH, then beside the program. */
  radiance: Type.Union([Type.String(), Type.Null()]),
  /** Time limit of `rad -n`, seconds. */
  planSeconds: Type.Number({ exclusiveMinimum: 0 }),
  /** Most that a log file of a simulation keeps, bytes; head and tail are kept. */
  logBytes: Type.Integer({ minimum: 4096 }),
  services: Type.Object({
    radiance: ServiceSettings,
    povray: ServiceSettings,
    blender: ServiceSettings,
    command: ServiceSettings,
  } satisfies Record<Service, unknown>),
  /** Seconds between rpict's progress reports. */
  reportSeconds: Type.Integer({ minimum: 1 }),
  /** Simulations at a time; what is started beyond that waits its turn. */
  slots: Type.Integer({ minimum: 1 }),
});
export type HostSettings = Static<typeof HostSettings>;

/** A location of the hosts file, where this host sees it; `file` says so. */
export const LocationPlace = Type.Object({ name: Type.String(), path: Type.String(), file: Type.String() });
export type LocationPlace = Static<typeof LocationPlace>;

export const Question = Type.Union([
  /** Is this a project that we can work in? Makes proc/ and logfiles/. Answer: {@link CheckAnswer}. */
  Type.Object({ ask: Type.Literal('check'), project: Project }),
  /** What would rad do? Answer: {@link PlanAnswer}. */
  Type.Object({ ask: Type.Literal('plan'), project: Project, request: RadianceRequest }),
  /** Opens a file of a project for reading. `as: png`: the picture turned into a PNG. Answer: {@link OpenAnswer}. */
  Type.Object({
    ask: Type.Literal('open'),
    project: Project,
    path: Type.String(),
    as: Type.Union([Type.Literal('file'), Type.Literal('png')]),
  }),
  /** The next bytes of an opened file. Answer: {@link ReadAnswer}. */
  Type.Object({ ask: Type.Literal('read'), handle: Id }),
  Type.Object({ ask: Type.Literal('close'), handle: Id }),
  /** Part of a simulation's log from `offset` bytes on. `job` fences the log of a later job. Answer: {@link LogAnswer}. */
  Type.Object({
    ask: Type.Literal('log'),
    project: Project,
    name: Type.String(),
    job: Id,
    offset: Type.Integer({ minimum: 0 }),
  }),
  /**
   * What is this host like? `directory`, absolute: look at it as a project, or an ambient file, too; `mend`: cut off what
   * is not sound at the end of the file. Answer: {@link ExamineAnswer}.
   */
  Type.Object({
    ask: Type.Literal('examine'),
    directory: Type.Union([Type.String(), Type.Null()]),
    mend: Type.Union([Type.Literal('cut'), Type.Literal('keep'), Type.Null()]),
    locations: Type.Array(LocationPlace),
  }),
]);
export type Question = Static<typeof Question>;

/** `found` has the same identity for every name of the same directory. */
export const CheckAnswer = Type.Object({ kind: Type.Literal('check'), found: Found });
export const PlanAnswer = Type.Object({
  kind: Type.Literal('plan'),
  tasks: Type.Array(TaskPlan),
  /** Such as `View "inside" is up to date.` */
  notes: Type.Array(Type.String()),
  /** Names of the views that are rendered. */
  views: Type.Array(Type.String()),
});
export const OpenAnswer = Type.Object({
  kind: Type.Literal('open'),
  handle: Id,
  /** Bytes, or null where it is not known beforehand (a PNG). */
  bytes: Type.Union([Type.Integer({ minimum: 0 }), Type.Null()]),
});
/** Base64; empty at the end of the file. */
export const ReadAnswer = Type.Object({ kind: Type.Literal('read'), data: Type.String() });
export const CloseAnswer = Type.Object({ kind: Type.Literal('close') });
export const LogAnswer = Type.Object({
  kind: Type.Literal('log'),
  /** Whose log it is: each attempt begins it anew. 0: none has begun it. */
  attempt: Type.Integer({ minimum: 0 }),
  text: Type.String(),
  /** Where to go on reading. */
  next: Type.Integer({ minimum: 0 }),
});
/** One thing that was looked at; `mend` is the command that mends it. */
export const Finding = Type.Object({
  what: Type.String(),
  level: Type.Union([Type.Literal('ok'), Type.Literal('warning'), Type.Literal('error')]),
  says: Type.String(),
  mend: Type.Union([Type.String(), Type.Null()]),
});
export type Finding = Static<typeof Finding>;
export const ExamineAnswer = Type.Object({ kind: Type.Literal('examine'), findings: Type.Array(Finding) });

export const Answer = Type.Union([
  CheckAnswer,
  PlanAnswer,
  OpenAnswer,
  ReadAnswer,
  CloseAnswer,
  LogAnswer,
  ExamineAnswer,
  Type.Object({ kind: Type.Literal('refused'), code: Type.String(), message: Type.String() }),
]);
export type Answer = Static<typeof Answer>;
export type AnswerTo<Q extends Question> = Extract<Answer, { kind: Q['ask'] }>;

const Attempts = Type.Array(AttemptText);

/** `task` is null for a task of a command job, whose plan is made from its request and `frame`, if it has frames. */
export const Start = Type.Object({
  attempt: AttemptText,
  task: Type.Union([TaskPlan, Type.Null()]),
  frame: Type.Union([Type.Integer(), Type.Null()]),
});
export type Start = Static<typeof Start>;

export const ToProcwrap = Type.Union([
  /** First message of a server. A second server replaces the first. */
  Type.Object({ say: Type.Literal('hello'), version: Type.String(), settings: HostSettings }),
  Type.Object({ say: Type.Literal('ask'), id: Id, question: Question }),
  /** What `start` refers to: said once on each connection, before the first start of the job. */
  Type.Object({
    say: Type.Literal('job'),
    job: Id,
    name: Type.String(),
    user: Type.String(),
    project: Project,
    limits: JobLimits,
    /** Of a command job: its frames are started by their numbers. */
    request: Type.Union([CommandRequest, Type.Null()]),
  }),
  /** In this order, as slots become free. */
  Type.Object({ say: Type.Literal('start'), starts: Type.Array(Start) }),
  /** One that waits for a slot ends as `stopped` at once. */
  Type.Object({ say: Type.Literal('stop'), attempts: Attempts }),
  /** Those that wait for a slot end as `withdrawn`, and those not known, too. What has begun goes on, and is told again. */
  Type.Object({ say: Type.Literal('withdraw'), attempts: Attempts }),
  /** Its processes are stopped, and its slot is free; again and again is fine. */
  Type.Object({ say: Type.Literal('pause'), attempts: Attempts }),
  Type.Object({ say: Type.Literal('resume'), attempts: Attempts }),
  /** The ends of these attempts are on disk; procwrap may forget them. */
  Type.Object({ say: Type.Literal('acknowledge'), attempts: Attempts }),
  /** Nothing more will be started of this job. */
  Type.Object({ say: Type.Literal('forget'), job: Id }),
  /** Remove these files of the project, which a task with these `holds` has left; what is not there is fine. */
  Type.Object({
    say: Type.Literal('tidy'),
    project: Project,
    paths: Type.Array(Type.String()),
    holds: Type.Array(Type.String()),
  }),
  /** Can this project be worked in now? Answered with `looked`. */
  Type.Object({ say: Type.Literal('look'), project: Project }),
  /** The server goes away in good order: leave when nothing runs and nothing is untold. */
  Type.Object({ say: Type.Literal('farewell') }),
]);
export type ToProcwrap = Static<typeof ToProcwrap>;

export const FromProcwrap = Type.Union([
  /**
   * Answer to hello. `attempts`: running here, or ended and not acknowledged, each with the `holds` of its task: the
   * server may not have its job any more. The ends follow as `ended`.
   */
  Type.Object({
    say: Type.Literal('welcome'),
    version: Type.String(),
    pid: Id,
    attempts: Type.Array(Type.Object({ attempt: AttemptText, holds: Type.Array(Type.String()) })),
  }),
  Type.Object({ say: Type.Literal('answer'), id: Id, answer: Answer }),
  Type.Object({ say: Type.Literal('started'), started: Type.Array(Type.Object({ attempt: AttemptText, pid: Id })) }),
  /** `away`: why the project cannot be worked in and what to do, in sentences for people; null: it can. */
  Type.Object({ say: Type.Literal('looked'), project: Project, away: Type.Union([Type.String(), Type.Null()]) }),
  Type.Object({
    say: Type.Literal('progressed'),
    attempt: AttemptText,
    fraction: Type.Number({ minimum: 0, maximum: 1 }),
  }),
  Type.Object({
    say: Type.Literal('ended'),
    ends: Type.Array(
      Type.Object({
        attempt: AttemptText,
        outcome: Outcome,
        /** From its start in a slot to its end. */
        milliseconds: Type.Number({ minimum: 0 }),
      }),
    ),
  }),
]);
export type FromProcwrap = Static<typeof FromProcwrap>;
