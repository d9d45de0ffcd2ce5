import { accessSync, closeSync, constants, fstatSync, openSync, statSync } from 'node:fs';
import { constants as system } from 'node:os';
import { systemError } from '../../unix/libc.ts';
import { openInRoot } from '../../unix/walk.ts';
import { childrenOf } from './children.ts';
import type { StartMessage } from './messages.ts';

const ESTALE = 116;
/** What opens the namespace of that name for nsenter. That of users first: in it the others may be joined. */
const kinds = { user: '-U', mnt: '-m', pid: '-p', net: '-n', ipc: '-i', uts: '-u', cgroup: '-C' } as const;
const needed = ['-U', '-m', '-p'];
/** By their paths: programs may have any PATH. */
const nsenter = '/usr/bin/nsenter';
const prlimit = '/usr/bin/prlimit';
const env = '/usr/bin/env';
/** For root, who would have all capabilities of the cell; others have none there after exec. */
export const rootPowerless = [
  '/usr/bin/setpriv',
  '--bounding-set=-all',
  '--inh-caps=-all',
  '--ambient-caps=-all',
  '--securebits=+noroot,+noroot_locked,+no_setuid_fixup,+no_setuid_fixup_locked',
  '--',
];

/**
 * A cell for the spawner in JavaScript, which cannot join a namespace of users: its threads forbid it. Programs get
 * there by nsenter, which stays their parent; they keep their capabilities out, but no call of the kernel.
 */
export class NodeCell {
  readonly #keeper: number;
  readonly #joins: readonly string[];
  /** What its process 1 started before us, and nobody is to end. */
  readonly #sleeper: number | null;

  /** @param keeper its process 1 @throws NodeJS.ErrnoException where it cannot be joined */
  constructor(keeper: number) {
    this.#keeper = keeper;
    this.#joins = Object.entries(kinds).flatMap(([name, join]) => (isOther(keeper, name) ? [join] : []));
    if (needed.some((join) => !this.#joins.includes(join))) throw systemError(system.errno.EINVAL, 'cell');
    this.#sleeper = childrenOf(keeper)?.[0] ?? null;
  }

  /** What is to be run so that the program of this message runs in the cell, in its directory and within its limits. */
  argumentsFor({ directory, processes, memory, files, args }: StartMessage): string[] {
    const enter = [nsenter, '--preserve-credentials', '-t', `${this.#keeper}`, ...this.#joins, '--'];
    const limits = Object.entries({ nproc: processes, data: memory, nofile: files })
      .filter(([, most]) => most > 0)
      .map(([name, most]) => `--${name}=${most}`);
    const confined = process.getuid?.() === 0 ? rootPowerless : [];
    return [...enter, env, '-C', directory.path, prlimit, ...limits, '--', ...confined, ...args];
  }

  /** @throws NodeJS.ErrnoException ESTALE where the path of its directory leads elsewhere in the cell */
  checkDirectory({ directory }: StartMessage): void {
    const elsewhere = systemError(ESTALE, 'chdir', directory.path);
    try {
      this.#look(directory.path, (fd) => {
        const { dev, ino } = fstatSync(fd, { bigint: true });
        if (dev !== directory.device || ino !== directory.inode) throw elsewhere;
      });
    } catch (error) {
      throw (error as NodeJS.ErrnoException).code === 'EACCES' ? error : elsewhere;
    }
  }

  /** @throws NodeJS.ErrnoException ENOENT or EACCES as exec would, where none of these can be run in the cell */
  checkProgram(paths: readonly string[], directory: string): void {
    let fault = systemError(system.errno.ENOENT, 'exec', paths[0]);
    for (const path of paths) {
      try {
        this.#look(path.startsWith('/') ? path : `${directory}/${path}`, checkExecutable);
        return;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'EACCES') fault = error as NodeJS.ErrnoException;
      }
    }
    throw fault;
  }

  /** Those who lost their parents in it; null where the kernel does not tell. */
  orphans(): number[] | null {
    return childrenOf(this.#keeper)?.filter((pid) => pid !== this.#sleeper) ?? null;
  }

  #look(path: string, see: (fd: number) => void): void {
    const root = openSync(`/proc/${this.#keeper}/root`, constants.O_RDONLY | constants.O_DIRECTORY);
    try {
      const fd = openInRoot(root, path);
      try {
        see(fd);
      } finally {
        closeSync(fd);
      }
    } finally {
      closeSync(root);
    }
  }
}

/** @throws NodeJS.ErrnoException EACCES */
function checkExecutable(fd: number): void {
  if (fstatSync(fd).isDirectory()) throw systemError(system.errno.EACCES, 'exec');
  accessSync(`/proc/self/fd/${fd}`, constants.X_OK);
}

function isOther(pid: number, namespace: string): boolean {
  const ours = statSync(`/proc/self/ns/${namespace}`, { throwIfNoEntry: false });
  return ours !== undefined && statSync(`/proc/${pid}/ns/${namespace}`).ino !== ours.ino;
}
