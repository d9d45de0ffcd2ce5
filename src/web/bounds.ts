/** What the job port puts up with. Times are milliseconds, sizes bytes. */
export interface Bounds {
  /** Most of a request target. */
  readonly urlBytes: number;
  /** Most of all headers together, request line included. */
  readonly headerBytes: number;
  readonly headers: number;
  /** Connections over TCP. */
  readonly connections: number;
  /** Connections to the Unix socket: its own, so that nobody on TCP keeps local users out. */
  readonly localConnections: number;
  /** Requests of one connection that are under way at the same time. */
  readonly pipelined: number;
  /** Requests with large bodies that are under way at the same time, of the whole port. */
  readonly largeBodies: number;
  /** Event streams of the whole port; one user has at most half of them. */
  readonly streams: number;
  /** From the first byte of a connection or request to the end of its headers. */
  readonly headersMs: number;
  /** From the first byte of a request to the end of its body. */
  readonly requestMs: number;
  readonly keepAliveMs: number;
  /** How often the three above are looked at. */
  readonly checkMs: number;
  /** How long an answer may stand still because nobody takes it, or because the file gives nothing. */
  readonly stallMs: number;
  /** How long the reader of an event stream may fall behind. */
  readonly slowReaderMs: number;
  readonly heartbeatMs: number;
  /** Least time between two events that tell of progress only. */
  readonly progressMs: number;
  /** How long clients have to leave when the port closes. */
  readonly closeMs: number;
  /** How long a connection is kept after a refusal, so that the client can read why. */
  readonly lingerMs: number;
}

export const defaultBounds: Bounds = {
  urlBytes: 8192,
  headerBytes: 16384,
  headers: 100,
  connections: 12_000,
  localConnections: 2000,
  pipelined: 32,
  largeBodies: 64,
  streams: 1024,
  headersMs: 10_000,
  requestMs: 30_000,
  keepAliveMs: 10_000,
  checkMs: 1000,
  stallMs: 120_000,
  slowReaderMs: 30_000,
  heartbeatMs: 15_000,
  progressMs: 250,
  closeMs: 1500,
  lingerMs: 1000,
};

/** Open files that are not for connections: the store, the log, procwrap, results that are read. */
const otherFiles = 256;

/** Bounds that fit into so many open files: without a descriptor to spare nothing could be taken in or written. */
export function fitting(bounds: Bounds, openFiles: number): Bounds {
  const room = Math.max(8, openFiles - otherFiles, Math.floor(openFiles / 2));
  const localConnections = Math.min(bounds.localConnections, Math.floor(room / 4));
  return { ...bounds, localConnections, connections: Math.min(bounds.connections, room - localConnections) };
}
