import type { Identity } from './identity.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Where a user's programs are found after a switch: the usual directories of a login, in the usual order. What the
 * caller had in PATH (root's /usr/sbin, somebody's ~/bin) is not the new user's.
 */
const loginPath = '/usr/local/bin:/usr/bin:/bin';

const kept = /^(TERM|LANG|TZ|LC_[A-Z]+|RAYSERVER_[A-Z_]+)$/;

/**
 * The environment of a user who has just logged in: language, time zone and terminal stay, and our own variables;
 * everything else of the caller goes, NODE_OPTIONS in particular.
 */
export function environmentOf(identity: Identity, callers: Environment): Record<string, string> {
  const environment: Record<string, string> = {
    HOME: identity.home,
    USER: identity.user,
    LOGNAME: identity.user,
    SHELL: identity.shell,
    PATH: loginPath,
  };
  for (const [name, value] of Object.entries(callers)) {
    if (value !== undefined && kept.test(name)) environment[name] = value;
  }
  return environment;
}

/** Makes it the environment of this process. */
export function adoptEnvironment(environment: Environment): void {
  for (const name of Object.keys(process.env)) delete process.env[name];
  Object.assign(process.env, environment);
}
