import { isEnded, type Job } from '../model/job.ts';
import { countTasks, jobProgress, secondsLeft, taskProgress } from '../model/progress.ts';
import type { Task } from '../model/task.ts';
import type { JobView, TaskView } from '../protocol/api.ts';

/** What clients see of jobs and tasks. `now` is milliseconds since 1970. */

export function jobView(job: Job, now: number): JobView {
  const { state } = job;
  return {
    id: job.id,
    name: job.name,
    state: state.is,
    priority: job.priority,
    user: job.user,
    project: { location: job.project.location, path: job.project.location ? job.project.rest : job.project.path },
    rif: job.request.rif,
    submittedAt: time(job.submittedAt),
    startedAt: 'startedAt' in state && state.startedAt !== null ? time(state.startedAt) : null,
    finishedAt: isEnded(state) ? time(state.finishedAt) : null,
    progress: jobProgress(job),
    secondsLeft: secondsLeft(job, now),
    tasks: countTasks(job),
    results: job.tasks.flatMap((task) => (task.state.is === 'done' ? task.state.results : [])),
    notes: [...job.notes, ...job.tasks.flatMap(warningsOf)],
    reason: 'reason' in state ? state.reason : null,
    lastLines: 'lastLines' in state ? state.lastLines : [],
  };
}

function warningsOf(task: Task): string[] {
  return task.state.is === 'done' ? task.state.warnings.map((warning) => `${task.plan.name}: ${warning}`) : [];
}

export function taskView(task: Task): TaskView {
  const { plan, state } = task;
  return {
    number: plan.number,
    step: plan.step,
    name: plan.name,
    view: plan.view,
    state: state.is,
    attempts: task.attempts,
    host: state.is === 'running' ? state.host : null,
    pid: state.is === 'running' ? state.pid : null,
    progress: taskProgress(task),
    startedAt: 'since' in state ? time(state.since) : null,
    finishedAt: 'until' in state ? time(state.until) : null,
    skipped: state.is === 'done' && state.skipped,
    warnings: state.is === 'done' ? state.warnings : [],
    reason: state.is === 'failed' ? state.reason : null,
    log: `logfiles/${plan.name}.log`,
  };
}

function time(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
