import { daemonizeProcess } from 'daemonize-process';

/**
 * Starts `script` with `args` in a session of its own, with `/` as its directory, and ends this process at once.
 * @param stdio - which descriptors of this process are the child's 0, 1, 2, ...; null: none
 */
export function startInBackground(script: string, args: readonly string[], stdio: readonly (number | null)[]): void {
  daemonizeProcess({
    script,
    arguments: [...args],
    cwd: '/',
    argv0: 'node',
    stdio: stdio.map((fd) => fd ?? 'ignore'),
  });
}
