import { isEnded, type Job, type JobState, jobMoves } from '../model/job.ts';
import { type Task, type TaskState, taskMoves } from '../model/task.ts';
import type { FarmState } from './farm.ts';
import type { Order } from './messages.ts';

/** Moves of jobs and tasks, checked against their tables, each with a reason for the log. */

/** Also puts the job into the queue, or takes it out. */
export function moveJob(farm: FarmState, job: Job, to: JobState, reason: string): Order[] {
  const from = job.state.is;
  if (!(jobMoves[from] as readonly string[]).includes(to.is)) {
    throw new Error(`Job ${job.id} cannot go from ${from} to ${to.is} (${reason}).`);
  }
  job.state = to;
  if (to.is === 'paused' || isEnded(to)) farm.queue.remove(job);
  else farm.queue.add(job);
  const level = to.is === 'failed' ? 'warn' : 'info';
  return [
    { order: 'keep', job, tasks: [] },
    { order: 'log', level, text: `job ${job.id}: ${from} > ${to.is} (${reason})` },
    { order: 'tell', job },
  ];
}

/** Of frames, of which there may be millions, only what goes wrong is logged; the rest is kept with the job. */
export function moveTask(job: Job, task: Task, to: TaskState, reason: string, wrong = to.is === 'failed'): Order[] {
  const from = task.state.is;
  if (!(taskMoves[from] as readonly string[]).includes(to.is)) {
    throw new Error(`Task ${job.id}.${task.plan.number} cannot go from ${from} to ${to.is} (${reason}).`);
  }
  job.tasks.move(task, to);
  const orders: Order[] = [{ order: 'keep', job, tasks: [task] }];
  if (wrong || task.plan.step !== 'frame') {
    const text = `job ${job.id} task ${task.plan.number} (${task.plan.name}): ${from} > ${to.is} (${reason})`;
    orders.push({ order: 'log', level: wrong ? 'warn' : 'info', text });
  }
  orders.push({ order: 'tell', job });
  return orders;
}
