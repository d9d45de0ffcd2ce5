import { Refused } from '../errors.ts';
import type { Session } from './session.ts';

/** Numbers of jobs from one to another, both included. */
export interface JobRange {
  readonly from: number;
  readonly to: number;
}

/**
 * The jobs that are meant, each once. One that is named by itself is taken as it is; of a range those that exist.
 * @throws Refused for a range in which there is no job
 */
export async function jobsIn(session: Session, ranges: readonly JobRange[]): Promise<number[]> {
  const ids = new Set<number>();
  for (const range of ranges) {
    const found = range.from === range.to ? [range.from] : await existing(session, range);
    if (found.length === 0) throw noJob(range);
    for (const id of found) ids.add(id);
  }
  return [...ids];
}

function noJob({ from, to }: JobRange): Refused {
  const message = `There is no job from ${from} to ${to}.`;
  return new Refused({ code: 'no-such-job', message, status: 404, job: null });
}

async function existing(session: Session, { from, to }: JobRange): Promise<number[]> {
  const found: number[] = [];
  for await (const page of session.client.jobPages({ before: to + 1 }, { signal: session.signal })) {
    const inside = page.filter(({ id }) => id >= from);
    found.push(...inside.map(({ id }) => id));
    if (inside.length < page.length) break;
  }
  return found.reverse();
}
