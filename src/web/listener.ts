import { createServer, type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { Bounds } from './bounds.ts';
import type { Connections } from './connections.ts';
import { errorView, type Problem, problem, safeHeaders } from './problem.ts';

export type Log = (level: 'info' | 'warn' | 'error', text: string) => void;

export interface ListenerOptions {
  readonly bounds: Bounds;
  readonly connections: Connections;
  readonly log: Log;
  /** For what strangers can cause at will. */
  readonly logRefused: Log;
  /** For the log: `socket` or an address. */
  readonly peerOf: (socket: Socket) => string;
  /** Every well-formed request. `awaits`: the client sends its body only after a 100. */
  readonly handle: (request: IncomingMessage, response: ServerResponse, awaits: boolean) => void;
}

/** An HTTP/1.1 server that turns malformed HTTP away in our own words; it does not listen yet. */
export function createListener(options: ListenerOptions): Server {
  const { bounds, connections, handle } = options;
  const server = createServer({
    maxHeaderSize: bounds.headerBytes,
    headersTimeout: bounds.headersMs,
    requestTimeout: bounds.requestMs,
    keepAliveTimeout: bounds.keepAliveMs,
    connectionsCheckingInterval: bounds.checkMs,
    insecureHTTPParser: false,
    // The door says it, in JSON.
    requireHostHeader: false,
  });
  // Node would drop the header lines beyond a limit without a word: the door counts them.
  server.maxHeadersCount = 0;
  const take = (request: IncomingMessage, response: ServerResponse, awaits: boolean) => {
    connections.begin(request, response);
    if (connections.underWay(request.socket) > bounds.pipelined) {
      const told = problem(503, 'not-ready', `More than ${bounds.pipelined} requests of one connection are under way.`);
      sendProblem(response, told, true);
    } else handle(request, response, awaits);
  };
  server.on('request', (request, response) => take(request, response, false));
  server.on('checkContinue', (request, response) => take(request, response, true));
  server.on('checkExpectation', (_request, response) => {
    sendProblem(response, problem(417, 'malformed', 'No expectation but 100-continue is met here.'), true);
  });
  server.on('connect', (_request, socket) => {
    refuseRaw(socket as Socket, problem(405, 'not-found', 'This server is no proxy.'), bounds);
  });
  server.on('clientError', (error, socket) => onMalformed(error, socket as Socket, options));
  takeIn(server, options);
  return server;
}

const condemned = new WeakSet<Socket>();

function onMalformed(error: NodeJS.ErrnoException, socket: Socket, options: ListenerOptions): void {
  if (condemned.has(socket)) return;
  condemned.add(socket);
  if (error.code === 'ECONNRESET' || error.code === 'EPIPE' || !socket.writable) {
    socket.destroy();
    return;
  }
  const told = malformed(error.code ?? '');
  options.logRefused(
    'warn',
    `${options.peerOf(socket)} - malformed request ${told.status} (${error.code ?? error.message})`,
  );
  if (options.connections.mayAnswer(socket)) refuseRaw(socket, told, options.bounds);
  else socket.destroy();
}

function malformed(code: string): Problem {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return problem(431, 'too-large', 'The headers of the request are too large.');
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return problem(413, 'too-large', 'The chunk extensions of the request are too large.');
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return problem(408, 'malformed', 'The request did not arrive in time.');
    default:
      return problem(400, 'malformed', 'This is no HTTP/1.1 request.');
  }
}

/** Answers where no response object is; the client has a moment to read it, and what it still sends is thrown away. */
function refuseRaw(socket: Socket, told: Problem, bounds: Bounds): void {
  const body = JSON.stringify(errorView(told));
  const headers = Object.entries({ ...problemHeaders(told, body), Connection: 'close' });
  const head = [
    `HTTP/1.1 ${told.status} ${STATUS_CODES[told.status]}`,
    ...headers.map(([name, value]) => `${name}: ${value}`),
  ];
  socket.on('error', () => socket.destroy());
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
  socket.resume();
  setTimeout(() => socket.destroy(), bounds.lingerMs).unref();
}

export function sendProblem(response: ServerResponse, told: Problem, close: boolean): void {
  const body = JSON.stringify(errorView(told));
  response.writeHead(told.status, { ...problemHeaders(told, body), ...(close ? { Connection: 'close' } : {}) });
  response.end(response.req.method === 'HEAD' ? '' : body);
}

function problemHeaders(told: Problem, body: string): Record<string, string | number> {
  return {
    ...safeHeaders,
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': Buffer.byteLength(body),
    ...told.headers,
  };
}

/** Where there is no room, somebody goes. A flood of connections is one line a minute, not one each. */
function takeIn(server: Server, { connections, log }: ListenerOptions): void {
  let cut = 0;
  let toldAt = Number.NEGATIVE_INFINITY;
  server.prependListener('connection', (socket: Socket) => {
    if (connections.add(socket) === null) return;
    cut += 1;
    if (performance.now() - toldAt < 60_000) return;
    toldAt = performance.now();
    log('warn', `no room for more than ${connections.most} connections: ${cut} were cut that said or read nothing`);
    cut = 0;
  });
}
