import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Bounds } from './bounds.ts';
import type { Connections } from './connections.ts';
import { type DoorRules, turnedAway } from './door.ts';
import type { Caller } from './farm.ts';
import type { LargeBodies } from './large-bodies.ts';
import { type Log, sendProblem } from './listener.ts';
import { loggedPath } from './logged-path.ts';
import { type Problem, problem, safeHeaders } from './problem.ts';
import { bearsToken, unauthorized, unknownPeer } from './who.ts';

/** How a listener knows who asks: the caller, or why there is none. */
export type Introduce = (request: IncomingMessage) => Caller | Problem;

export interface ReceptionOptions {
  readonly bounds: Bounds;
  readonly connections: Connections;
  readonly largeBodies: LargeBodies;
  readonly rules: DoorRules;
  readonly introduce: Introduce;
  readonly peerOf: (socket: Socket) => string;
  readonly isClosing: () => boolean;
  /** Told of every request that was answered or cut. */
  readonly answered: (request: IncomingMessage, status: number, seconds: number) => void;
  readonly log: Log;
  /** For what strangers can cause at will. */
  readonly logRefused: Log;
  /** The application, for requests that were let in; `caller` is null where none is needed and none was named. */
  readonly enter: (request: IncomingMessage, response: ServerResponse, caller: Caller | null) => void;
}

/** What every request passes before the application: shape, Host and Origin, who asks. Logs one line per request. */
export function openReception(
  options: ReceptionOptions,
): (request: IncomingMessage, response: ServerResponse, awaits: boolean) => void {
  return (request, response, awaits) => {
    for (const [name, value] of Object.entries(safeHeaders)) response.setHeader(name, value);
    const refused = turnedAway(headOf(request), options.rules) ?? closing(options);
    const caller = refused ? null : options.introduce(request);
    const unknown = caller !== null && 'status' in caller && !isOpen(request) ? caller : null;
    const known = caller !== null && 'user' in caller ? caller : null;
    logWhenDone(request, response, known, options);
    swallowRest(request, response, options.bounds);
    const told = refused ?? unknown ?? crowded(request, response, options);
    if (told) {
      turnAway(request, response, told, awaits, options.bounds);
      return;
    }
    if (known) options.connections.use(request.socket);
    if (awaits) response.writeContinue();
    options.enter(request, response, known);
  };
}

/** Over TCP: who bears the token. */
export function introduceByToken(token: string, peerOf: (socket: Socket) => string): Introduce {
  return (request) => {
    const { authorization } = request.headers;
    if (!bearsToken(authorization, token)) return unauthorized(authorization !== undefined);
    return { user: 'token', uid: null, peer: peerOf(request.socket) };
  };
}

/** On the Unix socket: who the kernel says is at the other end, asked once per connection. */
export function introduceByKernel(
  identify: (socket: Socket) => { user: string; uid: number } | null,
  log: Log,
): (socket: Socket) => Caller | Problem {
  const known = new WeakMap<Socket, Caller>();
  return (socket) => {
    const before = known.get(socket);
    if (before) return before;
    try {
      const found = identify(socket);
      if (!found) return unknownPeer;
      const caller = { user: found.user, uid: found.uid, peer: 'socket' };
      known.set(socket, caller);
      return caller;
    } catch (error) {
      log('warn', `socket - nobody known at the other end: ${error instanceof Error ? error.message : String(error)}`);
      return unknownPeer;
    }
  };
}

export function userOf(introduced: Caller | Problem): string {
  return 'user' in introduced ? introduced.user : '';
}

function headOf(request: IncomingMessage) {
  const { method = '', url = '', httpVersion, rawHeaders } = request;
  return { method, url, httpVersion, rawHeaders };
}

function closing(options: ReceptionOptions): Problem | null {
  return options.isClosing() ? problem(503, 'not-ready', 'The server is about to stop.', { 'Retry-After': '5' }) : null;
}

function crowded(
  request: IncomingMessage,
  response: ServerResponse,
  { largeBodies }: ReceptionOptions,
): Problem | null {
  if (largeBodies.enter(request, response)) return null;
  const says = `More than ${largeBodies.most} requests with large bodies are under way. Try again.`;
  return problem(503, 'not-ready', says, { 'Retry-After': '2' });
}

function isOpen(request: IncomingMessage): boolean {
  const path = (request.url ?? '').split('?', 1)[0];
  return path === '/healthz' && (request.method === 'GET' || request.method === 'HEAD');
}

function logWhenDone(
  request: IncomingMessage,
  response: ServerResponse,
  caller: Caller | null,
  options: ReceptionOptions,
) {
  const since = performance.now();
  const peer = options.peerOf(request.socket);
  response.once('close', () => {
    const milliseconds = performance.now() - since;
    const cut = response.writableFinished ? '' : ' (cut)';
    const line = [
      peer,
      caller?.user ?? '-',
      request.method,
      loggedPath(request.url ?? ''),
      response.statusCode,
      `${Math.round(milliseconds)} ms${cut}`,
    ];
    const isPlain = response.statusCode < 400 && response.writableFinished;
    const log = isPlain ? options.log : options.logRefused;
    log('info', line.join(' '));
    options.answered(request, response.statusCode, milliseconds / 1000);
  });
}

/**
 * The answer goes out when the body has been thrown away, or soon: a connection that is closed with bytes unread is
 * reset, and the client would never see why it was refused.
 */
function turnAway(
  request: IncomingMessage,
  response: ServerResponse,
  told: Problem,
  awaits: boolean,
  bounds: Bounds,
): void {
  const answer = () => {
    clearTimeout(timer);
    if (!response.headersSent && !response.destroyed) sendProblem(response, told, awaits);
  };
  const timer = setTimeout(answer, awaits ? 0 : bounds.lingerMs);
  request.once('close', () => clearTimeout(timer));
  if (!awaits) request.once('end', answer).resume();
}

/** A body that goes on after its answer is thrown away for a moment, then the connection is cut. */
function swallowRest(request: IncomingMessage, response: ServerResponse, bounds: Bounds): void {
  response.once('finish', () => {
    if (request.complete) return;
    setTimeout(() => {
      if (!request.complete) request.socket.destroy();
    }, bounds.lingerMs).unref();
  });
}
