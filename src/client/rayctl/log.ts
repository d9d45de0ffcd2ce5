import { setTimeout as sleep } from 'node:timers/promises';
import type { LogView } from '../../protocol/api.ts';
import { Refused } from '../errors.ts';
import type { Session } from './session.ts';
import { safeLines } from './text.ts';

export interface LogOptions {
  task?: number;
  follow?: true;
}

const pauseMilliseconds = 1000;

/** `rayctl log JOB` */
export async function log(session: Session, id: number, { task, follow }: LogOptions): Promise<number> {
  if (!follow) return printWhole(session, id, task);
  let shown: number | null = task ?? null;
  for await (const part of followParts(session, id, task ?? null)) {
    if (shown !== part.task && !session.isJson) session.complain(`==> task ${part.task} <==`);
    shown = part.task;
    print(session, part);
  }
  return 0;
}

/** The log as it grows: of the task, or of one task after the other until the job has ended. */
async function* followParts(session: Session, id: number, task: number | null): AsyncGenerator<LogView, void, void> {
  let at = { task, offset: 0 };
  for (;;) {
    const part = await nextPart(session, id, at);
    if (part) yield part;
    at = { task: part?.task ?? at.task, offset: part?.next ?? 0 };
    if (part?.ended && part.text === '') {
      if (task !== null) return;
      const next = await nextTask(session, id, part.task);
      if (next === 'none') return;
      if (next !== null) at = { task: next, offset: 0 };
    }
    if (!part?.text) await sleep(pauseMilliseconds, undefined, { signal: session.signal });
  }
}

/** The task that runs after this one; null: none yet; `none`: the job has ended. Who names no task is told which runs. */
async function nextTask(session: Session, id: number, task: number): Promise<number | 'none' | null> {
  const hasEnded = (await session.client.job(id, { signal: session.signal })).finishedAt !== null;
  const next = await nextPart(session, id, { task: null, offset: 0 });
  if (next && next.task !== task) return next.task;
  return hasEnded ? 'none' : null;
}

async function printWhole(session: Session, id: number, task: number | undefined): Promise<number> {
  let at: { task?: number; offset: number } = { offset: 0, ...(task === undefined ? {} : { task }) };
  let text = '';
  for (;;) {
    const part = await session.client.log(id, at, { signal: session.signal });
    if (session.isJson) text += part.text;
    else print(session, part);
    if (part.text === '' || part.next <= at.offset) {
      if (session.isJson) session.printJson({ ...part, text });
      return 0;
    }
    at = { task: part.task, offset: part.next };
  }
}

/** Null while no task of the job has begun. */
async function nextPart(
  session: Session,
  id: number,
  { task, offset }: { task: number | null; offset: number },
): Promise<LogView | null> {
  try {
    return await session.client.log(id, { offset, ...(task === null ? {} : { task }) }, { signal: session.signal });
  } catch (error) {
    if (!(error instanceof Refused && error.code === 'no-such-file')) throw error;
    const job = await session.client.job(id, { signal: session.signal });
    if (job.finishedAt !== null) throw error;
    return null;
  }
}

/** With --json one object a line, as it comes. */
function print(session: Session, part: LogView): void {
  if (session.isJson && part.text !== '') session.print(JSON.stringify(part));
  else if (!session.isJson) session.world.stdout.write(safeLines(part.text));
}
