import type { Readable } from 'node:stream';
import type { Static } from 'typebox';
import type {
  HostView,
  JobList,
  JobStateText,
  JobView,
  LogView,
  ServerView,
  SubmitRequest,
  TaskList,
  TaskView,
} from '../protocol/api.ts';
import type { Finding } from '../protocol/inner.ts';

/** Who asks: a local user whom the kernel names, or a bearer of the token. */
export interface Caller {
  /** A Unix user name, or `token`. */
  readonly user: string;
  /** Numeric user, or null for a bearer of the token. */
  readonly uid: number | null;
  /** For the log: `socket` or an address. */
  readonly peer: string;
}

/** How the farm stands now. */
export interface Measures {
  /** Jobs that have not ended, by state. */
  readonly jobs: Readonly<Record<string, number>>;
  /** Their tasks, by state. */
  readonly tasks: Readonly<Record<string, number>>;
  readonly slots: number;
  readonly running: number;
}

/** Whom the farm tells what happens in it, for `/metrics`. */
export interface Meters {
  committed(seconds: number): void;
  attemptsStarted(count: number): void;
  /** @param outcome `done`, `failed` or `stopped` */
  attemptEnded(outcome: string): void;
}

/** Something that happened to a job; `reset`: nobody knows any more what did, and listings must be read anew. */
export interface FarmEvent {
  /** Without blanks; `after` knows it again. */
  readonly id: string;
  readonly name: 'job' | 'deleted' | 'reset';
  /** JSON: a JobNews, an object with `id`, or an empty one. */
  readonly data: string;
}

/** What happens to all jobs. */
export interface News {
  /** What happened after the event `last`, oldest first, at most `most`; a single `reset` where that is not known. */
  after(last: string | null, most: number): readonly FarmEvent[];
  /** Calls back when there is more, until the returned function is called. */
  watch(wake: () => void): () => void;
}

/** What the web asks of the farm, in its own words; the server room provides it. All may reject with a Refusal. */
export interface Farm {
  /** Durable when it resolves. `fresh` is false if the key had named this job already. */
  submit(caller: Caller, request: SubmitRequest, key: string | null): Promise<{ job: JobView; fresh: boolean }>;
  jobs(query: { state: Static<typeof JobStateText> | null; before: number | null; limit: number }): Promise<JobList>;
  job(id: number): Promise<JobView>;
  /** Tasks with a greater number than `after`, of the state if one is named. */
  tasks(id: number, after: number, limit: number, state: TaskView['state'] | null): Promise<TaskList>;
  /** `task` null: the task that failed, else one that runs, else the last view that ran. */
  log(id: number, task: number | null, offset: number): Promise<LogView>;
  cancel(caller: Caller, id: number): Promise<JobView>;
  /** Stops its processes where they are; their slots are free for others. */
  pause(caller: Caller, id: number): Promise<JobView>;
  resume(caller: Caller, id: number): Promise<JobView>;
  /** What failed or was cancelled is done again. */
  retry(caller: Caller, id: number): Promise<JobView>;
  /** An ended job is forgotten; its results stay in the project. */
  remove(caller: Caller, id: number): Promise<void>;
  /** A result of the job, as it is or turned into a PNG. */
  result(id: number, path: string, as: 'file' | 'png'): Promise<{ bytes: number | null; stream: Readable }>;
  hosts(): Promise<HostView[]>;
  server(caller: Caller): Promise<ServerView>;
  examine(directory: string | null, mend: 'cut' | 'keep' | null): Promise<Finding[]>;
  /** Calls back with the job now and after each change, until the returned function is called. */
  watch(id: number, tell: (job: JobView) => void): Promise<() => void>;
  readonly news: News;
  measures(): Promise<Measures>;
  /** Serving, with its host connected. */
  healthy(): boolean;
}
