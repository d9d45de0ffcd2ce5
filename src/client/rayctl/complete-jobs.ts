import type { Session } from './session.ts';
import { safe } from './text.ts';

/** As many as a person looks through after a press of the tab key. */
const mostCompleted = 50;

/**
 * `rayctl complete-jobs STATE...`: a line a job, the newest first: number, tab, state and name. Shells ask it, so that
 * it says nothing where there is no server.
 */
export async function completeJobs(session: Session, states: readonly string[]): Promise<number> {
  try {
    const { jobs } = await session.client.jobs({ limit: 200 }, { signal: session.signal });
    const fitting = jobs.filter(({ state }) => states.length === 0 || states.includes(state));
    for (const { id, state, name } of fitting.slice(0, mostCompleted)) session.print(`${id}\t${state}: ${safe(name)}`);
    return 0;
  } catch (error) {
    if (session.signal.aborted) throw error;
    return 1;
  }
}
