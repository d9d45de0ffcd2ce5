import { accessSync, closeSync, constants, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { takeGroupsOf } from './drop.ts';
import type { Identity } from './identity.ts';

/**
 * Looks with the eyes of another user: groups, effective group and user are changed for the time of `look` and the
 * user and group taken back. Only root can; the supplementary groups stay changed, since the real drop follows.
 */
export function withEyesOf<T>(identity: Identity, look: () => T): T {
  const own = process.getegid?.() ?? 0;
  takeGroupsOf(identity);
  process.setegid?.(identity.gid);
  process.seteuid?.(identity.uid);
  try {
    return look();
  } finally {
    process.seteuid?.(0);
    process.setegid?.(own);
  }
}

/** The topmost path on the way to `file` that the caller cannot enter or read, or null: it can be read. */
export function firstUnreadable(file: string): string | null {
  if (canOpen(file)) return null;
  const way: string[] = [];
  for (let at = dirname(file); !way.includes(at); at = dirname(at)) way.unshift(at);
  return way.find((directory) => !canOpen(`${directory}/.`, 0o10000000)) ?? file;
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

/** Can the caller (his real user) write here, now? */
export function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
