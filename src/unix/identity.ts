import type { Accounts, GroupEntry, UserEntry } from './accounts.ts';

/** Who a process runs as. */
export interface Identity {
  readonly uid: number;
  readonly gid: number;
  readonly user: string;
  readonly group: string;
  readonly home: string;
  readonly shell: string;
}

/** Somebody who was named and is not there: the sentence of the manual. */
export class NotFound extends Error {
  override readonly name = 'NotFound';
}

const digits = /^[0-9]+$/;

/** `who` is a user name, or a UID if all digits and no user has that name. @throws NotFound */
export function resolveUser(who: string, accounts: Accounts): UserEntry {
  const named = accounts.user(who);
  if (named !== null) return named;
  if (!digits.test(who)) throw new NotFound(`User name "${who}" not found.`);
  const numbered = accounts.user(Number(who));
  if (numbered === null) throw new NotFound(`User ID "${who}" not found.`);
  return numbered;
}

/** `which` is a group name, or a GID if all digits and no group has that name. @throws NotFound */
export function resolveGroup(which: string, accounts: Accounts): GroupEntry {
  const named = accounts.group(which);
  if (named !== null) return named;
  if (!digits.test(which)) throw new NotFound(`group name "${which}" not found.`);
  const numbered = accounts.group(Number(which));
  if (numbered === null) throw new NotFound(`group ID "${which}" not found.`);
  return numbered;
}

/** The identity of these numbers. Numbers without a name are their own name. */
export function identityOf(uid: number, gid: number, accounts: Accounts): Identity {
  const user = accounts.user(uid);
  return {
    uid,
    gid,
    user: user?.name ?? String(uid),
    group: accounts.group(gid)?.name ?? String(gid),
    home: user?.home ?? '/',
    shell: user?.shell ?? '/bin/sh',
  };
}

/** Whom the options name, and whether that is a change for the caller. */
export interface Wanted {
  readonly identity: Identity;
  /** Not the caller's own: the groups and the user are changed. */
  readonly changesUser: boolean;
  readonly changesGroup: boolean;
}

/**
 * Resolves -u and -g (null: not given), the user first. With a new user and no group it is that user's primary group;
 * whoever names himself keeps the group that he has.
 * @throws NotFound
 */
export function resolveWanted(
  named: { user: string | null; group: string | null },
  caller: { uid: number; gid: number },
  accounts: Accounts,
): Wanted {
  const user = named.user === null ? null : resolveUser(named.user, accounts);
  const uid = user?.uid ?? caller.uid;
  const changesUser = uid !== caller.uid;
  const gid = groupOf(named.group, changesUser ? (user?.gid ?? caller.gid) : caller.gid, accounts);
  const found = identityOf(uid, gid, accounts);
  // The name that was asked for: two users may share a number.
  const identity = user === null ? found : { ...found, user: user.name, home: user.home, shell: user.shell };
  return { identity, changesUser, changesGroup: gid !== caller.gid };
}

function groupOf(named: string | null, otherwise: number, accounts: Accounts): number {
  return named === null ? otherwise : resolveGroup(named, accounts).gid;
}
