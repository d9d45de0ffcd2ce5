import { nameOf } from '../model/frame-plan.ts';
import { FrameTasks } from '../model/frame-tasks.ts';
import { FramesError, readFrames } from '../model/frames.ts';
import type { Job, JobRequest } from '../model/job.ts';
import { freshTask, PlannedTasks } from '../model/planned-tasks.ts';
import { Refusal } from '../model/refusal.ts';
import type { TaskPlan } from '../model/task.ts';
import type { Tasks } from '../model/tasks.ts';
import { limits, type SubmitRequest } from '../protocol/api.ts';

/** What is made of a submit: its request, whole, its name, its tasks. */

/** Views in the order first named, each once; nothing left open. */
export function requested(asked: SubmitRequest): JobRequest {
  if (asked.kind === 'command') {
    const { command, frames, slots } = asked;
    return { kind: 'command', command, frames: frames ?? null, slots: slots ?? null };
  }
  return {
    kind: 'radiance',
    rif: asked.rif,
    views: [...new Set(asked.views ?? [])],
    set: asked.set ?? [],
    force: asked.force ?? false,
    ambient: asked.ambient ?? 'shared',
  };
}

export function sameRequest(one: JobRequest, other: JobRequest): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** Such as `room: inside, outside`, or `povray 1-48`. */
export function jobName(request: JobRequest, views: readonly string[]): string {
  if (request.kind === 'command')
    return shortened([nameOf(request.command[0] ?? ''), request.frames ?? ''].join(' ').trim());
  const variation = request.rif.replace(/\.rif$/, '');
  return shortened(views.length === 0 ? variation : `${variation}: ${views.join(', ')}`);
}

function shortened(text: string): string {
  return text.length > 200 ? `${text.slice(0, 197)}...` : text;
}

/**
 * What a task holds counts in its project only: other projects may have files of the same name. A project is known by
 * what the directory is, whatever its names, and by its path: the numbers of devices may be others after a restart.
 */
export function scoped(task: TaskPlan, identity: string, path: string): TaskPlan {
  return { ...task, holds: task.holds.flatMap((hold) => [`${hold}@${identity}`, `${hold}@${path}`]) };
}

/** What needs no look at the project to be refused. @throws Refusal */
export function requireSound(request: JobRequest): void {
  if (request.kind !== 'command') return;
  if (request.command[0] === '')
    throw new Refusal('malformed', 'The first word of "command" is empty: name a program.');
  const at = request.command.findIndex((word) => Buffer.byteLength(word) > limits.word);
  if (at >= 0) {
    const bytes = Buffer.byteLength(request.command[at] ?? '');
    const says = `Word ${at + 1} of "command" has ${bytes} bytes; Linux takes ${limits.word} at most.`;
    throw new Refusal('malformed', `${says} Let the program read it from a file.`);
  }
  requireFrames(request.frames);
}

function requireFrames(list: string | null): void {
  try {
    if (list !== null) readFrames(list);
  } catch (error) {
    if (error instanceof FramesError) throw new Refusal('unknown-frames', error.message);
    throw error;
  }
}

export function tasksOf(id: number, request: JobRequest, plans: readonly TaskPlan[] | null): Tasks {
  if (request.kind === 'command') return new FrameTasks(id, request);
  return new PlannedTasks((plans ?? []).map((plan) => freshTask(plan)));
}

/** `advice`: what to do about it. */
export function viewBusy(busy: Job, plans: readonly TaskPlan[], advice: string): Refusal {
  const views = new Set(plans.flatMap((plan) => (plan.step === 'view' ? [plan.view] : [])));
  const sentence = `Job ${busy.id} is rendering the same view already (of ${[...views].join(', ')}).`;
  return new Refusal('view-busy', `${sentence} ${advice}`, busy.id);
}
