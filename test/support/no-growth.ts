import { spawnSync } from 'node:child_process';

/** Why {@link forbidGrowth} cannot work here; null if it can. */
export function growsAlways(): string | null {
  return spawnSync('prlimit', ['--version']).status === 0 ? null : 'there is no program prlimit';
}

/** Until the returned function is called this process can write into no file: EFBIG, as others have ENOSPC. */
export function forbidGrowth(): () => void {
  const limit = (soft: string) => spawnSync('prlimit', ['--pid', `${process.pid}`, `--fsize=${soft}:`]);
  const ignore = () => {};
  process.on('SIGXFSZ', ignore);
  limit('0');
  return () => {
    limit('unlimited');
    process.off('SIGXFSZ', ignore);
  };
}
