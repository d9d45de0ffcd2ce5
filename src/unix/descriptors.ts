import { readdirSync } from 'node:fs';
import { lastError, libc, systemError } from './libc.ts';

const F_SETFD = 2;
const FD_CLOEXEC = 1;
const firstAfterStandard = 3;

/** From now on `to` is the same open file as `from`, as for a shell's `to>&from`. */
export function redirect(from: number, to: number): void {
  if (libc.dup2(from, to) < 0) throw systemError(lastError(), 'dup2');
}

/** Leaves the descriptor open in the program that an exec starts. */
export function keepAcrossExec(fd: number): void {
  if (libc.fcntlNumber(fd, F_SETFD, 0) < 0) throw systemError(lastError(), 'fcntl');
}

/** The reverse: no program that this process starts gets the descriptor. */
export function closeOnExec(fd: number): void {
  if (libc.fcntlNumber(fd, F_SETFD, FD_CLOEXEC) < 0) throw systemError(lastError(), 'fcntl');
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
