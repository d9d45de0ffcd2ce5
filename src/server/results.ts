import { Readable } from 'node:stream';
import type { JobSummary } from '../model/job.ts';
import { Refusal } from '../model/refusal.ts';
import type { Procwrap } from './procwrap.ts';

/** Seconds to wait for a file of a project. */
const fileSeconds = 60;

/** What is asked of procwrap here. */
type Host = Pick<Procwrap, 'ask'>;

/** A finished file of the job, streamed from its host; `bytes` is null where it is not known beforehand. */
export async function openResult(
  procwrap: Host,
  job: Pick<JobSummary, 'id' | 'project' | 'results'>,
  path: string,
  as: 'file' | 'png',
): Promise<{ bytes: number | null; stream: Readable }> {
  const { results } = job;
  if (!results.some((result) => result.path === path)) {
    const known = results.map((result) => result.path).join(', ') || 'none yet';
    throw new Refusal('no-such-file', `Job ${job.id} has no result "${path}". Its results: ${known}.`);
  }
  const { handle, bytes } = await procwrap.ask({ ask: 'open', project: job.project, path, as }, fileSeconds);
  return { bytes, stream: contentOf(procwrap, handle) };
}

/** Bytes are asked for as they are wanted; procwrap may close the file however this ends, also before it was read. */
function contentOf(procwrap: Host, handle: number): Readable {
  return new Readable({
    async read() {
      try {
        const { data } = await procwrap.ask({ ask: 'read', handle }, fileSeconds);
        this.push(data === '' ? null : Buffer.from(data, 'base64'));
      } catch (error) {
        this.destroy(error as Error);
      }
    },
    destroy(error, done) {
      // A lost connection has closed it already.
      procwrap.ask({ ask: 'close', handle }, fileSeconds).catch(() => undefined);
      done(error);
    },
  });
}
