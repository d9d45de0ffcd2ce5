import { mkdtempSync, rmSync } from 'node:fs';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import * as net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Bounds } from '../../src/web/bounds.ts';
import { Metrics } from '../../src/web/metrics.ts';
import { openPort, type Port } from '../../src/web/port.ts';
import { checkConforms } from './conforms.ts';
import { MemoryFarm } from './memory-farm.ts';

export const token = 'correct-horse-battery-staple-0123456789';

export interface Answered {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of any shape
  readonly json: any;
}

export interface Asked {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string | Buffer | object;
  /** Ask on the Unix socket instead of TCP. */
  readonly local?: boolean;
  /** TCP: send no token. */
  readonly anonymous?: boolean;
}

export interface Opened {
  readonly farm: MemoryFarm;
  readonly metrics: Metrics;
  readonly port: number;
  readonly socketPath: string;
  readonly lines: string[];
  readonly door: Port;
  /** Every answer is checked against openapi.json. */
  ask(path: string, asked?: Asked): Promise<Answered>;
  /** Sends bytes over a new connection and gives all that comes back until the other side closes. */
  raw(bytes: string | Buffer, options?: { local?: boolean; end?: boolean }): Promise<string>;
  connect(local?: boolean): net.Socket;
  close(): Promise<void>;
}

export interface OpenOptions {
  readonly bounds?: Partial<Bounds>;
  readonly identify?: (socket: net.Socket) => { user: string; uid: number } | null;
}

/** A job port on a free TCP port and a Unix socket, with a farm in memory behind it. */
export async function openTestPort(options: OpenOptions = {}): Promise<Opened> {
  const farm = new MemoryFarm();
  const metrics = new Metrics();
  const lines: string[] = [];
  const directory = mkdtempSync(join(tmpdir(), 'rayserver-web-'));
  const socketPath = join(directory, 'submit.sock');
  const { fd, port } = boundSocket();
  const door = await openPort({
    farm,
    token,
    version: '1.2.3',
    port,
    tcp: { fd },
    metrics,
    openFiles: 20_000,
    socket: { path: socketPath },
    identify: options.identify ?? (() => ({ user: 'ann', uid: 1001 })),
    logFile: '/home/srvlogs/sun',
    log: (level, text) => lines.push(`${level} ${text}`),
    bounds: options.bounds ?? {},
  });
  const connect = (local = false) => (local ? net.connect(socketPath) : net.connect(port, '127.0.0.1'));
  return {
    farm,
    metrics,
    port,
    socketPath,
    lines,
    door,
    connect,
    ask: async (path, asked = {}) => {
      const answered = await ask(path, asked, { port, socketPath });
      const type = answered.headers['content-type'] ?? '';
      checkConforms(asked.method ?? 'GET', path, answered.status, type, answered.json);
      return answered;
    },
    raw: (bytes, { local = false, end = false } = {}) => exchange(connect(local), bytes, end),
    close: async () => {
      await door.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

interface BoundHandle {
  readonly fd: number;
  getsockname(out: { port?: number }): number;
}

/** A TCP socket that is bound and does not listen yet, as the daemon hands it on. */
export function boundSocket(): { fd: number; port: number } {
  const { _createServerHandle: create } = net as unknown as {
    _createServerHandle(address: string, port: number, family: 4): BoundHandle | number;
  };
  const handle = create('127.0.0.1', 0, 4);
  if (typeof handle === 'number') throw new Error(`no TCP socket: error ${handle}`);
  const name: { port?: number } = {};
  handle.getsockname(name);
  return { fd: handle.fd, port: name.port ?? 0 };
}

function ask(path: string, asked: Asked, at: { port: number; socketPath: string }): Promise<Answered> {
  const { method = 'GET', headers = {}, body, local = false, anonymous = false } = asked;
  const isJson = typeof body === 'object' && !Buffer.isBuffer(body);
  const content = isJson ? JSON.stringify(body) : body;
  return new Promise((resolve, reject) => {
    const request = httpRequest({
      ...(local ? { socketPath: at.socketPath } : { host: '127.0.0.1', port: at.port }),
      method,
      path,
      agent: false,
      headers: {
        ...(local ? { Host: 'rayserver' } : {}),
        ...(local || anonymous ? {} : { Authorization: `Bearer ${token}` }),
        ...(isJson ? { 'Content-Type': 'application/json' } : {}),
        ...headers,
      },
    });
    request.on('error', reject);
    request.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('error', reject);
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const all = Buffer.concat(chunks);
        const { statusCode: status = 0, headers: answered } = response;
        const isText = answered['content-type']?.startsWith('application/json') && all.length > 0;
        resolve({ status, headers: answered, body: all, json: isText ? JSON.parse(all.toString()) : null });
      });
    });
    request.end(content);
  });
}

function exchange(socket: net.Socket, bytes: string | Buffer, end: boolean): Promise<string> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    // A reset after the answer is an end, too.
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(Buffer.concat(chunks).toString('latin1')));
    if (end) socket.end(bytes);
    else socket.write(bytes);
  });
}
