import type { JobSummary } from '../model/job.ts';
import type { Store } from '../store/store.ts';

/** Jobs that are read at once, and the characters of commands after which a page ends: some commands are very long. */
const readAtOnce = 100;
const pageCharacters = 4_000_000;

interface Wanted {
  readonly before: number | null;
  readonly limit: number;
  readonly states: Parameters<Store['jobs']>[0]['states'];
}

/** A page of jobs, newest first: at most `limit`, and fewer where their commands are long; `next` is where it goes on. */
export async function jobsIn(
  store: Pick<Store, 'jobs'>,
  { before, limit, states }: Wanted,
): Promise<{ jobs: JobSummary[]; next: number | null }> {
  const jobs: JobSummary[] = [];
  let room = pageCharacters;
  let last = before;
  for (;;) {
    const most = Math.min(readAtOnce, limit - jobs.length);
    const found = await store.jobs({ before: last, limit: most + 1, states });
    for (const job of found.slice(0, most)) {
      if (room <= 0) return { jobs, next: last };
      jobs.push(job);
      room -= lengthOf(job);
      last = job.id;
    }
    if (found.length <= most) return { jobs, next: null };
    if (jobs.length === limit) return { jobs, next: last };
  }
}

function lengthOf({ request }: JobSummary): number {
  return request.kind === 'command' ? request.command.reduce((sum, word) => sum + word.length, 0) : 0;
}
