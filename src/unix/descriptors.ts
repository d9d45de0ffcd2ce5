import { readdirSync } from 'node:fs';
import koffi from 'koffi';
import { lastError, libc, systemError } from './libc.ts';

const F_SETFD = 2;
const FD_CLOEXEC = 1;
const firstAfterStandard = 3;

const library = koffi.load(null);
const dup2 = library.func('int dup2(int, int)') as (from: number, to: number) => number;

/** From now on `to` is the same open file as `from`, as for a shell's `to>&from`. */
export function redirect(from: number, to: number): void {
  if (dup2(from, to) < 0) throw systemError(lastError(), 'dup2');
}

/**
 * Lets no descriptor that a caller happened to leave open go on to the programs that we start: a shell that waits for
 * the end of a pipe would wait for the daemon. Node does this for the first few only.
 */
export function closeStrangersOnExec(): void {
  for (const name of openDescriptors()) {
    const fd = Number(name);
    // The one that lists the directory is closed by now; fcntl then says EBADF, which is as good.
    if (fd >= firstAfterStandard) libc.fcntlNumber(fd, F_SETFD, FD_CLOEXEC);
  }
}

/** Where there is no /proc, nobody can tell. */
function openDescriptors(): string[] {
  try {
    return readdirSync('/proc/self/fd');
  } catch {
    return [];
  }
}
