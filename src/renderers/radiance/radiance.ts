import { posix } from 'node:path';

type Environment = Readonly<Record<string, string | undefined>>;

/** Programs without which nothing can be planned or rendered. rad itself calls getbbox and getinfo. */
export const neededPrograms = ['rad', 'oconv', 'rpict', 'pfilt', 'getbbox', 'getinfo'] as const;

/**
 * PATH and RAYPATH for Radiance's programs.
 * @param directory holds Radiance's `bin` and `lib`; null: those in PATH are used
 * @param env the environment to start from
 */
export function radianceEnvironment(directory: string | null, env: Environment): { PATH: string; RAYPATH: string } {
  // Programs run in the project's directory: a relative entry would mean programs that lie there.
  const path = entries(env['PATH']).filter((entry) => posix.isAbsolute(entry));
  const library = entries(env['RAYPATH']).filter((entry) => entry !== '.');
  if (directory !== null) {
    path.unshift(posix.join(directory, 'bin'));
    library.unshift(posix.join(directory, 'lib'));
  }
  // The project's own function files come first, as everybody sets it.
  return { PATH: unique(path).join(':'), RAYPATH: unique(['.', ...library]).join(':') };
}

/**
 * Directories in which Radiance may be, best first; one that holds `bin/rpict` will do.
 * @param setting the setting `radiance`, or null
 * @param packageDirectory where the program is installed
 */
export function radianceDirectories(
  setting: string | null,
  packageDirectory: string,
): { before: string[]; after: string[] } {
  return { before: setting === null ? [] : [setting], after: [posix.join(packageDirectory, '.radiance')] };
}

function entries(list: string | undefined): string[] {
  return (list ?? '').split(':').filter((entry) => entry !== '');
}

function unique(list: readonly string[]): string[] {
  return [...new Set(list)];
}

/** What to do where a program of Radiance is missing, in two sentences. */
export function noRadiance(program: string): string {
  return (
    `Radiance is not installed here: there is no program "${program}". ` +
    'Run scripts/setup, or name its directory in the setting "radiance".'
  );
}
