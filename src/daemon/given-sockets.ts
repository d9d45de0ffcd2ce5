import { listeningAt } from '../unix/given-socket.ts';
import type { GivenSocket } from '../unix/service-manager.ts';
import { messages } from './messages.ts';
import { checkAddress } from './options.ts';
import { Stop } from './stop.ts';

/** What a service manager has bound for the server; null: that one it binds itself. */
export interface Given {
  readonly http: { readonly fd: number; readonly port: number } | null;
  readonly submit: number | null;
}

/**
 * Tells what was given by its kind, as a systemd.socket(5) has one name for all: a TCP socket of this machine only, and a
 * Unix socket. @param port - the one that was asked for on the command line, or null
 * @throws Stop where something else was given: it would lie there, and people would wait at it
 */
export function readGiven(sockets: readonly GivenSocket[], port: number | null): Given {
  let [http, submit]: [Given['http'], Given['submit']] = [null, null];
  for (const { name, fd } of sockets) {
    const found = listeningAt(fd);
    if (found.is === 'tcp' && http === null) {
      const fault = checkAddress(found.address);
      if (fault !== null) throw new Stop(fault);
      if (port !== null && port !== found.port) throw new Stop(messages.otherPort(port, found.port));
      http = { fd, port: found.port };
    } else if (found.is === 'unix' && submit === null) submit = fd;
    else throw new Stop(messages.strangeSocket(name));
  }
  return { http, submit };
}
