/** The matrix: what checks.ts looks at inside, on both clients, and nfs.test.ts reports. */
export const names = [
  'NFS 3, server without rpc.statd: the probe says so in time, and leaves nothing',
  'NFS 3: the probe says that locks hold, and leaves nothing',
  'NFS 3: what one host holds another one is refused, until the holder is killed',
  'NFS 3: rpict on both hosts shares an ambient file through the gate',
  'NFS 3: bare rpict cuts off what another host is writing; the gate waits',
  'NFS 3: rpict of two daemons shares an ambient file, while one of them is killed',
  'NFS 3: what rpict of one host has made another host finds',
  'NFS 4.2: the probe says that locks hold, and leaves nothing',
  'NFS 4.2: what one host holds another one is refused, until the holder is killed',
  'NFS 4.2: rpict on both hosts shares an ambient file through the gate',
  'NFS 4.2: bare rpict cuts off what another host is writing; the gate waits',
  'NFS 4.2: rpict of two daemons shares an ambient file, while one of them is killed',
  'NFS 4.2: what rpict of one host has made another host finds',
  'NFS 3 with nolock: the probe refuses it, and says what to change',
  'NFS 3 with nolock: two hosts do get the same lock',
  'NFS 3 with nolock: rpict of each host has a file of its own, merged afterwards',
  'NFS 3 with nolock: rpict of both at the same time leaves a sound file',
  'NFS 3 with local_lock=posix: the probe refuses it, and says what to change',
  'NFS 3 with local_lock=posix: two hosts do get the same lock',
  'NFS 3 with local_lock=posix: rpict of each host has a file of its own, merged afterwards',
] as const;

export type Name = (typeof names)[number];
