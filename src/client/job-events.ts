import type { IncomingMessage } from 'node:http';
import { DeletedJob, JobNews, JobView } from '../protocol/api.ts';
import type { Clock } from './clock.ts';
import { door } from './door.ts';
import { ServerUnreachable, UnknownAnswer } from './errors.ts';
import type { Patience } from './patience.ts';
import { EventParser, type StreamEvent } from './sse.ts';

/**
 * What happened to a job of the farm. `reset`: what happened before is not known, at the beginning and where we were
 * away for too long; read the listing anew, what follows comes on top of it.
 */
export type FarmEvent = { what: 'job'; job: JobNews } | { what: 'deleted'; id: number } | { what: 'reset' };

/** Where events come from, over as many connections as it takes. */
export interface EventSource {
  /** @param lastId of the last event seen; null: none yet */
  open(lastId: string | null): Promise<IncomingMessage>;
  readonly patience: Patience;
  readonly clock: Clock;
  readonly signal: AbortSignal | undefined;
}

/** A connection that stood so long, in milliseconds, was one, though nothing happened on it. */
const standing = 10_000;

const readJob = door(JobView, 'a job');
const readSummary = door(JobNews, 'a job in the news');
const readDeleted = door(DeletedJob, 'a deleted job');

/** The job now and after each change; ends with the job. @throws as `follow` */
export async function* jobEvents(source: EventSource): AsyncGenerator<JobView, void, void> {
  for await (const { event, data } of follow(source)) {
    if (event !== 'job') continue;
    const job = readJob(parse(data));
    yield job;
    if (job.finishedAt !== null) return;
  }
}

/** What happens to all jobs; does not end by itself. @throws as `follow` */
export async function* farmEvents(source: EventSource): AsyncGenerator<FarmEvent, void, void> {
  for await (const { event, data } of follow(source)) {
    if (event === 'job') yield { what: 'job', job: readSummary(parse(data)) };
    else if (event === 'deleted') yield { what: 'deleted', id: readDeleted(parse(data)).id };
    else if (event === 'reset') yield { what: 'reset' };
  }
}

/**
 * Connects anew when the connection breaks or ends, and goes on behind the last event seen.
 * @throws what broke it last, when the server has been away for too long; UnknownAnswer; the signal's reason
 */
async function* follow({ open, patience, clock, signal }: EventSource): AsyncGenerator<StreamEvent, void, void> {
  let lastId: string | null = null;
  for (;;) {
    let fault: unknown = new ServerUnreachable('The server ends its events too early.', { sent: true });
    let openedAt: number | null = null;
    try {
      const stream = await open(lastId);
      openedAt = clock.now();
      for await (const event of read(stream, signal)) {
        patience.heard();
        lastId = event.id ?? lastId;
        yield event;
      }
    } catch (error) {
      fault = error;
    }
    if (openedAt !== null && clock.now() - openedAt >= standing) patience.heard();
    await patience.bear(fault);
  }
}

/**
 * The events of one connection, until it ends; whoever stops reading closes it.
 * @throws ServerUnreachable if the connection breaks, UnknownAnswer, or the signal's reason
 */
async function* read(
  stream: IncomingMessage,
  signal: AbortSignal | undefined,
): AsyncGenerator<StreamEvent, void, void> {
  const decoder = new TextDecoder();
  const parser = new EventParser();
  try {
    for await (const piece of stream as AsyncIterable<Buffer>) {
      yield* parser.feed(decoder.decode(piece, { stream: true }));
    }
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    throw new ServerUnreachable('The connection to the server broke.', { cause: error, sent: true });
  } finally {
    stream.destroy();
  }
}

function parse(data: string): unknown {
  try {
    return JSON.parse(data);
  } catch {
    throw new UnknownAnswer('The server sends an event that is not JSON.');
  }
}
