import { chownSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { libc } from './libc.ts';

/** What whoever manages a control group below has to write (cgroups(7), delegation). */
const files = ['.', 'cgroup.procs', 'cgroup.threads', 'cgroup.subtree_control'];

/**
 * By root, before the user is changed: gives him the control group that systemd has delegated to this service. (With
 * User= it does so itself.) @returns false if there is none of version 2, or it is not ours to manage
 */
export function giveOwnGroup(uid: number, gid: number): boolean {
  const group = ownGroup();
  if (group === null || !isDelegated(group)) return false;
  for (const file of files) chownSync(join(group, file), uid, gid);
  return true;
}

/** The directory of the control group of version 2 that this process is in; null: there is none but the machine's. */
function ownGroup(): string | null {
  try {
    const mount = /^\S+ \S+ \S+ \/ (\S+) .* - cgroup2 /m.exec(readFileSync('/proc/self/mountinfo', 'utf8'))?.[1];
    const group = /^0::(\/.+)$/m.exec(readFileSync('/proc/self/cgroup', 'utf8'))?.[1];
    return mount === undefined || group === undefined ? null : join(mount, group);
  } catch {
    return null;
  }
}

/** systemd's mark for Delegate=, as who is not almighty may read it (systemd 251 and later). */
function isDelegated(group: string): boolean {
  const value = Buffer.alloc(1);
  return libc.getxattr(group, 'user.delegate', value, 1) === 1 && value.toString() === '1';
}
