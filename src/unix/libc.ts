import { getSystemErrorMessage, getSystemErrorName } from 'node:util';
import koffi from 'koffi';

/**
 * The C library, as far as Node lacks it. The variable arguments of these functions are declared as what we pass:
 * on Linux x86-64 and arm64 both are passed alike.
 */
const library = koffi.load(null);
const ESTALE = 116;

export const libc = {
  prctl: library.func('int prctl(int, ulong, ulong, ulong, ulong)') as (...args: number[]) => number,
  dup2: library.func('int dup2(int, int)') as (from: number, to: number) => number,
  fcntl: library.func('fcntl', 'int', ['int', 'int', 'void *']) as (
    fd: number,
    command: number,
    data: Buffer,
  ) => number,
  fcntlNumber: library.func('fcntl', 'int', ['int', 'int', 'int']) as (
    fd: number,
    command: number,
    n: number,
  ) => number,
  getsockopt: library.func('int getsockopt(int, int, int, void *, void *)') as (
    fd: number,
    level: number,
    option: number,
    value: Buffer,
    length: Buffer,
  ) => number,
  socket: library.func('int socket(int, int, int)') as (family: number, kind: number, protocol: number) => number,
  sendto: library.func('long sendto(int, void *, ulong, int, void *, uint)') as (
    fd: number,
    data: Buffer,
    length: number,
    flags: number,
    to: Buffer,
    toLength: number,
  ) => number,
  getsockname: library.func('int getsockname(int, void *, void *)') as (
    fd: number,
    address: Buffer,
    length: Buffer,
  ) => number,
  getxattr: library.func('long getxattr(const char *, const char *, void *, ulong)') as (
    path: string,
    name: string,
    value: Buffer,
    size: number,
  ) => number,
  pthreadSigmask: library.func('int pthread_sigmask(int, void *, void *)') as (
    how: number,
    set: Buffer,
    before: null,
  ) => number,
  prlimit: library.func('int prlimit(int, int, void *, void *)') as (
    pid: number,
    resource: number,
    wanted: Buffer | null,
    seen: Buffer | null,
  ) => number,
  wait4: library.func('int wait4(int, void *, int, void *)') as (
    pid: number,
    status: Buffer | null,
    options: number,
    usage: Buffer | null,
  ) => number,
  waitid: library.func('int waitid(int, int, void *, int)') as (
    kind: number,
    id: number,
    seen: Buffer,
    options: number,
  ) => number,
  getpgid: library.func('int getpgid(int)') as (pid: number) => number,
  pipe2: library.func('int pipe2(void *, int)') as (ends: Buffer, flags: number) => number,
  posixSpawn: library.func('int posix_spawn(void *, const char *, void *, void *, const char **, const char **)') as (
    pid: Buffer,
    path: string,
    actions: Buffer,
    attributes: Buffer,
    args: readonly (string | null)[],
    variables: readonly (string | null)[],
  ) => number,
  spawnActionsInit: library.func('int posix_spawn_file_actions_init(void *)') as (actions: Buffer) => number,
  spawnActionsDestroy: library.func('int posix_spawn_file_actions_destroy(void *)') as (actions: Buffer) => number,
  spawnActionsDup: library.func('int posix_spawn_file_actions_adddup2(void *, int, int)') as (
    actions: Buffer,
    from: number,
    to: number,
  ) => number,
  spawnActionsDirectory: library.func('int posix_spawn_file_actions_addfchdir_np(void *, int)') as (
    actions: Buffer,
    directory: number,
  ) => number,
  spawnAttributesInit: library.func('int posix_spawnattr_init(void *)') as (attributes: Buffer) => number,
  spawnAttributesFlags: library.func('int posix_spawnattr_setflags(void *, short)') as (
    attributes: Buffer,
    flags: number,
  ) => number,
  spawnAttributesDefault: library.func('int posix_spawnattr_setsigdefault(void *, void *)') as (
    attributes: Buffer,
    signals: Buffer,
  ) => number,
  spawnAttributesMask: library.func('int posix_spawnattr_setsigmask(void *, void *)') as (
    attributes: Buffer,
    signals: Buffer,
  ) => number,
  statx: library.func('int statx(int, const char *, int, uint, void *)') as (
    fd: number,
    path: string,
    flags: number,
    wanted: number,
    seen: Buffer,
  ) => number,
  openat2: library.func('syscall', 'long', ['long', 'int', 'str', 'void *', 'ulong']) as (
    number: number,
    directory: number,
    path: string,
    how: Buffer,
    size: number,
  ) => number,
};

/** The number of the last error of a call in {@link libc}; ask at once. */
export function lastError(): number {
  return koffi.errno();
}

/** An error as Node's own fs functions throw them: `code`, `errno` (negative), `syscall`, `path`. */
export function systemError(errno: number, syscall: string, path?: string): NodeJS.ErrnoException {
  // Node has no name for this one, which file systems over the network give, and our spawner.
  const stale = errno === ESTALE;
  const code = stale ? 'ESTALE' : getSystemErrorName(-errno);
  const says = stale ? 'stale file handle' : getSystemErrorMessage(-errno);
  const where = path === undefined ? '' : ` '${path}'`;
  const error: NodeJS.ErrnoException = new Error(`${code}: ${says}, ${syscall}${where}`);
  error.code = code;
  error.errno = -errno;
  error.syscall = syscall;
  if (path !== undefined) error.path = path;
  return error;
}
