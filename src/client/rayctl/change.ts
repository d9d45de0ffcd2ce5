import type { JobView } from '../../protocol/api.ts';
import { ServerUnreachable } from '../errors.ts';
import { type JobRange, jobsIn } from './ranges.ts';
import type { Session } from './session.ts';
import { counted } from './text.ts';

/** What can be asked for several jobs at a time: `rayctl cancel`, `pause`, `resume`, `retry` and `delete`. */
export interface Change {
  /** @returns the job as it is then; null: it is gone */
  readonly act: (session: Session, id: number) => Promise<JobView | null>;
  /** One sentence of the job. */
  readonly says: (id: number, job: JobView | null) => string;
  /** What has happened to them, such as `cancelled`. */
  readonly done: string;
}

export const changes = {
  cancel: {
    act: ({ client, signal }, id) => client.cancel(id, { signal }),
    says: (id, job) => (job?.state === 'cancelled' ? `Job ${id} is cancelled.` : `Job ${id} is being cancelled.`),
    done: 'cancelled',
  },
  pause: {
    act: ({ client, signal }, id) => client.pause(id, { signal }),
    says: (id) => `Job ${id} is paused.`,
    done: 'paused',
  },
  resume: {
    act: ({ client, signal }, id) => client.resume(id, { signal }),
    says: (id) => `Job ${id} goes on.`,
    done: 'resumed',
  },
  retry: {
    act: ({ client, signal }, id) => client.retry(id, { signal }),
    says: (id) => `Job ${id} is tried again.`,
    done: 'tried again',
  },
  delete: {
    act: async ({ client, signal }, id) => {
      await client.remove(id, { signal });
      return null;
    },
    says: (id) => `Job ${id} is deleted.`,
    done: 'deleted',
  },
} as const satisfies Record<string, Change>;

/**
 * Changes jobs one after the other and reports each.
 * @param onFault reports the fault of one of them; gives its exit status
 * @returns the exit status: that of the first fault, if there is one
 */
export async function changeJobs(
  session: Session,
  change: Change,
  ranges: readonly JobRange[],
  onFault: (error: unknown) => number,
): Promise<number> {
  const ids = await jobsIn(session, ranges);
  const changed: number[] = [];
  const jobs: JobView[] = [];
  let status = 0;
  for (const id of ids) {
    try {
      const job = await change.act(session, id);
      changed.push(id);
      if (job !== null) jobs.push(job);
      if (!session.isJson) session.print(change.says(id, job));
    } catch (error) {
      // The next ones would fare no better.
      if (session.signal.aborted || error instanceof ServerUnreachable) throw error;
      const own = onFault(error);
      status ||= own;
    }
  }
  if (session.isJson) session.printJson(change === changes.delete ? { deleted: changed } : { jobs, next: null });
  else if (ids.length > 1) session.complain(`${counted(changed.length, 'job')} of ${ids.length} ${change.done}.`);
  return status;
}
