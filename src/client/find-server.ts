import { accessSync, constants, lstatSync } from 'node:fs';
import { ConfigError } from '../config/error.ts';
import { readConfig } from '../config/files.ts';
import { chooseHome, type Home, homeAt } from '../config/home.ts';
import { parseAddress } from './address.ts';
import { CalledWrongly } from './errors.ts';

export interface FindServerOptions {
  /** The address; default: RAYSERVER, else the socket of a home on this machine. */
  server?: string | undefined;
  /** A file with the token; default: RAYSERVER_TOKEN, else the home's. */
  tokenFile?: string | undefined;
  /** The home; default: RAYSERVER_HOME, else the caller's own, then /var/lib/rayserver, the first with a socket. */
  home?: string | undefined;
  /** Default: this process's. */
  env?: Readonly<Record<string, string | undefined>>;
  uid?: number;
}

export interface FoundServer {
  server: string;
  /** For http and https; null if there is none that this address should see. */
  token: string | null;
  /** The command that RAYSERVER_SSH names. */
  ssh: string;
  /** The home on this machine whose configuration the caller shares, or null if none can be named. */
  home: Home | null;
}

const systemHome = '/var/lib/rayserver';

/**
 * Finds the server as `rayctl` does. What it returns is what RayserverClient takes.
 * @throws CalledWrongly for an address or a token that is none
 */
export function findServer(options: FindServerOptions = {}): FoundServer {
  const env = options.env ?? process.env;
  const named = options.server || env['RAYSERVER'] || null;
  const home = findHome(options, env, named !== null);
  const server = named ?? unixAddress(home?.submitSocket ?? '');
  return { server, token: findToken(options, env, server, home), ssh: env['RAYSERVER_SSH'] || 'ssh', home };
}

function unixAddress(socket: string): string {
  return `unix:${socket.split('/').map(encodeURIComponent).join('/')}`;
}

/** With a server named, a home is wanted for its hosts file and token only, so that there may be none. */
function findHome(options: FindServerOptions, env: FindServerOptions['env'] & object, named: boolean): Home | null {
  const uid = options.uid ?? process.getuid?.() ?? -1;
  let own: Home;
  try {
    own = homeAt(chooseHome({ option: options.home ?? null, env, uid }));
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    if (named) return null;
    throw new CalledWrongly(error.message);
  }
  if (options.home || env['RAYSERVER_HOME']) return own;
  return [own, homeAt(systemHome)].find(({ submitSocket }) => mayBeThere(submitSocket)) ?? own;
}

/** A socket in a directory that is closed to us counts: its server is the one to ask for admission. */
function mayBeThere(socket: string): boolean {
  try {
    lstatSync(socket);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EACCES';
  }
}

/** The home's own token goes to this machine only: it is no secret of whoever else is named as the server. */
function findToken(
  options: FindServerOptions,
  env: FindServerOptions['env'] & object,
  server: string,
  home: Home | null,
): string | null {
  const address = parseAddress(server);
  if (address.by === 'unix' || address.by === 'ssh') return null;
  if (options.tokenFile) return readToken(options.tokenFile);
  if (env['RAYSERVER_TOKEN']) return checkedToken(env['RAYSERVER_TOKEN'], 'RAYSERVER_TOKEN');
  return address.loopback && home && isReadable(home.tokenFile) ? readToken(home.tokenFile) : null;
}

/** Whether we may read it. */
export function isReadable(file: string): boolean {
  try {
    accessSync(file, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}

function readToken(file: string): string {
  try {
    return checkedToken(readConfig(file), file);
  } catch (error) {
    throw error instanceof ConfigError ? new CalledWrongly(`The token: ${error.message}`) : error;
  }
}

function checkedToken(text: string, where: string): string {
  const token = text.trim();
  if (/^[\x21-\x7e]{1,4096}$/.test(token)) return token;
  throw new CalledWrongly(`${where} holds no token: expected one word of letters, digits and signs.`);
}
