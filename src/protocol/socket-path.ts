import { closeSync, constants, lstatSync, openSync } from 'node:fs';
import { connect } from 'node:net';
import { basename, dirname } from 'node:path';

/** The longest path that fits into a Unix socket's address, bytes. */
const LONGEST = 107;

/** A path that names the same socket and fits into an address; `release` when the socket is closed. */
export interface SocketPath {
  readonly path: string;
  release(): void;
}

/** A long path is named through the descriptor of its directory. */
export function socketPath(path: string): SocketPath {
  if (Buffer.byteLength(path) <= LONGEST) return { path, release: () => {} };
  const directory = openSync(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY);
  let open = true;
  return {
    path: `/proc/self/fd/${directory}/${basename(path)}`,
    release: () => {
      if (open) closeSync(directory);
      open = false;
    },
  };
}

/**
 * Makes sure that nothing of worth lies where a socket is to be made: only a socket that nobody listens on.
 * @throws Error if it is something else, or somebody answers.
 */
export async function refuseTaken(path: string): Promise<void> {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (!found) return;
  if (!found.isSocket()) throw new Error(`${path} is in the way: it is not a socket`);
  const answered = await new Promise<boolean>((settle) => {
    const socket = connect(path);
    socket.on('connect', () => settle(true)).on('error', () => settle(false));
    socket.on('connect', () => socket.destroy());
  });
  if (answered) throw new Error(`${path} is taken: another program listens on it`);
}
