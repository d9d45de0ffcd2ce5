import { basename } from 'node:path';
import type { JobView } from '../../protocol/api.ts';
import { localPath } from './project.ts';
import type { Session } from './session.ts';
import { safe, safeLines } from './text.ts';

/** What is told of a job, in lines. */

const pictureNames = /\.(hdr|pic|unf)$/i;

export function isPicture(path: string): boolean {
  return pictureNames.test(path);
}

/** How a job ended: its results with where they are, or why there are none. */
export function reportEnd(session: Session, job: JobView): void {
  const { green, red, yellow } = session.colors;
  for (const note of job.notes) session.print(safe(note));
  if (job.state === 'done') {
    // Where nothing had to be made the reason says what the notes have said.
    const reason = job.reason && job.notes.length === 0 ? ` ${safe(job.reason)}` : '';
    session.print(green(`Job ${job.id} is done.`) + reason);
    reportResults(session, job);
  } else if (job.state === 'cancelled') {
    session.print(yellow(`Job ${job.id} is cancelled${job.reason ? `: ${safe(job.reason)}` : '.'}`));
  } else {
    session.complain(red(`Job ${job.id} failed: ${safe(job.reason ?? 'no reason is known.')}`));
    for (const line of job.lastLines) session.complain(`  | ${safeLines(line)}`);
    session.complain(`The whole log: ${session.command(`log ${job.id}`)}`);
    if (job.kind === 'command') session.complain(`Try again what failed: ${session.command(`retry ${job.id}`)}`);
  }
}

function reportResults(session: Session, job: JobView): void {
  const record = session.record();
  for (const { path } of job.results) session.print(safe(localPath(job, path, record)));
  const pictures = job.results.filter(({ path }) => isPicture(path));
  const [only] = pictures;
  if (!only || session.world.stdout.isTTY !== true) return;
  const which = pictures.length > 1 ? ` ${basename(safe(only.path))}` : '';
  session.print(session.colors.dim(`As a PNG: ${session.command(`get ${job.id}${which} --png`)}`));
}
