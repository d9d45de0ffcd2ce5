/** The matrix: what checks.ts looks at inside, on both clients, and nfs.test.ts reports. */
export const names = [
  'NFS 3, server without rpc.statd: the probe says so in time, and leaves nothing',
  'NFS 3: the probe says that locks hold, and leaves nothing',
  'NFS 3: what one host holds another one is refused, until the holder is killed',
  'NFS 3: rpict on both hosts shares an ambient file through the gate',
  'NFS 3: bare rpict cuts off what another host is writing; the gate waits',
  'NFS 4.2: the probe says that locks hold, and leaves nothing',
  'NFS 4.2: what one host holds another one is refused, until the holder is killed',
  'NFS 4.2: rpict on both hosts shares an ambient file through the gate',
  'NFS 4.2: bare rpict cuts off what another host is writing; the gate waits',
  'NFS 3 with nolock: the probe refuses it, and says what to change',
  'NFS 3 with nolock: two hosts do get the same lock',
  'NFS 3 with local_lock=posix: the probe refuses it, and says what to change',
  'NFS 3 with local_lock=posix: two hosts do get the same lock',
] as const;

export type Name = (typeof names)[number];
