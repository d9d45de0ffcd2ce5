import { lstatSync } from 'node:fs';

/**
 * Root acts for a moment as the owner of the first of these directories that is not root's: with his rights and no
 * others, so that what is made there is his, and no link of his leads root elsewhere. (Nor does root need the right to
 * override those of files, which a service manager may have taken away.) Anybody else just acts.
 */
export function asOwnerOf<T>(directories: readonly string[], act: () => T): T {
  const isRoot = process.geteuid?.() === 0;
  const owners = isRoot ? directories.map((path) => lstatSync(path, { throwIfNoEntry: false })) : [];
  const owner = owners.find((one) => one !== undefined && one.uid !== 0);
  if (owner === undefined) return act();
  const group = process.getegid?.() ?? 0;
  try {
    process.setegid?.(owner.gid);
    process.seteuid?.(owner.uid);
    return act();
  } finally {
    process.seteuid?.(0);
    process.setegid?.(group);
  }
}
