import { type Job, type JobState, jobMoves } from '../model/job.ts';
import { type Task, type TaskState, taskMoves } from '../model/task.ts';
import type { Order } from './messages.ts';

/** Moves of jobs and tasks, checked against their tables, each with a reason for the log. */

export function moveJob(job: Job, to: JobState, reason: string): Order[] {
  const from = job.state.is;
  if (!(jobMoves[from] as readonly string[]).includes(to.is)) {
    throw new Error(`Job ${job.id} cannot go from ${from} to ${to.is} (${reason}).`);
  }
  job.state = to;
  const level = to.is === 'failed' ? 'warn' : 'info';
  return [
    { order: 'keep', job, tasks: [] },
    { order: 'log', level, text: `job ${job.id}: ${from} > ${to.is} (${reason})` },
    { order: 'tell', job },
  ];
}

export function moveTask(job: Job, task: Task, to: TaskState, reason: string): Order[] {
  const from = task.state.is;
  if (!(taskMoves[from] as readonly string[]).includes(to.is)) {
    throw new Error(`Task ${job.id}.${task.plan.number} cannot go from ${from} to ${to.is} (${reason}).`);
  }
  task.state = to;
  const name = `job ${job.id} task ${task.plan.number} (${task.plan.name})`;
  return [
    { order: 'keep', job, tasks: [task.plan.number] },
    { order: 'log', level: to.is === 'failed' ? 'warn' : 'info', text: `${name}: ${from} > ${to.is} (${reason})` },
    { order: 'tell', job },
  ];
}
