import { chownSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { libc } from './libc.ts';

/** What whoever manages a control group below has to write (cgroups(7), delegation). */
const files = ['.', 'cgroup.procs', 'cgroup.threads', 'cgroup.subtree_control'];

/** Where the spawner moves what was in a group that it divides (spawner/groups.h). */
const own = '/rayserver-own';

/** A control group of version 2 that may be divided. */
export interface GivenGroup {
  readonly path: string;
  /** Its directory is our user's. */
  readonly isOurs: boolean;
  /** What those in it can be held to, such as `memory`. */
  readonly controllers: readonly string[];
}

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

/** The group that this process was started in; null: there is none but the machine's. */
export function givenGroup(): GivenGroup | null {
  const group = ownGroup();
  if (group === null) return null;
  const path = group.endsWith(own) ? dirname(group) : group;
  try {
    const controllers = readFileSync(join(path, 'cgroup.controllers'), 'utf8').trim().split(' ');
    return { path, isOurs: statSync(path).uid === process.geteuid?.(), controllers };
  } catch {
    return null;
  }
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
