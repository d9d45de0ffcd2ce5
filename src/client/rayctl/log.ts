import { readFrames } from '../../model/frames.ts';
import type { LogView } from '../../protocol/api.ts';
import { Refused } from '../errors.ts';
import { followLog } from '../follow-log.ts';
import { connectionTeller } from './connection.ts';
import type { Session } from './session.ts';
import { safeLines } from './text.ts';

export interface LogOptions {
  task?: number;
  frame?: number;
  follow?: true;
  patience: number;
}

/** `rayctl log JOB` */
export async function log(session: Session, id: number, options: LogOptions): Promise<number> {
  const frames = options.frame === undefined && !options.follow ? null : await framesOf(session, id);
  const task = options.frame === undefined ? options.task : taskOfFrame(id, frames, options.frame);
  if (!options.follow) return printWhole(session, id, task);
  const onConnection = session.isJson
    ? () => {}
    : connectionTeller((line) => session.complain(line), options.patience)();
  const { signal } = session;
  let shown: LogView | null = null;
  for await (const part of followLog(session.client, id, {
    task,
    signal,
    patienceSeconds: options.patience,
    onConnection,
  })) {
    const heading = session.isJson ? null : headingOf(part, shown, { frames, isNamed: task !== undefined });
    if (heading !== null) session.complain(heading);
    shown = part;
    print(session, part);
  }
  return 0;
}

async function framesOf(session: Session, id: number): Promise<Int32Array | null> {
  const { frames } = await session.client.job(id, { signal: session.signal });
  return frames === null ? null : readFrames(frames);
}

/** Tasks are numbered as their frames were named. */
function taskOfFrame(id: number, frames: Int32Array | null, frame: number): number {
  const index = frames?.indexOf(frame) ?? -1;
  if (index >= 0) return index + 1;
  const message = frames === null ? `Job ${id} has no frames.` : `Job ${id} has no frame ${frame}.`;
  throw new Refused({ code: 'no-such-file', message, status: 404, job: null });
}

/** Said before a part that is not the continuation of the one before. */
function headingOf(
  { task, attempt }: LogView,
  shown: LogView | null,
  { frames, isNamed }: { frames: Int32Array | null; isNamed: boolean },
): string | null {
  const name = frames === null ? `task ${task}` : `frame ${frames[task - 1]}`;
  if (shown?.task !== task) return shown === null && isNamed ? null : `==> ${name} <==`;
  return shown.attempt === attempt ? null : `==> ${name}, attempt ${attempt}: its log begins anew <==`;
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

/** With --json one object a line, as it comes. */
function print(session: Session, part: LogView): void {
  if (session.isJson && part.text !== '') session.print(JSON.stringify(part));
  else if (!session.isJson) session.world.stdout.write(safeLines(part.text));
}
