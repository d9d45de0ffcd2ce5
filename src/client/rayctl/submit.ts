import { basename } from 'node:path';
import type { AmbientMode } from '../../model/job.ts';
import type { JobView, RadianceSubmit } from '../../protocol/api.ts';
import { Refused } from '../errors.ts';
import type { Assignment } from './arguments.ts';
import { handOver, type JobOptions, jobPart } from './hand-over.ts';
import { nameProject } from './project.ts';
import type { Session } from './session.ts';
import { safe } from './text.ts';

export interface SubmitOptions extends JobOptions {
  view?: string[];
  set?: Assignment[];
  ambient?: AmbientMode;
  force?: true;
  replace?: true;
}

/** `rayctl submit FILE.rif` @returns the exit status */
export async function submit(session: Session, file: string, options: SubmitOptions): Promise<number> {
  const named = nameProject(file, session.record(), { cwd: session.world.cwd(), isHere: session.isHere });
  const request: RadianceSubmit = {
    kind: 'radiance',
    ...named,
    ...(options.view ? { views: options.view } : {}),
    ...(options.set ? { set: options.set } : {}),
    ...(options.ambient ? { ambient: options.ambient } : {}),
    ...(options.force ? { force: true } : {}),
    ...(options.replace ? { replace: true } : {}),
    ...jobPart(options),
  };
  return handOver(session, () => ask(session, request), { ...options, about: basename(named.rif) });
}

/** Planning that takes longer is spoken of, so that nobody takes it for a standstill. */
const quietMilliseconds = 1000;

async function ask(session: Session, request: RadianceSubmit): Promise<JobView> {
  const isWatched = !session.isJson && session.world.stderr.isTTY === true;
  const say = () => session.complain(session.colors.dim(`Planning ${safe(request.rif)} ...`));
  const timer = isWatched ? setTimeout(say, quietMilliseconds) : undefined;
  try {
    return await session.client.submit(request, { signal: session.signal });
  } catch (error) {
    if (error instanceof Refused && error.code === 'view-busy' && error.job !== null && !session.isJson) {
      const stop = error.message.includes('--replace') ? '' : '\nStop it and render anew with --replace.';
      error.message += `${stop}\nSee how far it is with: ${session.command(`show ${error.job}`)}`;
    }
    throw error;
  } finally {
    clearTimeout(timer);
  }
}
