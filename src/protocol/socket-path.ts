import { closeSync, constants, lstatSync, openSync, rmSync } from 'node:fs';
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
 * Removes a socket that a dead process left where another is to be made; anything else stays, and so does a socket that
 * somebody answers on.
 * @param said what people call the path
 * @throws Error if something else is in the way, or somebody answers
 */
export async function removeStale(path: string, said: string): Promise<void> {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (!found) return;
  if (!found.isSocket()) throw new Error(`${said} is in the way and is not a socket. Move it away.`);
  if (await isAnswered(path)) throw new Error(`Another server answers on ${said}. Stop it first.`);
  rmSync(path, { force: true });
}

/** @throws NodeJS.ErrnoException if the kernel says neither yes nor no. */
function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED' || error.code === 'ENOENT') resolve(false);
      else if (error.code === 'EAGAIN') resolve(true);
      else reject(error);
    });
  });
}
