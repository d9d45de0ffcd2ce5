import type { Job, JobHead } from '../model/job.ts';
import { Refusal } from '../model/refusal.ts';
import type { Task } from '../model/task.ts';
import type { LogView } from '../protocol/api.ts';
import type { Procwrap } from './procwrap.ts';

/** Seconds to wait for a part of a log. */
const logSeconds = 60;

/** Where a task is looked up: in the farm, else in the store. */
type Lookup = (number: number) => Promise<Task | undefined>;

/** Part of the log of a task. */
export async function logOf(
  procwrap: Pick<Procwrap, 'ask'>,
  job: Pick<JobHead, 'id' | 'project'>,
  { plan, state, attempts }: Task,
  offset: number,
): Promise<LogView> {
  const ended = state.is === 'done' || state.is === 'failed' || state.is === 'cancelled';
  if (attempts === 0) return { task: plan.number, attempt: 0, text: '', next: 0, ended };
  const question = { ask: 'log', project: job.project, name: plan.name, job: job.id, offset } as const;
  const { attempt, text, next } = await procwrap.ask(question, logSeconds);
  return { task: plan.number, attempt, text, next, ended: ended && next === offset };
}

/** @throws Refusal */
export async function namedTask(job: number, number: number, lookup: Lookup): Promise<Task> {
  const task = await lookup(number);
  if (!task) throw new Refusal('no-such-file', `Job ${job} has no task ${number}.`);
  return task;
}

/**
 * What a person wants to read first: the failure, else what runs now, else the last view, else the last of all.
 * @throws Refusal
 */
export async function tellingTask({ id, tasks }: Pick<Job, 'id' | 'tasks'>, lookup: Lookup): Promise<Task> {
  const ran = tasks.failure ? [] : [...tasks.known()].filter((task) => task.attempts > 0);
  const task =
    ran.findLast((one) => one.state.is === 'running') ??
    ran.findLast((one) => one.plan.step === 'view') ??
    ran.at(-1) ??
    (await lookup(tasks.failure?.number ?? tasks.total));
  if (!task) throw new Refusal('no-such-file', `Job ${id} has run nothing.`);
  return task;
}
