import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { quoted } from '../model/shell-word.ts';
import { systemAccounts } from '../unix/accounts.ts';
import { mayEnter, packageDirectory } from './installation.ts';

/** Commands that mend what an examination finds: one line each, as it can be given to a shell. */

/** The first directory above `path` that this user may not enter, or `path` itself. */
export function closedParent(path: string): string {
  let closed = path;
  for (let at = dirname(path); at !== dirname(at); at = dirname(at)) if (!mayEnter(at)) closed = at;
  return closed;
}

/** Lets everybody pass through it, and see nothing of it. */
export function closedParentMend(path: string): string {
  return `sudo chmod o+x ${quoted(closedParent(path))}`;
}

/** The group that simulations run as. */
export function groupName(): string {
  const gid = process.getgid?.() ?? 0;
  return systemAccounts.group(gid)?.name ?? String(gid);
}

/** Fetches Radiance to where it is looked for last. */
export function installRadiance(program = packageDirectory()): string {
  const setup = join(program, 'scripts/setup');
  if (existsSync(setup)) return quoted(setup);
  const [place, to] = ['/tmp/pyradiance', quoted(join(program, '.radiance'))];
  return [
    `pip3 download --no-deps --only-binary=:all: -d ${place} pyradiance`,
    `python3 -m zipfile -e ${place}/*.whl ${place}`,
    `sudo cp -rT ${place}/pyradiance ${to}`,
    `sudo chmod -R a+rX ${to}`,
    `sudo chmod a+x ${to}/bin/*`,
  ].join(' && ');
}

/** Makes the spawner in C, where there is a compiler. */
export function compileSpawner(program = packageDirectory()): string {
  return `cd ${quoted(program)} && cc -O2 -o build/spawner src/executor/spawner.c`;
}

/** Settings are read at the start only. */
export function editSettings(home: string): string {
  return `"\${EDITOR:-vi}" ${quoted(join(home, 'config/rayserver.yaml'))} && ${restart(home, '')}`.trim();
}

/** Ends the daemon of this home and starts it with these options. */
export function restart(home: string, options: string): string {
  const standard = basename(home) === 'rayserver' && dirname(home) === '/var/lib';
  const place = standard ? '' : ` --home ${quoted(home)}`;
  return `kill "$(cat ${quoted(join(home, 'run/rayserver.pid'))})" && rayserver${place} ${options}`;
}
