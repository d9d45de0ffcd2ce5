import { quoted } from '../model/shell-word.ts';
import type { Verdict } from './lock-trial.ts';
import type { Mount } from './mounts.ts';

/** What is wrong with a directory's locks: one sentence, and the command that mends it. */
export interface Trouble {
  readonly why: string;
  readonly mend: string;
}

/** @param trouble as lockTrouble has it */
export function optionTrouble({ point, type }: Mount, trouble: string): Trouble {
  if (trouble === type) {
    const why = `${point} is mounted with ${type}, which has no locks: processes on different hosts would damage a shared ambient file.`;
    return { why, mend: `findmnt -T ${quoted(point)}   # mount it with NFS 4 instead` };
  }
  return {
    why: `${point} (${type}) is mounted with ${trouble}: processes on different hosts would damage a shared ambient file.`,
    mend: mountMend(point, trouble),
  };
}

/** @returns null if the locks hold */
export function trialTrouble(verdict: Verdict, path: string, mount: Mount | null): Trouble | null {
  const where = mount ? `${mount.point} (${mount.type})` : path;
  const look = `findmnt -T ${quoted(path)}`;
  switch (verdict) {
    case 'refused':
      return null;
    case 'obtained':
      return { why: `On ${where} two processes got the same lock.`, mend: look };
    case 'silent':
      return silence(where, mount) ?? { why: `${where} does not answer: its file system hangs.`, mend: look };
    case 'gone':
      return {
        why: `It could not be tried whether file locks hold on ${where}.`,
        mend: `rayctl doctor ${quoted(path)}`,
      };
    default:
      return failure(verdict.slice('failed '.length), where, path, mount);
  }
}

/** Whether the verdict is of the whole file system, and not of one directory or this moment only. */
export function isOfFileSystem(verdict: Verdict): boolean {
  return /^(refused|obtained|silent|failed (ENOLCK|EINVAL|ENOSYS|EOPNOTSUPP|ENOTSUP))$/.test(verdict);
}

/** NFS 3 needs a program beside the kernel, on both sides; where it does not run, the kernel waits for it. */
function silence(where: string, mount: Mount | null): Trouble | null {
  const server = mount && nfs3Server(mount);
  if (!server) return null;
  return {
    why: `File locks on ${where} do not answer: rpc.statd does probably not run, here or on the NFS server ${server}.`,
    mend: `sudo systemctl restart rpc-statd; ssh ${quoted(server)} sudo systemctl restart rpc-statd`,
  };
}

function failure(code: string, where: string, path: string, mount: Mount | null): Trouble {
  if (code === 'ENOLCK' && mount && nfs3Server(mount)) {
    const why = `No file locks are to be had on ${where}: rpc.statd does probably not run on this host.`;
    return { why, mend: 'sudo systemctl restart rpc-statd' };
  }
  return { why: `It could not be tried whether file locks hold on ${where}: ${code}.`, mend: `ls -ld ${quoted(path)}` };
}

/** The host of `host:/directory` or `[address]:/directory`; null if it is not NFS 2 or 3. */
function nfs3Server({ type, source, options }: Mount): string | null {
  if (type !== 'nfs' || options.some((option) => /^(nfs)?vers=4/.test(option))) return null;
  return /^\[?(.+?)\]?:\//.exec(source)?.[1] ?? null;
}

/** In /etc/fstab the option that makes locks hold; a volume takes it when it is mounted anew only. */
function mountMend(point: string, trouble: string): string {
  const good = trouble.startsWith('local_lock') ? 'local_lock=none' : goodOption(trouble);
  const edit = `\\|[[:blank:]]${point}[[:blank:]]|s/\\b${trouble}\\b/${good}/`;
  return `sudo sed -i.bak ${quoted(edit)} /etc/fstab && sudo umount ${quoted(point)} && sudo mount ${quoted(point)}`;
}

/** `nolock` -> `lock`, `nobrl` -> `brl`; of lustre both wrong ones -> `flock`. */
function goodOption(trouble: string): string {
  return trouble.endsWith('flock') ? 'flock' : trouble.replace('no', '');
}
