import Type, { type Static } from 'typebox';

/**
 * Tasks: one command (or a short fixed sequence) to run in a project directory.
 * The nouns that cross a border (inner link, store) are schemas; their types come from them.
 * All paths are relative to the project directory, with `/`, without `.` or `..`.
 */

/** Where a program's standard output goes. A file is made anew, under the name given, and removed if the program fails. */
export const Sink = Type.Union([
  Type.Object({ to: Type.Literal('log') }),
  Type.Object({ to: Type.Literal('null') }),
  Type.Object({ to: Type.Literal('file'), path: Type.String() }),
  /**
   * A picture of rpict, whose last argument is the frozen octree. Where the program is lost half of it stays, and the
   * next attempt goes on from there, if the arguments and what is in the octree and in `inputs` are the same: `record`
   * says what it was made of, and `aside` keeps it while rpict copies it.
   */
  Type.Object({
    to: Type.Literal('picture'),
    path: Type.String(),
    aside: Type.String(),
    record: Type.String(),
    inputs: Type.Array(Type.String()),
  }),
]);
export type Sink = Static<typeof Sink>;
export type PictureSink = Extract<Sink, { to: 'picture' }>;

/** How a simulation uses its ambient file. */
export const ambientUses = ['shared', 'private', 'fill', 'frozen'] as const;

/**
 * The ambient file of a program of Radiance. Whoever runs it replaces the word after `-af` in its arguments by the
 * file's name.
 */
export const Ambient = Type.Object({
  /** In the project; null: named by the content of `octree` and `inputs`, the program's options for indirect light, and `filledBy`. */
  path: Type.Union([Type.String(), Type.Null()]),
  octree: Type.String(),
  /** Further files that its values depend on, such as photon maps. */
  inputs: Type.Array(Type.String()),
  /**
   * `shared`: with all others that name it; `private`: with nobody while it runs. `fill`: a file of its own that the
   * task's programs fill one after another and that is then read only; where it is there already, none of them runs.
   * `frozen`: such a file, read only.
   */
  use: Type.Enum([...ambientUses]),
  /** Of a frozen file: all that fills it, in one text; null: anything may. */
  filledBy: Type.Union([Type.String(), Type.Null()]),
  /** The program need not run where the file holds values already. */
  onlyCold: Type.Boolean(),
});
export type Ambient = Static<typeof Ambient>;

/** One thing a task does. `stdin` is a file of the project, or null for an empty one. */
export const Deed = Type.Union([
  Type.Object({
    do: Type.Literal('run'),
    program: Type.String(),
    args: Type.Array(Type.String()),
    stdin: Type.Union([Type.String(), Type.Null()]),
    stdout: Sink,
    /** Null: it has none. */
    ambient: Type.Union([Ambient, Type.Null()]),
  }),
  Type.Object({ do: Type.Literal('rename'), from: Type.String(), to: Type.String() }),
  Type.Object({ do: Type.Literal('remove'), path: Type.String() }),
  /** Goes on only if the file is missing, or a regular one with no other name: a program will write into it. */
  Type.Object({ do: Type.Literal('guard'), path: Type.String() }),
]);
export type Deed = Static<typeof Deed>;
export type RunDeed = Extract<Deed, { do: 'run' }>;

export const Step = Type.Union([
  Type.Literal('octree'),
  Type.Literal('overture'),
  Type.Literal('view'),
  Type.Literal('filter'),
  Type.Literal('frame'),
]);
export type Step = Static<typeof Step>;

/** The task need not run when `output` is a frozen octree that is not older than any of `inputs`. */
export const Current = Type.Object({ output: Type.String(), inputs: Type.Array(Type.String()) });
export type Current = Static<typeof Current>;

/** What a task is to do: made once by the planner, stored, never changed. */
export const TaskPlan = Type.Object({
  /** Counts from 1 within the job. */
  number: Type.Integer({ minimum: 1 }),
  step: Step,
  /** Names the log `logfiles/<name>.log` and the pid file `proc/<name>.pid`, such as `room.inside`. */
  name: Type.String(),
  view: Type.Union([Type.String(), Type.Null()]),
  deeds: Type.Array(Deed),
  /** Numbers of the tasks of this job that must be done before this one starts. */
  after: Type.Array(Type.Integer({ minimum: 1 })),
  /** What no two running tasks may hold at the same time, such as `view:images/room_inside.hdr`. */
  holds: Type.Array(Type.String()),
  /** Directories of the project that the task needs: made if missing. */
  directories: Type.Array(Type.String()),
  /** Files that are results when the task is done. */
  makes: Type.Array(Type.String()),
  /** Files that are removed when the task fails or is stopped. */
  litter: Type.Array(Type.String()),
  /**
   * Files that nobody needs when the task is over. They are removed after its end is on disk, so that it can be done
   * again if that is lost.
   */
  afterwards: Type.Array(Type.String()),
  /** Run only if this is not so. */
  unless: Type.Union([Current, Type.Null()]),
  /** The share of the job's work, in any unit, for its progress. */
  weight: Type.Number({ minimum: 0 }),
});
export type TaskPlan = Static<typeof TaskPlan>;

/** A finished file: path relative to the project, size in bytes, SHA-256 in hexadecimal. */
export const Result = Type.Object({ path: Type.String(), bytes: Type.Integer(), sha256: Type.String() });
export type Result = Static<typeof Result>;

/** What an attempt took, all of its processes that were waited for together. */
export const Usage = Type.Object({
  userSeconds: Type.Number(),
  systemSeconds: Type.Number(),
  /** The largest that one of its processes was, bytes. */
  peakBytes: Type.Number(),
});
export type Usage = Static<typeof Usage>;
const UsageOrNull = Type.Union([Usage, Type.Null()]);

/** How an attempt ended. `usage` is null where nothing ran. */
export const Outcome = Type.Union([
  Type.Object({
    is: Type.Literal('done'),
    results: Type.Array(Result),
    /** True if what it makes was current, so that nothing ran. */
    skipped: Type.Boolean(),
    warnings: Type.Array(Type.String()),
    usage: UsageOrNull,
  }),
  Type.Object({
    is: Type.Literal('failed'),
    /** One sentence. */
    reason: Type.String(),
    exit: Type.Union([Type.Integer(), Type.Null()]),
    signal: Type.Union([Type.String(), Type.Null()]),
    lastLines: Type.Array(Type.String()),
    usage: UsageOrNull,
    /**
     * Its ambient file was damaged and set aside, or it has loaded another octree than that whose light the file holds:
     * it is done once more.
     */
    damaged: Type.Optional(Type.Literal(true)),
  }),
  /** Ended because it was told to, or lost with its procwrap or spawner: it says nothing of the task. */
  Type.Object({ is: Type.Literal('stopped') }),
  /** Taken back before it had begun: as if it had never been. */
  Type.Object({ is: Type.Literal('withdrawn') }),
  /**
   * There was no room for what it writes, or (`awaits`) its project is not there, or another rayserver makes the same:
   * it is tried again later, and nothing is held against it.
   */
  Type.Object({
    is: Type.Literal('postponed'),
    reason: Type.String(),
    awaits: Type.Optional(Type.Union([Type.Literal('project'), Type.Literal('others')])),
  }),
]);
export type Outcome = Static<typeof Outcome>;

/** An attempt that is over. Times are milliseconds since 1970 UTC. */
export const Tried = Type.Object({
  attempt: Type.Integer({ minimum: 1 }),
  host: Type.String(),
  since: Type.Number(),
  until: Type.Number(),
  ended: Type.Union([
    Type.Literal('done'),
    Type.Literal('failed'),
    /** With its ambient file. */
    Type.Literal('damaged'),
    Type.Literal('lost'),
    Type.Literal('postponed'),
    Type.Literal('cancelled'),
  ]),
  exit: Type.Union([Type.Integer(), Type.Null()]),
  signal: Type.Union([Type.String(), Type.Null()]),
  usage: UsageOrNull,
});
export type Tried = Static<typeof Tried>;

/** How many attempts are remembered of a task. */
const mostTried = 10;

/** Those that are remembered: the last ones, and one whose ambient file was damaged, as that happens to a task once. */
export function remembered(tried: readonly Tried[]): readonly Tried[] {
  const last = tried.slice(-mostTried);
  const damaged = tried.find(({ ended }) => ended === 'damaged');
  return damaged === undefined || last.includes(damaged) ? last : [damaged, ...last.slice(1)];
}

export const taskStates = ['waiting', 'running', 'paused', 'done', 'failed', 'cancelled'] as const;
export type TaskStateName = (typeof taskStates)[number];

/** Which state may follow which; what is not here cannot happen. */
export const taskMoves = {
  waiting: ['running', 'cancelled'],
  running: ['done', 'failed', 'cancelled', 'waiting', 'paused'],
  paused: ['running', 'done', 'failed', 'cancelled', 'waiting'],
  /** What a retried task needs was tidied away, or what it filled was damaged: it is made again. */
  done: ['waiting'],
  failed: ['waiting'],
  cancelled: ['waiting'],
} as const satisfies Record<TaskStateName, readonly TaskStateName[]>;

/** Times are milliseconds since 1970 UTC; `fraction` is 0 to 1. */
export type TaskState =
  | { is: 'waiting' }
  | { is: 'running'; host: string; since: number; pid: number | null; fraction: number }
  /** Its processes are stopped and take no slot. */
  | { is: 'paused'; host: string; since: number; pid: number | null; fraction: number }
  | { is: 'done'; since: number; until: number; results: Result[]; skipped: boolean; warnings: string[] }
  | { is: 'failed'; since: number; until: number; reason: string; lastLines: string[] }
  | { is: 'cancelled'; until: number };

export interface Task {
  readonly plan: TaskPlan;
  /** Tries so far; the number of the current or last attempt. Never goes back: it fences late results. */
  attempts: number;
  /** Attempts that failed, since it was submitted or retried. */
  failures: number;
  /** Attempts lost one after another, without progress. */
  lost: number;
  /** The furthest that an attempt came, 0 to 1. */
  best: number;
  /** The last attempts that are over, oldest first. */
  tried: readonly Tried[];
  state: TaskState;
}

/** Names one attempt: job, task, try. Written `12.3.1`. */
export interface AttemptKey {
  job: number;
  task: number;
  attempt: number;
}

export const AttemptText = Type.String({ pattern: '^[1-9][0-9]{0,14}\\.[1-9][0-9]{0,8}\\.[1-9][0-9]{0,8}$' });

export function attemptText(key: AttemptKey): string {
  return `${key.job}.${key.task}.${key.attempt}`;
}

/** The reverse of {@link attemptText}. @throws RangeError if the text is no attempt. */
export function attemptKey(text: string): AttemptKey {
  const [job, task, attempt] = text.split('.').map(Number);
  if (!job || !task || !attempt) throw new RangeError(`not an attempt: ${text}`);
  return { job, task, attempt };
}

/** Attempts before one that may have left something: more are not lost in a row. */
const mostLeft = 5;

/**
 * Ambient files in the project that simulations have for themselves: of this attempt and, before it, of those that may
 * have left theirs when they were killed with their procwrap. Nobody but the task's attempts uses them.
 */
export function ownAmbients({ job, task, attempt }: AttemptKey): string[] {
  const first = Math.max(1, attempt - mostLeft);
  const numbers = Array.from({ length: attempt - first + 1 }, (_, index) => first + index);
  return numbers.map((number) => `proc/${attemptText({ job, task, attempt: number })}.own`);
}
