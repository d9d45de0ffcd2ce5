import { connect, type Socket } from 'node:net';

/** A way into the job port. */
export interface Way {
  readonly port: number;
  /** The Unix socket; null: over TCP. */
  readonly socket: string | null;
  /** Null: nobody known. */
  readonly token: string | null;
}

export function bearerOf({ token }: Way): string | null {
  return token === null ? null : `Authorization: Bearer ${token}`;
}

/** `from`: several clients take several loopback addresses, because each has only so many ports. */
export function enter({ port, socket }: Way, from = 0): Socket {
  const found =
    socket !== null
      ? connect(socket)
      : connect({ port, host: '127.0.0.1', localAddress: `127.0.0.${2 + (from % 200)}` });
  return found.on('error', () => found.destroy());
}
