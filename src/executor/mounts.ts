/** A mounted file system, from /proc/self/mountinfo. */
export interface Mount {
  readonly point: string;
  readonly type: string;
  readonly options: readonly string[];
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

/** The option that makes file locks hold on one host only, or not at all; null if there is none. */
export function lockTrouble({ type, options }: Mount): string | null {
  const network = /^(nfs|nfs4|cifs|smb3|ceph|fuse.*|9p|lustre)$/.test(type);
  const bad = options.find((option) => /^(nolock|nobrl|local_lock=(all|flock|posix))$/.test(option));
  if (bad === undefined) return null;
  return network && bad !== 'local_lock=flock' ? bad : null;
}

/** `36 35 98:0 /root /point options optional... - type source superoptions`; blanks are written `\040`. */
function readMount(line: string): Mount | null {
  const [before, after] = line.split(' - ');
  const front = before?.split(' ') ?? [];
  const [type, , superOptions = ''] = after?.split(' ') ?? [];
  const [, , , , point, options = ''] = front;
  if (type === undefined || point === undefined) return null;
  return { point: unescaped(point), type, options: [...options.split(','), ...superOptions.split(',')] };
}

function unescaped(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

function contains(point: string, path: string): boolean {
  return path === point || path.startsWith(point === '/' ? '/' : `${point}/`);
}
