import type { JobView, TaskView, TriedView } from '../../src/protocol/api.ts';

/** A job, a task and an attempt as the job port tells of them. */

export function jobView(changes: Partial<JobView> = {}): JobView {
  return {
    id: 1,
    name: 'room.rif',
    state: 'waiting',
    priority: 0,
    user: 'ann',
    project: { location: null, path: '/projects/room' },
    kind: 'radiance',
    rif: 'room.rif',
    command: null,
    frames: null,
    submittedAt: '2026-11-22T10:30:00.000Z',
    startedAt: null,
    finishedAt: null,
    progress: 0,
    secondsLeft: null,
    tasks: { total: 1, waiting: 1, running: 0, paused: 0, done: 0, failed: 0, cancelled: 0 },
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
    frame: null,
    state: 'waiting',
    attempts: 1,
    tried: [],
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

export function triedView(changes: Partial<TriedView> = {}): TriedView {
  return {
    attempt: 1,
    host: 'here',
    startedAt: '2026-11-22T10:30:01.000Z',
    finishedAt: '2026-11-22T10:30:04.000Z',
    ended: 'done',
    exit: 0,
    signal: null,
    cpuSeconds: 2.5,
    peakBytes: 12_000_000,
    ...changes,
  };
}
