import { framePlan } from '../model/frame-plan.ts';
import { FrameTasks } from '../model/frame-tasks.ts';
import { readFrames } from '../model/frames.ts';
import { type CommandRequest, isEnded, type Job, type JobHead, type JobSummary } from '../model/job.ts';
import { freshTask, PlannedTasks } from '../model/planned-tasks.ts';
import { type Task, type TaskPlan, type TaskStateName, taskMoves } from '../model/task.ts';
import { StoreError } from './error.ts';
import { afresh, type JobRow, type TaskRow, taskOf } from './rows.ts';
import { jobData, jobSummary, readJson } from './schemas.ts';

/** Jobs and tasks as they come back from their rows. All of it throws a StoreError if a row is damaged. */

/** A frame as it is kept; the row of one that has ended may be left out. */
export interface FrameRow {
  readonly number: number;
  readonly state: string;
  readonly attempts: number;
  readonly row: TaskRow | null;
}

/** The rows of one job's tasks, in order. */
export interface TaskRows {
  /** Those with a greater number than `after` and none greater than `last`. */
  between(after: number, last: number): Iterable<TaskRow>;
  /** All that a command job has. */
  frames(): Iterable<FrameRow>;
}

export function headOf({ id, data }: JobRow): JobHead {
  return { id, ...readJson(jobData(), data, `job ${id}`) };
}

export function summaryOfRow(row: JobRow): JobSummary {
  return { ...headOf(row), ...readJson(jobSummary(), row.summary, `job ${row.id}`) };
}

export function jobOf(row: JobRow, rows: TaskRows): Job {
  const head = headOf(row);
  const { request } = head;
  return { ...head, tasks: request.kind === 'command' ? frameTasks(head, request, rows) : plannedTasks(head, rows) };
}

/** Tasks in order of their numbers, from the one after `after` on; nothing is read of the others. */
export function pageOf(row: JobRow, rows: TaskRows, after: number, limit: number): Task[] {
  const head = headOf(row);
  const { id, request } = head;
  const last = after + limit;
  if (request.kind !== 'command') return Array.from(rows.between(after, last), (task) => taskOf(task));
  const { total, planOf } = planner(id, request);
  const kept = new Map(Array.from(rows.between(after, last), (task) => [task.number, task]));
  const page: Task[] = [];
  for (let number = after + 1; number <= Math.min(last, total); number++) {
    const task = kept.get(number);
    page.push(task ? taskOf(task, planOf(number)) : untried(head, planOf(number)));
  }
  return page;
}

/** Of a job that has ended nothing waits. */
function untried({ state }: JobHead, plan: TaskPlan): Task {
  const task = freshTask(plan);
  if (isEnded(state)) task.state = { is: 'cancelled', until: state.finishedAt };
  return task;
}

function plannedTasks({ id }: JobHead, rows: TaskRows): PlannedTasks {
  const tasks = Array.from(rows.between(0, Number.MAX_SAFE_INTEGER), (row) => taskOf(row));
  const gap = tasks.findIndex(({ plan }, index) => plan.number !== index + 1);
  if (gap >= 0) throw new StoreError(`The state of job ${id} is damaged: its task ${gap + 1} is missing.`);
  return new PlannedTasks(tasks);
}

function frameTasks({ id, state }: JobHead, request: CommandRequest, rows: TaskRows): FrameTasks {
  const tasks = new FrameTasks(id, request);
  let failed = 0;
  for (const { number, state: name, attempts, row } of rows.frames()) {
    refuseStrange(id, tasks, number, name);
    if (row !== null && isUnderWay(row)) tasks.restoreTask(taskOf(row, tasks.planOf(number)));
    else tasks.restore(number, name as TaskStateName, attempts);
    if (name === 'failed' && failed === 0) failed = number;
  }
  for (const row of failed > 0 ? rows.between(failed - 1, failed) : []) {
    const { plan, state: end } = taskOf(row, tasks.planOf(failed));
    if (end.is === 'failed') {
      const { reason, lastLines } = end;
      tasks.failure = { number: failed, task: plan.name, reason, lastLines };
    }
  }
  if (isEnded(state)) tasks.cancelWaiting(state.finishedAt);
  return tasks;
}

/** Of a million rows the little that is read is checked by hand. */
function refuseStrange(id: number, { total }: FrameTasks, number: number, state: string): void {
  if (number < 1 || number > total)
    throw new StoreError(`The state of job ${id} is damaged: it has no task ${number}.`);
  if (state in taskMoves) return;
  throw new StoreError(`The state of task ${number} of job ${id} is damaged: it is "${state}".`);
}

/** Those that wait to be tried from the beginning may be a million. */
function isUnderWay({ state, data }: TaskRow): boolean {
  return state === 'running' || state === 'paused' || (state === 'waiting' && data !== afresh);
}

/** The list of frames that was read last: whoever turns pages of a million of them has it read once. */
let lastRead: { readonly list: string; readonly frames: Int32Array } | null = null;

function planner(job: number, request: CommandRequest): { total: number; planOf: (number: number) => TaskPlan } {
  const { frames: list } = request;
  if (list === null) return { total: 1, planOf: (number) => framePlan(job, request, number, null) };
  if (lastRead?.list !== list) lastRead = { list, frames: readFrames(list) };
  const { frames } = lastRead;
  return { total: frames.length, planOf: (number) => framePlan(job, request, number, frames[number - 1] ?? null) };
}
