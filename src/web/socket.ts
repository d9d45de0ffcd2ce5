import { chmodSync } from 'node:fs';
import type { Server } from 'node:net';
import { removeStale, socketPath } from '../protocol/socket-path.ts';

/** Connections that wait to be taken in; the kernel may have a smaller bound. */
export const backlog = 4096;

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
      server.listen({ path: name.path, backlog }, () => {
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
