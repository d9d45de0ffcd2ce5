import type { JobView } from '../../protocol/api.ts';
import type { Session } from './session.ts';
import { counted } from './text.ts';

/** `rayctl cancel JOB...` */
export async function cancel(
  session: Session,
  ids: readonly number[],
  onFault: (error: unknown) => number,
): Promise<number> {
  const cancelled: JobView[] = [];
  let status = 0;
  for (const id of ids) {
    try {
      const job = await session.client.cancel(id, { signal: session.signal });
      cancelled.push(job);
      if (!session.isJson)
        session.print(job.state === 'cancelled' ? `Job ${id} is cancelled.` : `Job ${id} is being cancelled.`);
    } catch (error) {
      if (session.signal.aborted) throw error;
      status ||= onFault(error);
    }
  }
  if (session.isJson) session.printJson({ jobs: cancelled, next: null });
  else if (ids.length > 1) session.complain(`${counted(cancelled.length, 'job')} of ${ids.length} cancelled.`);
  return status;
}
