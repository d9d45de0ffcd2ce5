import type { JobView, TaskView } from '../../src/protocol/api.ts';

/** A job and a task as the job port tells of them. */

export function jobView(changes: Partial<JobView> = {}): JobView {
  return {
    id: 1,
    name: 'room.rif',
    state: 'waiting',
    priority: 0,
    user: 'ann',
    project: { location: null, path: '/projects/room' },
    rif: 'room.rif',
    submittedAt: '2026-11-22T10:30:00.000Z',
    startedAt: null,
    finishedAt: null,
    progress: 0,
    secondsLeft: null,
    tasks: { total: 1, waiting: 1, running: 0, done: 0, failed: 0, cancelled: 0 },
    results: [],
    notes: [],
    reason: null,
    lastLines: [],
    ...changes,
  };
}

export function taskView(changes: Partial<TaskView> = {}): TaskView {
  return {
    number: 1,
    step: 'view',
    name: 'room.inside',
    view: 'inside',
    state: 'waiting',
    attempts: 1,
    host: 'here',
    pid: null,
    progress: 0,
    startedAt: null,
    finishedAt: null,
    skipped: false,
    warnings: [],
    reason: null,
    log: 'logfiles/room.inside.log',
    ...changes,
  };
}
