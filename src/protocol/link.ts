import type { Socket } from 'node:net';
import { Client, Server } from 'net-ipc';
import { Compile } from 'typebox/compile';
import { atFirstUse } from '../model/at-first-use.ts';
import { End, type Link, type Log, watchSocket } from './end.ts';
import { FromProcwrap, ToProcwrap } from './inner.ts';
import { removeStale, socketPath } from './socket-path.ts';

/**
 * The inner link: messages between a server and its procwrap over a Unix socket in a directory of mode 0700.
 *
 * Of net-ipc only framing, handshake and one-way messages are used. Its requests and its waiting for drained buffers
 * are shared by all connections, a long frame ends the process, and several of its promises never settle; so ids tie
 * answers to questions, frames are bounded where they are read, and the end of a connection is taken from its socket.
 */

const HANDSHAKE_MS = 10_000;
/** Compiled when a link is made: each process has one end, and what only the other one hears it does not need. */
const doorOfServer = atFirstUse(() => Compile(FromProcwrap));
const doorOfProcwrap = atFirstUse(() => Compile(ToProcwrap));

export type ServerLink = Link<ToProcwrap>;
export type ProcwrapLink = Link<FromProcwrap>;

export interface DialHandlers {
  message(message: FromProcwrap): void;
  /** Once, and only for a link that was there. */
  closed(reason: string): void;
  log: Log;
}

export interface ListenHandlers {
  connected(link: ProcwrapLink): void;
  message(message: ToProcwrap, link: ProcwrapLink): void;
  closed(link: ProcwrapLink, reason: string): void;
  log: Log;
}

/** The listening end. */
export interface LinkServer {
  /** Closes all connections; settles when they are closed. */
  close(): Promise<void>;
}

/**
 * Dials procwrap.
 * @throws Error if nobody listens there or the other end does not answer within `patienceMs`.
 */
export async function dialLink(path: string, handlers: DialHandlers, patienceMs = HANDSHAKE_MS): Promise<ServerLink> {
  const address = socketPath(path);
  try {
    return await new Promise<ServerLink>((settle, fail) => {
      const client = new Client({ path: address.path, reconnect: false });
      // It settles when the handshake is done, and never otherwise: the socket says the rest.
      client.connect().catch(() => {});
      const socket = client.connection as Socket;
      const end = new End<FromProcwrap, ToProcwrap>(client, socket, doorOfServer(), handlers.log);
      const late = setTimeout(() => socket.destroy(new Error('no answer')), patienceMs);
      watchSocket(socket, (reason) => {
        clearTimeout(late);
        if (end.open) handlers.closed(reason);
        else fail(new Error(`${path}: ${reason}`));
        end.open = false;
      });
      client.on('message', (message) => end.take(message, (checked) => handlers.message(checked)));
      client.on('ready', () => {
        clearTimeout(late);
        end.open = true;
        settle(end);
      });
    });
  } finally {
    address.release();
  }
}

/**
 * Listens at `path`, where nothing may lie but a socket that nobody listens on: net-ipc deletes what it finds.
 * @throws Error if the path is taken or cannot be bound.
 */
export async function listenLink(path: string, handlers: ListenHandlers): Promise<LinkServer> {
  const address = socketPath(path);
  const server = new Server({ path: address.path, retries: 0 });
  const sockets = new Set<Socket>();
  const ends = new Map<Socket, End<ToProcwrap, FromProcwrap>>();
  try {
    await removeStale(address.path, path);
    await start(server);
  } catch (error) {
    address.release();
    throw error;
  }
  server.server.prependListener('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.setTimeout(HANDSHAKE_MS, () => socket.destroy(new Error('no handshake')));
    watchSocket(socket, (reason) => {
      sockets.delete(socket);
      const end = ends.get(socket);
      ends.delete(socket);
      if (!end) return;
      end.open = false;
      handlers.closed(end, reason);
    });
  });
  server.on('connect', (connection) => {
    const socket = connection.connection as Socket;
    socket.setTimeout(0);
    const end = new End<ToProcwrap, FromProcwrap>(connection, socket, doorOfProcwrap(), handlers.log);
    end.open = true;
    ends.set(socket, end);
    handlers.connected(end);
  });
  server.on('message', (message, connection) => {
    const end = ends.get(connection.connection as Socket);
    end?.take(message, (checked) => handlers.message(checked, end));
  });
  return { close: () => stop(server, sockets, ends).finally(() => address.release()) };
}

function start(server: Server): Promise<void> {
  return new Promise((settle, fail) => {
    // start() itself never settles when listening fails. Errors of connections come here, too, and change nothing.
    server.on('error', (error) => fail(error));
    server.start().then(() => settle(), fail);
  });
}

async function stop(server: Server, sockets: Set<Socket>, ends: Map<Socket, Link<FromProcwrap>>): Promise<void> {
  const closed = new Promise<void>((settle) => {
    server.on('close', () => settle());
  });
  // Not net-ipc's own close, which waits for buffers of other connections.
  server.server.close();
  for (const socket of sockets) {
    const end = ends.get(socket);
    if (end) end.close();
    else socket.destroy();
  }
  await closed;
}
