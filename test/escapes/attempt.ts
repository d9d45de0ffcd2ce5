/** What an attempt to escape may use: all of it lies outside of its project. */
export interface Facts {
  /** Directories: of the daemon, of the project that the attempt comes from, of another one, of a library. */
  readonly home: string;
  readonly project: string;
  readonly other: string;
  readonly library: string;
  /** Files in the host's directories for temporary files and shared memory that hold the secret. */
  readonly temporary: string;
  readonly shared: string;
  /** Processes of the same user. */
  readonly server: number;
  readonly procwrap: number;
  readonly spawner: number;
  /** One that has the secret in its arguments, its environment, its memory and a deleted file at descriptor 9. */
  readonly bystander: number;
  /** Where its memory has it. */
  readonly address: string;
  /** The job port, and others that tell the secret to who connects; the name of an abstract socket that does so. */
  readonly port: number;
  readonly teller: number;
  readonly listener: number;
  readonly abstract: string;
  /** The key of a segment of shared memory, and of a queue, that hold the secret. */
  readonly key: number;
  /** Numbers of calls of the kernel. */
  readonly calls: Readonly<Record<Call, number>>;
}

export const callNames = [
  'ptrace',
  'process_vm_readv',
  'mount',
  'umount2',
  'mknodat',
  'unshare',
  'setns',
  'chroot',
  'bpf',
  'io_uring_setup',
  'userfaultfd',
  'perf_event_open',
  'add_key',
  'open_by_handle_at',
  'pivot_root',
  'init_module',
] as const;
export type Call = (typeof callNames)[number];

export interface Attempt {
  /** What is tried, as the end of "keeps a simulation from ...". */
  readonly from: string;
  /**
   * How it comes to run: as a command of a scene, when that is planned or when its octree is made, or as the program of a
   * job.
   */
  readonly by: 'plan' | 'scene' | 'job';
  /** A script for sh in the project. It has succeeded if it prints the secret, or a line that begins with `taken`. */
  readonly tries: (facts: Facts) => string;
  /** What it comes to where nothing is contained; `harmful`: it is not tried there. */
  readonly otherwise: 'succeeds' | 'refused' | 'harmful';
  /** What it leaves outside where it succeeds. @returns whether it has; puts that right */
  readonly trace?: (facts: Facts) => boolean;
}

/** Perl is on every Debian, and can call the kernel. */
export const perl = (script: string): string => `perl -e '${script}'`;
