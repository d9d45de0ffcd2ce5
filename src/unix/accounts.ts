import { createRequire } from 'node:module';

export interface UserEntry {
  readonly name: string;
  readonly uid: number;
  /** Primary group. */
  readonly gid: number;
  readonly home: string;
  readonly shell: string;
}
export interface GroupEntry {
  readonly name: string;
  readonly gid: number;
}

/** The system's users and groups, by name or number; null: there is none. */
export interface Accounts {
  user(who: string | number): UserEntry | null;
  group(which: string | number): GroupEntry | null;
}

/** (uid_t) -1 means "leave as it is" to the kernel and is nobody's number. */
const largestId = 0xfffffffe;

/** The real ones. `posix` is loaded at the first question only: some platforms have neither users nor groups. */
export const systemAccounts: Accounts = {
  user(who) {
    const entry = found(who, (key) => load().getpwnam(key));
    return entry === null
      ? null
      : { name: entry.name, uid: entry.uid, gid: entry.gid, home: entry.dir, shell: entry.shell };
  },
  group(which) {
    const entry = found(which, (key) => load().getgrnam(key));
    return entry === null ? null : { name: entry.name, gid: entry.gid };
  },
};

/** posix throws for "not found" as for every other trouble; for us, a user that cannot be looked up is not there. */
function found<Entry>(key: string | number, look: (key: string | number) => Entry): Entry | null {
  if (key === '' || (typeof key === 'number' && (!Number.isInteger(key) || key < 0 || key > largestId))) return null;
  try {
    return look(key);
  } catch {
    return null;
  }
}

/** Why users and groups cannot be looked up at all, or null. */
export function accountsTrouble(): string | null {
  try {
    load();
    return null;
  } catch (error) {
    return (error as Error).message.replaceAll(/\s+/g, ' ').replace(/\.$/, '');
  }
}

function load(): typeof import('posix').default {
  return createRequire(import.meta.url)('posix');
}
