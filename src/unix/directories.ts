import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Makes a directory and those above it that are missing, with `mode` less the umask; those that exist are fine.
 * Node's own `recursive` never returns where a directory refuses children with ENOENT, as /proc does.
 * @returns whether the directory itself is new
 */
export function makeWithParents(directory: string, mode: number): boolean {
  try {
    mkdirSync(directory, { mode });
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return false;
    const parent = dirname(directory);
    if (code !== 'ENOENT' || parent === directory) throw error;
    if (!makeWithParents(parent, mode)) throw error;
    mkdirSync(directory, { mode });
    return true;
  }
}
