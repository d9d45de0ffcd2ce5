import { readdirSync, readFileSync } from 'node:fs';
import type { Identity, Wanted } from './identity.ts';

/** The manual's sentence for a caller without the right to become somebody. */
export class NoRight extends Error {
  override readonly name = 'NoRight';
}

/**
 * Becomes the wanted user and group for good: groups, group, user, in that order, in every thread, and proves that
 * there is no way back. Nobody can go back after this, not even by a bug of ours.
 * @throws NoRight
 */
export function becomeForGood(wanted: Wanted): void {
  const { identity } = wanted;
  const before = { gid: process.getgid?.() ?? identity.gid };
  const asUser = `Unable to run as user "${identity.user}" (${identity.uid}).`;
  if (wanted.changesUser) attempt(asUser, () => takeGroupsOf(identity));
  if (wanted.changesUser || wanted.changesGroup) {
    attempt(`Unable to run as group "${identity.group}" (${identity.gid}).`, () => process.setgid?.(identity.gid));
  }
  if (!wanted.changesUser) return;
  attempt(asUser, () => process.setuid?.(identity.uid));
  const ways = [...waysBack(before.gid, identity), ...threadsLeftBehind(identity)];
  if (ways.length > 0) throw new NoRight(`${asUser}\n${ways.join('\n')}`);
}

/** All groups that the system's list gives this user, and no others; a number without a name is in its group only. */
export function takeGroupsOf({ uid, gid, user }: Identity): void {
  // @types/node does not know it; where it is missing there are no groups to take.
  const platform = process as { initgroups?: (user: string, gid: number) => void };
  if (user === String(uid)) process.setgroups?.([gid]);
  else platform.initgroups?.(user, gid);
}

/** @throws NoRight with this sentence, if the change fails */
export function attempt(sentence: string, change: () => void): void {
  try {
    change();
  } catch (error) {
    throw new NoRight(sentence, { cause: error });
  }
}

/** Tries to go back; what works is a fault. */
function waysBack(oldGroup: number, identity: Identity): string[] {
  const tries: [string, () => void][] = [['user 0', () => process.setuid?.(0)]];
  if (oldGroup !== identity.gid) tries.push([`group ${oldGroup}`, () => process.setgid?.(oldGroup)]);
  return tries.flatMap(([what, back]) => {
    try {
      back();
      return [`The process could go back to ${what}.`];
    } catch {
      return [];
    }
  });
}

/** Reads every thread's own account of itself. Where there is no /proc, {@link waysBack} has to do. */
function threadsLeftBehind(identity: Identity): string[] {
  let threads: string[];
  try {
    threads = readdirSync('/proc/self/task');
  } catch {
    return [];
  }
  return threads.flatMap((thread) => {
    try {
      return faultsOfThread(thread, readFileSync(`/proc/self/task/${thread}/status`, 'utf8'), identity);
    } catch (error) {
      // A thread that ended meanwhile is no fault.
      if ((error as NodeJS.ErrnoException).code === 'ENOENT' || (error as NodeJS.ErrnoException).code === 'ESRCH')
        return [];
      throw error;
    }
  });
}

/**
 * What is wrong with a thread whose `/proc/PID/task/TID/status` reads so: all four user and group numbers must be the
 * new ones and no capability in force or within reach. (Inheritable ones give nothing to a process that has no others.)
 */
export function faultsOfThread(thread: string, status: string, identity: Pick<Identity, 'uid' | 'gid'>): string[] {
  const field = (name: string): string =>
    new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(status)?.[1]?.trim().replace(/\s+/g, ' ') ?? 'not told';
  const wanted: [string, string][] = [
    ['Uid', Array(4).fill(identity.uid).join(' ')],
    ['Gid', Array(4).fill(identity.gid).join(' ')],
    ['CapPrm', '0'.repeat(16)],
    ['CapEff', '0'.repeat(16)],
    ['CapAmb', '0'.repeat(16)],
  ];
  return wanted
    .filter(([name, value]) => field(name) !== value)
    .map(([name]) => `Thread ${thread} still has ${name} ${field(name)}.`);
}
