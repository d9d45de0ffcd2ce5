import * as http from 'node:http';
import type { Socket } from 'node:net';
import { ErrorView } from '../protocol/api.ts';
import { builtin } from './builtin.ts';
import { door } from './door.ts';
import { NotAllowed, Refused, ServerUnreachable, UnknownAnswer } from './errors.ts';

/** The way to a server that is open now. `name` is for messages. */
export interface Way {
  readonly name: string;
  readonly to: { socketPath: string } | { host: string; port: number };
  readonly secure: boolean;
  readonly token: string | null;
  /** What the way itself has to say of a broken connection, such as ssh's last words; null: nothing. */
  readonly complaint: () => Promise<Error | null>;
}

export interface Asking {
  method: 'GET' | 'POST' | 'DELETE';
  /** Path and query, encoded. */
  path: string;
  accept?: string;
  key?: string | undefined;
  /** Of the last event seen. */
  lastId?: string | null;
  body?: unknown;
  signal?: AbortSignal | undefined;
  /** Most that nothing may be heard, seconds. A submit waits for its plan. */
  idleSeconds?: number;
}

const connectSeconds = 10;
const usualIdleSeconds = 180;
/** Most that an answer in JSON may have, bytes. */
const longestAnswer = 64 * 1024 * 1024;

const readError = door(ErrorView, 'an error');

/**
 * Asks one thing, over a connection of its own.
 * @returns the answer with its body unread; its status is 2xx
 * @throws ServerUnreachable, NotAllowed, Refused, UnknownAnswer, or the signal's reason
 */
export async function ask(way: Way, asking: Asking): Promise<http.IncomingMessage> {
  const answer = await send(way, asking);
  const status = answer.statusCode ?? 0;
  if (status >= 200 && status < 300) return answer;
  throw await refusal(way, answer, status);
}

/** Asks for JSON. @returns the answer, unchecked */
export async function askJson(way: Way, asking: Asking): Promise<unknown> {
  return readJson(way, await ask(way, { accept: 'application/json', ...asking }));
}

function send(way: Way, asking: Asking): Promise<http.IncomingMessage> {
  asking.signal?.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<http.IncomingMessage>();
  const body = asking.body === undefined ? null : Buffer.from(JSON.stringify(asking.body));
  const request = (way.secure ? builtin('node:https') : http).request({
    ...way.to,
    method: asking.method,
    path: asking.path,
    headers: headersOf(way, asking, body),
    agent: false,
    ...(way.secure ? { ca: trusted() } : {}),
    ...(asking.signal ? { signal: asking.signal } : {}),
  });
  const isSent = watchConnection(request, way);
  const idle = asking.idleSeconds ?? usualIdleSeconds;
  request.setTimeout(idle * 1000, () =>
    request.destroy(new ServerUnreachable(`${way.name} has said nothing for ${idle} seconds.`, { sent: true })),
  );
  request.once('response', resolve);
  request.on('error', (error) => {
    if (asking.signal?.aborted) reject(asking.signal.reason);
    else explain(way, error, isSent()).then(reject, reject);
  });
  request.end(body);
  return promise;
}

/** Node brings its own authorities; those of this machine, where a lab adds its own, count as well. */
function trusted(): string[] {
  const { getCACertificates } = builtin('node:tls');
  return [...new Set([...getCACertificates('default'), ...getCACertificates('system')])];
}

function headersOf(way: Way, asking: Asking, body: Buffer | null): http.OutgoingHttpHeaders {
  return {
    accept: asking.accept ?? '*/*',
    ...('socketPath' in way.to ? { host: 'localhost' } : {}),
    ...(way.token === null ? {} : { authorization: `Bearer ${way.token}` }),
    ...(asking.lastId ? { 'last-event-id': asking.lastId } : {}),
    ...(asking.key === undefined ? {} : { 'idempotency-key': asking.key }),
    ...(body === null ? {} : { 'content-type': 'application/json', 'content-length': body.length }),
  };
}

/** Limits the time for connecting. @returns whether the connection stood, so that the request may have arrived */
function watchConnection(request: http.ClientRequest, way: Way): () => boolean {
  let stood = false;
  request.once('socket', (socket: Socket) => {
    const late = new ServerUnreachable(`${way.name} does not answer within ${connectSeconds} seconds.`);
    const timer = setTimeout(() => request.destroy(late), connectSeconds * 1000);
    const done = () => {
      stood = true;
      clearTimeout(timer);
    };
    socket.once(way.secure ? 'secureConnect' : 'connect', done);
    socket.once('close', () => clearTimeout(timer));
  });
  return () => stood;
}

async function explain(way: Way, error: NodeJS.ErrnoException, sent: boolean): Promise<Error> {
  if (error instanceof ServerUnreachable) return error;
  const complaint = await way.complaint();
  if (complaint) return complaint;
  if (error.code === 'EACCES') return new NotAllowed(`${way.name} is closed to you: you are not in its group.`);
  if (sent) return new ServerUnreachable(`${way.name} broke the connection.`, { cause: error, sent });
  const why = reasons[error.code ?? ''] ?? error.message;
  return new ServerUnreachable(`No server answers at ${way.name} (${why}).`, { cause: error });
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such socket',
  ECONNREFUSED: 'nothing listens there',
  ENOTFOUND: 'there is no such host',
  EAI_AGAIN: 'the name of the host cannot be looked up',
  EHOSTUNREACH: 'there is no way to that host',
  ENETUNREACH: 'there is no way to that network',
  ENOTSOCK: 'it is no socket',
  ENOTDIR: 'there is no such socket',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is self-signed',
  SELF_SIGNED_CERT_IN_CHAIN: 'this machine does not trust its certificate',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'this machine does not trust its certificate',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'this machine does not trust its certificate',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name',
};

async function refusal(way: Way, answer: http.IncomingMessage, status: number): Promise<Error> {
  let error: ErrorView['error'];
  try {
    error = readError(await readJson(way, answer)).error;
  } catch (cause) {
    if (cause instanceof ServerUnreachable) return cause;
    return new UnknownAnswer(`${way.name} answers with HTTP status ${status} and no reason. Is it a rayserver?`);
  }
  return new Refused({ code: error.code, message: error.message, status, job: error.job ?? null });
}

async function readJson(way: Way, answer: http.IncomingMessage): Promise<unknown> {
  const pieces: Buffer[] = [];
  let length = 0;
  try {
    for await (const piece of answer as AsyncIterable<Buffer>) {
      length += piece.length;
      if (length > longestAnswer) throw new UnknownAnswer(`${way.name} answers without end. Is it a rayserver?`);
      pieces.push(piece);
    }
  } catch (error) {
    if (error instanceof UnknownAnswer) throw error;
    throw await explain(way, error as NodeJS.ErrnoException, true);
  }
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(pieces)));
  } catch {
    throw new UnknownAnswer(`${way.name} does not answer in JSON. Is it a rayserver?`);
  }
}
