import { join, resolve } from 'node:path';
import { ConfigError } from './error.ts';

/** Where everything of one server lies; all fields are absolute paths. Nothing here looks at the disk. */
export interface Home {
  readonly path: string;
  readonly config: string;
  readonly hostsFile: string;
  readonly settingsFile: string;
  readonly tokenFile: string;
  readonly logs: string;
  readonly state: string;
  readonly stateFile: string;
  readonly data: string;
  readonly run: string;
  readonly submitSocket: string;
  readonly pidFile: string;
  /** 0700: for our own processes only. */
  readonly inner: string;
  readonly procwrapSocket: string;
  readonly procwrapLock: string;
}

/** @param path absolute, or relative to the working directory */
export function homeAt(path: string): Home {
  const home = resolve(path);
  return {
    path: home,
    config: join(home, 'config'),
    hostsFile: join(home, 'config/hosts'),
    settingsFile: join(home, 'config/rayserver.yaml'),
    tokenFile: join(home, 'config/token'),
    logs: join(home, 'srvlogs'),
    state: join(home, 'state'),
    stateFile: join(home, 'state/rayserver.db'),
    data: join(home, 'data'),
    run: join(home, 'run'),
    submitSocket: join(home, 'run/submit.sock'),
    pidFile: join(home, 'run/rayserver.pid'),
    inner: join(home, 'run/inner'),
    procwrapSocket: join(home, 'run/inner/procwrap.sock'),
    procwrapLock: join(home, 'run/inner/procwrap.lock'),
  };
}

export interface HomeChoice {
  /** The value of `--home`. */
  readonly option: string | null;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly uid: number;
}

/**
 * `--home`, else RAYSERVER_HOME, else `/var/lib/rayserver` for root, else `$XDG_STATE_HOME/rayserver`, else
 * `~/.local/state/rayserver`. Empty values count as absent, as does a relative XDG_STATE_HOME (XDG's own rule).
 * @returns an absolute path
 * @throws ConfigError if there is nothing to choose from, or the path cannot hold the sockets
 */
export function chooseHome(options: HomeChoice): string {
  const path = resolve(options.option || options.env['RAYSERVER_HOME'] || defaultHome(options));
  const longest = homeAt(path).procwrapSocket;
  const spare = longestSocketPath - Buffer.byteLength(longest);
  if (spare < 0) {
    const limit = Buffer.byteLength(path) + spare;
    throw new ConfigError(null, null, `The home "${path}" is too long for sockets: at most ${limit} bytes.`);
  }
  return path;
}

/** Bytes of a Unix socket's path, without the closing NUL (unix(7)). */
const longestSocketPath = 107;

function defaultHome({ env, uid }: HomeChoice): string {
  if (uid === 0) return '/var/lib/rayserver';
  const state = env['XDG_STATE_HOME'];
  if (state?.startsWith('/')) return join(state, 'rayserver');
  const own = env['HOME'];
  if (own?.startsWith('/')) return join(own, '.local/state/rayserver');
  throw new ConfigError(null, null, 'No home: HOME is not set. Name a directory with --home.');
}
