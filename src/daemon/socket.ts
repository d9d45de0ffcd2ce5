import { Server } from 'node:net';
import { getSystemErrorName } from 'node:util';
import { messages } from './messages.ts';
import { Stop } from './stop.ts';

/** Tries to bind, in all, and the seconds between them. */
const tries = 3;
export const retrySeconds = 30;

export interface BindOptions {
  readonly address: string;
  /** 0: any free port. */
  readonly port: number;
  /** Between two tries; the manual's 30. */
  readonly retrySeconds: number;
  readonly pause: (milliseconds: number) => Promise<void>;
  readonly complain: (line: string) => void;
  readonly listen: (address: string, port: number) => Promise<Server>;
}

/** Binds the job port; a port in use is tried three times in all. @throws Stop */
export async function bindPort(options: BindOptions): Promise<Server> {
  const { address, port, complain } = options;
  for (let left = tries - 1; ; left--) {
    try {
      return await options.listen(address, port);
    } catch (error) {
      const fault = socketFault(error as NodeJS.ErrnoException);
      if (left === 0 || (error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw new Stop(fault);
      complain(fault);
      complain(messages.retrying(options.retrySeconds));
      await options.pause(options.retrySeconds * 1000);
    }
  }
}

/** The C library's words, which the manual's message has; Node's own are in small letters. */
const words: Readonly<Record<string, string>> = {
  EADDRINUSE: 'Address already in use',
  EADDRNOTAVAIL: 'Cannot assign requested address',
  EACCES: 'Permission denied',
  EAFNOSUPPORT: 'Address family not supported by protocol',
  EMFILE: 'Too many open files',
};

function socketFault(error: NodeJS.ErrnoException): string {
  const errno = error.errno ?? 0;
  const code = error.code ?? (errno < 0 ? getSystemErrorName(errno) : 'unknown');
  return messages.socketError(Math.abs(errno), words[code] ?? code);
}

/** Listens, and does not take anybody in: that is for the server, to which the socket is handed. */
export function listenOn(address: string, port: number): Promise<Server> {
  return new Promise((bound, failed) => {
    const server = new Server();
    server.once('error', failed);
    server.listen({ host: address === 'localhost' ? '127.0.0.1' : address, port, backlog: 511, exclusive: true }, () =>
      bound(server),
    );
  });
}

export function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}
