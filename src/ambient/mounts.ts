/** A mounted file system, from /proc/self/mountinfo. */
export interface Mount {
  readonly point: string;
  readonly type: string;
  /** What is mounted there, such as `server:/export`. */
  readonly source: string;
  readonly options: readonly string[];
  /** Another one when it is mounted anew or otherwise. */
  readonly id: string;
}

/** The mount that holds an absolute path without links: the last of the longest that contain it. */
export function mountOf(mountinfo: string, path: string): Mount | null {
  let best: Mount | null = null;
  for (const line of mountinfo.split('\n')) {
    const mount = readMount(line);
    if (mount && contains(mount.point, path) && mount.point.length >= (best?.point.length ?? 0)) best = mount;
  }
  return best;
}

/** What makes file locks hold on one host only, or not at all: an option, or the type; null if there is nothing. */
export function lockTrouble({ type, options }: Mount): string | null {
  // What these keep elsewhere they share without any locks.
  if (/^fuse\.(sshfs|rclone|s3fs|gcsfuse)$/.test(type)) return type;
  if (!/^(nfs|nfs4|cifs|smb3|ceph|fuse.*|9p|lustre)$/.test(type)) return null;
  // rpict locks with fcntl, which local_lock=flock leaves alone.
  return options.find((option) => /^(nolock|nobrl|localflock|noflock|local_lock=(all|posix))$/.test(option)) ?? null;
}

/** Whether the kernel itself keeps this file system's locks, for all who can reach it. */
export function isOfThisHost({ type }: Mount): boolean {
  return /^(ext[234]|xfs|btrfs|f2fs|jfs|zfs|bcachefs|tmpfs|ramfs|overlay|vfat|exfat|ntfs3)$/.test(type);
}

/** `36 35 98:0 /root /point options optional... - type source superoptions`; blanks are written `\040`. */
function readMount(line: string): Mount | null {
  const [before, after] = line.split(' - ');
  const front = before?.split(' ') ?? [];
  const [type, source = '', superOptions = ''] = after?.split(' ') ?? [];
  const [, , , , point, options = ''] = front;
  if (type === undefined || point === undefined) return null;
  const all = [...options.split(','), ...superOptions.split(',')];
  return { point: unescaped(point), type, source: unescaped(source), options: all, id: line };
}

function unescaped(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

function contains(point: string, path: string): boolean {
  return path === point || path.startsWith(point === '/' ? '/' : `${point}/`);
}
