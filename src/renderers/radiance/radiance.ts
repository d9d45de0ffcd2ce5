import { posix } from 'node:path';

type Environment = Readonly<Record<string, string | undefined>>;

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

function entries(list: string | undefined): string[] {
  return (list ?? '').split(':').filter((entry) => entry !== '');
}

function unique(list: readonly string[]): string[] {
  return [...new Set(list)];
}

/**
 * What to do where a program of Radiance is missing, in two sentences.
 * @param installation what was found of Radiance as a whole
 */
export function noRadiance(
  program: string,
  installation: { found: true } | { found: false; says: string } = { found: true },
): string {
  const why = installation.found ? `there is no program "${program}"` : installation.says;
  return `Radiance is not installed here: ${why}. Run scripts/setup, or name its directory in the setting "radiance".`;
}
