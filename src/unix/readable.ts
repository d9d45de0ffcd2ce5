import { closeSync, constants, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { takeGroupsOf } from './drop.ts';
import type { Identity } from './identity.ts';
import { O_PATH } from './walk.ts';

/**
 * Looks with the eyes of another user: groups, effective group and user are changed for the time of `look`, and user
 * and group taken back. The supplementary groups stay changed, since the real switch follows.
 * @returns null where the caller has not the right to; the switch will then say so
 */
export function withEyesOf<T>(identity: Identity, look: () => T): T | null {
  const own = { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 };
  try {
    takeGroupsOf(identity);
    process.setegid?.(identity.gid);
    process.seteuid?.(identity.uid);
    return look();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EPERM') return null;
    throw error;
  } finally {
    process.seteuid?.(own.uid);
    process.setegid?.(own.gid);
  }
}

/** The topmost path on the way to `file` that the caller cannot enter or read, or null: it can be read. */
export function firstUnreadable(file: string): string | null {
  if (canOpen(file)) return null;
  const way: string[] = [];
  for (let at = dirname(file); !way.includes(at); at = dirname(at)) way.unshift(at);
  return way.find((directory) => !canOpen(`${directory}/.`, O_PATH)) ?? file;
}

/** By opening, since access() asks for the real user, and a directory only has to let us through. */
function canOpen(path: string, flags: number = constants.O_RDONLY | constants.O_NONBLOCK): boolean {
  try {
    closeSync(openSync(path, flags));
    return true;
  } catch {
    return false;
  }
}
