import { FrameTasks } from '../src/model/frame-tasks.ts';
import type { CommandRequest, Job } from '../src/model/job.ts';
import { openSqliteStore } from '../src/store/sqlite.ts';

const batch = 1000;

/** Adds jobs that have ended to the state file of a daemon that does not run. */
export async function fillStore(file: string, jobs: number): Promise<void> {
  const store = await openSqliteStore(file);
  for (let first = 1; first <= jobs; first += batch) {
    const ids = Array.from({ length: Math.min(batch, jobs - first + 1) }, (_, index) => first + index);
    await store.commit(ids.map((id) => ({ job: endedJob(id), tasks: 'all' as const })));
  }
  await store.close();
}

function endedJob(id: number): Job {
  const request: CommandRequest = { kind: 'command', command: ['/bin/true'], frames: '1-3', slots: null };
  const submittedAt = Date.now();
  return {
    id,
    name: `job ${id}`,
    user: 'bench',
    priority: 0,
    project: { location: null, root: '/', rest: 'project', path: '/project' },
    request,
    limits: { retries: 2, seconds: null, progressSeconds: null },
    submittedAt,
    idempotencyKey: null,
    notes: [],
    state: { is: 'cancelled', startedAt: null, finishedAt: submittedAt, reason: 'Cancelled by bench.' },
    tasks: new FrameTasks(id, request),
  };
}
