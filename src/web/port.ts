import type { Server } from 'node:http';
import type { Server as NetServer, Socket } from 'node:net';
import { type Application, createApplication } from './application.ts';
import { type Bounds, defaultBounds, fitting } from './bounds.ts';
import { Connections } from './connections.ts';
import { type DoorRules, socketHosts, tcpHosts } from './door.ts';
import { EventStreams } from './events.ts';
import type { Farm } from './farm.ts';
import { LargeBodies } from './large-bodies.ts';
import { createListener, type Log } from './listener.ts';
import type { Metrics } from './metrics.ts';
import {
  type Introduce,
  introduceByKernel,
  introduceByToken,
  openReception,
  type ReceptionOptions,
  userOf,
} from './reception.ts';
import { addRoutes } from './routes.ts';
import { backlog, listenOnSocket } from './socket.ts';
import { thinned } from './thin-log.ts';

export interface PortOptions {
  readonly farm: Farm;
  readonly metrics: Metrics;
  /** What a client on TCP has to bear. */
  readonly token: string;
  readonly version: string;
  /** The TCP port that clients see. */
  readonly port: number;
  /** A bound TCP socket, inherited or opened by the caller; it is the port's from now on. */
  readonly tcp: { readonly fd: number };
  /** Of the Unix socket: the path where to make it, or one that the caller was given, as for `tcp`. */
  readonly socket: { readonly path: string } | { readonly fd: number };
  /** Who is at the other end of a connection to the Unix socket, as the kernel says. */
  identify(socket: Socket): { user: string; uid: number } | null;
  /** The path of the file that `log` writes, for people. */
  readonly logFile: string;
  log(level: 'info' | 'warn' | 'error', text: string): void;
  readonly bounds?: Partial<Bounds>;
  /** How many files and connections this process may have open. */
  readonly openFiles: number;
}

export interface Port {
  /** Stops listening, ends event streams, and gives requests under way a moment; never takes longer than 2 s. */
  close(): Promise<void>;
}

/** Opens the job port: one application on TCP and on the Unix socket. Both listen when it resolves. */
export async function openPort(options: PortOptions): Promise<Port> {
  if (options.token.length < 16) throw new Error('The token of the job port is shorter than 16 characters.');
  const bounds = fitting({ ...defaultBounds, ...options.bounds }, options.openFiles);
  const log: Log = (level, text) => options.log(level, text);
  const streams = new EventStreams(options.farm, bounds);
  const application = createApplication(bounds, { log, logFile: options.logFile });
  const { farm, version, metrics } = options;
  const overTcp = new Connections(bounds.connections, addressOf);
  const introduce = introduceByKernel((socket) => options.identify(socket), log);
  const onSocket = new Connections(bounds.localConnections, (socket) => userOf(introduce(socket)));
  const open = () => ({ tcp: overTcp.count, socket: onSocket.count, streams: streams.count });
  addRoutes(application.routes, { farm, version, streams, metrics, open });
  await application.routes.ready();
  const state = { isClosing: false };
  const common = {
    application,
    bounds,
    largeBodies: new LargeBodies(bounds.largeBodies),
    log,
    logRefused: thinned(log),
    isClosing: () => state.isClosing,
    answered: meter(application, metrics),
  };
  const tcp = listener({
    ...common,
    connections: overTcp,
    rules: { hosts: tcpHosts, port: options.port, bounds },
    peerOf: addressOf,
    introduce: introduceByToken(options.token, addressOf),
  });
  const local = listener({
    ...common,
    connections: onSocket,
    rules: { hosts: socketHosts, port: null, bounds },
    peerOf: () => 'socket',
    introduce: ({ socket }) => introduce(socket),
  });
  await ('fd' in options.socket
    ? listenOnDescriptor(local, options.socket.fd)
    : listenOnSocket(local, options.socket.path));
  try {
    await listenOnDescriptor(tcp, options.tcp.fd);
  } catch (error) {
    local.close();
    throw error;
  }
  const close = async () => {
    state.isClosing = true;
    streams.endAll();
    await Promise.all([tcp, local].map((server) => closeServer(server, bounds.closeMs)));
    await application.routes.close();
  };
  let closed: Promise<void> | null = null;
  return { close: () => (closed ??= close()) };
}

/** Event streams last as long as somebody listens, which says nothing about us. */
function meter({ operationOf }: Application, metrics: Metrics): ReceptionOptions['answered'] {
  return (request, status, seconds) => {
    const operation = operationOf(request);
    if (!operation.startsWith('watch')) metrics.answered(operation, status, seconds);
  };
}

interface ListenerParts {
  readonly application: Application;
  readonly bounds: Bounds;
  readonly largeBodies: LargeBodies;
  readonly connections: Connections;
  readonly log: Log;
  readonly logRefused: Log;
  readonly answered: ReceptionOptions['answered'];
  readonly isClosing: () => boolean;
  readonly rules: DoorRules;
  readonly peerOf: (socket: Socket) => string;
  readonly introduce: Introduce;
}

function listener({ application, ...parts }: ListenerParts): Server {
  return createListener({ ...parts, handle: openReception({ ...parts, enter: application.enter }) });
}

function addressOf(socket: Socket): string {
  return socket.remoteAddress ?? 'gone';
}

function listenOnDescriptor(server: NetServer, fd: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ fd, backlog }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function closeServer(server: Server, patienceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => server.closeAllConnections(), patienceMs);
    server.close(() => {
      clearTimeout(timer);
      resolve();
    });
    server.closeIdleConnections();
  });
}
