import { execFile } from 'node:child_process';
import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { radianceEnvironment } from '../renderers/radiance/radiance.ts';
import { inPath, isProgram } from './programs.ts';
import type { Environment } from './run.ts';

type Given = Readonly<Record<string, string | undefined>>;

/** Where Radiance's programs are; `directory` holds `bin` and `lib`, or is null where only PATH leads to them. */
export type Installation =
  | { readonly found: true; readonly directory: string | null; readonly rpict: string }
  | { readonly found: false; readonly says: string };

/**
 * Looks for Radiance: the setting, else PATH, else `.radiance/` beside package.json. A setting that is wrong is not
 * passed over: another Radiance than the one named would be a surprise.
 */
export function findRadiance(setting: string | null, env: Given, packageDirectory: string): Installation {
  if (setting !== null) {
    const says = `the setting "radiance" names ${setting}, but there is no program bin/rpict in it`;
    return installedIn(setting) ?? { found: false, says };
  }
  const rpict = inPath('rpict', env['PATH'] ?? '');
  if (rpict !== null) return { found: true, directory: treeOf(dirname(rpict)), rpict };
  return (
    installedIn(join(packageDirectory, '.radiance')) ?? { found: false, says: 'there is no program rpict in PATH' }
  );
}

function installedIn(directory: string): Installation | null {
  const rpict = join(directory, 'bin/rpict');
  return isProgram(rpict) ? { found: true, directory, rpict } : null;
}

/** The directory that holds `bin` and `lib` where Radiance is installed as one tree. */
function treeOf(bin: string): string | null {
  const tree = dirname(bin);
  return basename(bin) === 'bin' && existsSync(join(tree, 'lib/rayinit.cal')) ? tree : null;
}

/** What simulations see of our environment; messages in English, as we read them. */
export function simulationEnvironment(installation: Installation, env: Given): Environment {
  const directory = installation.found ? installation.directory : null;
  const result: Record<string, string> = { ...radianceEnvironment(directory, env), LC_ALL: 'C' };
  // A directory that we may not enter would make a program that is missing look like one that is forbidden.
  const path = (result['PATH'] ?? '').split(':').filter(mayEnter);
  // Where the setting is wrong, no other Radiance steps in. An empty PATH would stand for the project's directory.
  const allowed = installation.found ? path : path.filter((entry) => !isProgram(join(entry, 'rpict')));
  result['PATH'] = allowed.join(':') || '/nonexistent';
  for (const name of ['HOME', 'USER', 'LOGNAME', 'SHELL', 'TMPDIR', 'TZ']) {
    const value = env[name];
    if (value !== undefined) result[name] = value;
  }
  return result;
}

/** Whether this user may pass through the directory. */
export function mayEnter(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Where this program is installed: the directory of its package.json. */
export function packageDirectory(): string {
  let directory = import.meta.dirname;
  while (!existsSync(join(directory, 'package.json')) && directory !== '/') directory = dirname(directory);
  return directory;
}

export function ownVersion(): string {
  const { version } = JSON.parse(readFileSync(join(packageDirectory(), 'package.json'), 'utf8')) as { version: string };
  return version;
}

/** What `rpict -version` prints, such as `RADIANCE 6.0a`; null if it does not. */
export function radianceVersion(rpict: string, env: Environment): Promise<string | null> {
  return new Promise((settle) => {
    execFile(rpict, ['-version'], { env: { ...env }, timeout: 10_000, killSignal: 'SIGKILL' }, (error, stdout) => {
      const version = /^RADIANCE \S+/.exec(stdout)?.[0] ?? null;
      settle(error && version === null ? null : version);
    });
  });
}
