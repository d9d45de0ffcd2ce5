import type { IncomingMessage } from 'node:http';
import { JobView } from '../protocol/api.ts';
import { door } from './door.ts';
import { ServerUnreachable, UnknownAnswer } from './errors.ts';
import { EventParser } from './sse.ts';

const readJob = door(JobView, 'a job');

/**
 * The jobs that an event stream tells of, until it ends; whoever stops reading closes it.
 * @throws ServerUnreachable if the connection breaks, UnknownAnswer, or the signal's reason
 */
export async function* readJobEvents(
  stream: IncomingMessage,
  signal: AbortSignal | undefined,
): AsyncGenerator<JobView, void, void> {
  const decoder = new TextDecoder();
  const parser = new EventParser();
  try {
    for await (const piece of stream as AsyncIterable<Buffer>) {
      for (const { event, data } of parser.feed(decoder.decode(piece, { stream: true }))) {
        if (event === 'job') yield readJob(parseData(data));
      }
    }
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    if (error instanceof UnknownAnswer) throw error;
    throw new ServerUnreachable('The connection to the server broke.', { cause: error, sent: true });
  } finally {
    stream.destroy();
  }
}

function parseData(data: string): unknown {
  try {
    return JSON.parse(data);
  } catch {
    throw new UnknownAnswer('The server sends an event that is not JSON.');
  }
}
