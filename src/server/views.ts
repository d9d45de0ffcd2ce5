import { isEnded, type JobSummary } from '../model/job.ts';
import { taskProgress } from '../model/planned-tasks.ts';
import { secondsLeft } from '../model/progress.ts';
import type { Task, Tried } from '../model/task.ts';
import type { JobNews, JobView, TaskView, TriedView } from '../protocol/api.ts';

/** What clients see of jobs and tasks. `now` is milliseconds since 1970. */

/** `waitsFor`: why a job that has not ended does not go on. */
export function jobView(job: JobSummary, now: number, waitsFor: string | null = null): JobView {
  const { state, request, project } = job;
  return {
    id: job.id,
    name: job.name,
    state: state.is,
    priority: job.priority,
    user: job.user,
    project: { location: project.location, path: project.location ? project.rest : project.path },
    kind: request.kind,
    rif: request.kind === 'radiance' ? request.rif : null,
    command: request.kind === 'command' ? request.command : null,
    frames: request.kind === 'command' ? request.frames : null,
    submittedAt: time(job.submittedAt),
    startedAt: 'startedAt' in state && state.startedAt !== null ? time(state.startedAt) : null,
    finishedAt: isEnded(state) ? time(state.finishedAt) : null,
    progress: job.progress,
    secondsLeft: secondsLeft(job, now),
    tasks: job.counts,
    results: [...job.results],
    notes: [...job.notes, ...job.warnings],
    reason: 'reason' in state ? state.reason : waitsFor,
    lastLines: 'lastLines' in state ? state.lastLines : [],
  };
}

/** What the news of the farm tell of a job. */
export function jobNews(job: JobSummary, now: number, waitsFor: string | null = null): JobNews {
  const { results: _results, notes: _notes, lastLines: _lastLines, ...news } = jobView(job, now, waitsFor);
  return news;
}

/** `frame`: of a command job that has frames. */
export function taskView(task: Task, frame: number | null): TaskView {
  const { plan, state } = task;
  const underWay = state.is === 'running' || state.is === 'paused';
  return {
    number: plan.number,
    step: plan.step,
    name: plan.name,
    view: plan.view,
    frame,
    state: state.is,
    attempts: task.attempts,
    tried: task.tried.map(triedView),
    host: underWay ? state.host : null,
    pid: underWay ? state.pid : null,
    progress: taskProgress(task),
    startedAt: 'since' in state ? time(state.since) : null,
    finishedAt: 'until' in state ? time(state.until) : null,
    skipped: state.is === 'done' && state.skipped,
    warnings: state.is === 'done' ? state.warnings : [],
    reason: state.is === 'failed' ? state.reason : null,
    log: `logfiles/${plan.name}.log`,
  };
}

function triedView({ attempt, host, since, until, ended, exit, signal, usage }: Tried): TriedView {
  return {
    attempt,
    host,
    startedAt: time(since),
    finishedAt: time(until),
    ended,
    exit,
    signal,
    cpuSeconds: usage === null ? null : usage.userSeconds + usage.systemSeconds,
    peakBytes: usage?.peakBytes ?? null,
  };
}

function time(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
