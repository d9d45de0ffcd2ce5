import { lstatSync, type Stats } from 'node:fs';
import { systemAccounts } from './accounts.ts';
import { attempt, takeGroupsOf } from './drop.ts';
import { identityOf } from './identity.ts';

/**
 * Root acts for a moment as the owner of the first of these directories that is not root's: with his rights and groups
 * and no others, so that what is made there is his, and no link of his leads root elsewhere. (Nor does root need the
 * right to override those of files, which a service manager may have taken away.) Anybody else just acts.
 * @throws NoRight where root may not become anybody
 */
export function asOwnerOf<T>(directories: readonly string[], act: () => T): T {
  const owner = process.geteuid?.() === 0 ? firstOwner(directories) : null;
  if (owner === null) return act();
  const asUser = `Unable to run as user "${owner.user}" (${owner.uid}).`;
  const before = { gid: process.getegid?.() ?? 0, groups: process.getgroups?.() ?? [] };
  attempt(asUser, () => takeGroupsOf(owner));
  try {
    attempt(asUser, () => {
      process.setegid?.(owner.gid);
      process.seteuid?.(owner.uid);
    });
    return act();
  } finally {
    process.seteuid?.(0);
    process.setegid?.(before.gid);
    process.setgroups?.(before.groups);
  }
}

function firstOwner(directories: readonly string[]) {
  const found = directories.map((path) => lstatSync(path, { throwIfNoEntry: false }));
  const owner = found.find((one): one is Stats => one !== undefined && one.uid !== 0);
  return owner === undefined ? null : identityOf(owner.uid, owner.gid, systemAccounts);
}
