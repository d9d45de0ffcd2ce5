import { chmodSync, lstatSync, unlinkSync } from 'node:fs';
import { connect, type Server } from 'node:net';
import { socketPath } from '../protocol/socket-path.ts';

/**
 * Listens on a Unix socket that its group may use. A socket left behind by a server that died is removed;
 * anything else at that path stays, and so does a socket that somebody answers on. Closing the server removes it.
 */
export async function listenOnSocket(server: Server, path: string): Promise<void> {
  const name = socketPath(path);
  server.once('close', () => name.release());
  try {
    await removeStale(name.path, path);
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ path: name.path }, () => {
        server.off('error', reject);
        resolve();
      });
    });
    // The directory around it keeps others out until this is done, and after.
    chmodSync(name.path, 0o660);
  } catch (error) {
    server.close();
    name.release();
    throw error;
  }
}

/** @param said what people call the path. */
async function removeStale(path: string, said: string): Promise<void> {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (!found) return;
  if (!found.isSocket()) throw new Error(`${said} is in the way and is not a socket. Move it away.`);
  if (await isAnswered(path)) throw new Error(`Another server answers on ${said}. Stop it first.`);
  unlinkSync(path);
}

/** @throws if the kernel says neither yes nor no. */
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
