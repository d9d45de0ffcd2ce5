import { FrameTasks } from '../../src/model/frame-tasks.ts';
import type { CommandRequest, Job } from '../../src/model/job.ts';
import { freshTask, PlannedTasks } from '../../src/model/planned-tasks.ts';
import type { Task, TaskPlan } from '../../src/model/task.ts';

/** Small jobs for tests, as the planner would make them. */

export function taskPlan(number: number, changes: Partial<TaskPlan> = {}): TaskPlan {
  return {
    number,
    step: 'view',
    name: `room.v${number}`,
    view: `v${number}`,
    deeds: [{ do: 'run', program: 'rpict', args: ['room.oct'], stdin: null, stdout: { to: 'log' }, ambient: null }],
    after: [],
    holds: [],
    directories: ['logfiles', 'proc'],
    makes: [],
    litter: [],
    afterwards: [],
    unless: null,
    weight: 100,
    ...changes,
  };
}

export function job(id: number, plans: TaskPlan[], changes: Partial<Job> = {}): Job {
  return {
    id,
    name: `job ${id}`,
    user: 'ann',
    priority: 0,
    project: { location: null, root: '/', rest: 'projects/room', path: '/projects/room' },
    request: { kind: 'radiance', rif: 'room.rif', views: [], set: [], force: false, ambient: 'shared' },
    limits: { retries: 2, seconds: null, progressSeconds: null },
    submittedAt: 1000 + id,
    idempotencyKey: null,
    notes: [],
    state: { is: 'waiting' },
    tasks: new PlannedTasks(plans.map((plan) => freshTask(plan))),
    ...changes,
  };
}

/** A program to be run for each frame; frames null: once. */
export function commandJob(id: number, request: Partial<CommandRequest> = {}, changes: Partial<Job> = {}): Job {
  const whole: CommandRequest = {
    kind: 'command',
    command: ['povray', '+Iscene.pov', '+K%d'],
    frames: '1-5',
    slots: null,
    ...request,
  };
  return job(id, [], { request: whole, tasks: new FrameTasks(id, whole), ...changes });
}

/** The task of that number, which must be there: of frames only those that have not ended. */
export function taskOf({ id, tasks }: Pick<Job, 'id' | 'tasks'>, number: number): Task {
  const task = tasks.get(number);
  if (task === null) throw new Error(`Job ${id} has no task ${number} now.`);
  return task;
}

/** Octree, two views after it, a filter after each: the shape of an ordinary Radiance job. */
export function pictureJob(id: number, changes: Partial<Job> = {}): Job {
  return job(
    id,
    [
      taskPlan(1, { step: 'octree', name: 'room.octree', view: null, holds: ['octree:room.oct'], weight: 2 }),
      taskPlan(2, { name: 'room.a', view: 'a', after: [1], holds: ['view:a.hdr'] }),
      taskPlan(3, { name: 'room.b', view: 'b', after: [1], holds: ['view:b.hdr'] }),
      taskPlan(4, { step: 'filter', name: 'room.a.filter', view: 'a', after: [2], weight: 1 }),
      taskPlan(5, { step: 'filter', name: 'room.b.filter', view: 'b', after: [3], weight: 1 }),
    ],
    changes,
  );
}

/** All of a job that can be compared: each task, or of a frame that has ended its state. */
export function plain({ tasks, ...head }: Job) {
  const every = Array.from({ length: tasks.total }, (_, index) => tasks.get(index + 1) ?? tasks.stateOf(index + 1));
  const known = Array.from(tasks.known(), ({ plan }) => plan.number).sort((one, other) => one - other);
  return { ...head, tasks: every, counts: { ...tasks.counts }, failure: tasks.failure, known };
}
