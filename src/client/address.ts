import { CalledWrongly } from './errors.ts';

/** Where a server is. `home` is the server's home directory on that machine, or null: look for it there. */
export type ServerAddress =
  | { by: 'http' | 'https'; host: string; port: number; loopback: boolean; text: string }
  | { by: 'unix'; socket: string; text: string }
  | { by: 'ssh'; user: string | null; host: string; port: number | null; home: string | null; text: string };

export const usualPort = 9182;

const forms = 'http://HOST:PORT, https://HOST:PORT, unix:/PATH/TO/SOCKET or ssh://[USER@]HOST[:PORT][/HOME]';

/**
 * Reads the address of a server: `http://127.0.0.1:9182`, `https://...`, `unix:/path/submit.sock`,
 * `ssh://[user@]host[:port][/home/directory]`.
 * @throws CalledWrongly
 */
export function parseAddress(text: string): ServerAddress {
  if (/[\u0000-\u0020\u007f]/.test(text)) throw wrong(text, 'it has blanks or control characters');
  const scheme = /^([a-z]+):/i.exec(text)?.[1]?.toLowerCase();
  switch (scheme) {
    case 'unix':
      return unixAddress(text);
    case 'ssh':
      return sshAddress(text);
    case 'http':
    case 'https':
      return httpAddress(text, scheme);
    default:
      throw wrong(text);
  }
}

function unixAddress(text: string): ServerAddress {
  const path = decoded(text, text.slice('unix:'.length).replace(/^\/\/(?=\/)/, ''));
  if (!path.startsWith('/') || path.startsWith('//')) throw wrong(text, 'the path of a socket must be absolute');
  return { by: 'unix', socket: path, text };
}

function httpAddress(text: string, by: 'http' | 'https'): ServerAddress {
  const url = URL.parse(text);
  if (!url || url.hostname === '') throw wrong(text);
  if (url.username !== '' || url.password !== '') throw wrong(text, 'a token does not belong into an address');
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '') throw wrong(text, 'nothing may follow the port');
  const host = url.hostname.replace(/^\[|\]$/g, '');
  return { by, host, port: portOf(url, text), loopback: isLoopback(host), text };
}

/** Without a port ours is meant, unless the scheme's own is written out (which URL drops). */
function portOf(url: URL, text: string): number {
  if (url.port !== '') return Number(url.port);
  const written = /^[a-z]+:\/\/[^/]*:(\d+)\/?$/i.exec(text)?.[1];
  return written === undefined ? usualPort : Number(written);
}

/** Names that never leave this machine. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host);
}

const sshForm = /^ssh:\/\/(?:([^@/]*)@)?(\[[0-9A-Fa-f:.%a-z]+\]|[^:/@[\]]+)(?::(\d{1,5}))?(\/.*)?$/i;

/** User and host become words of ssh's command line, the home one of a shell's: so their letters are checked. */
function sshAddress(text: string): ServerAddress {
  const match = sshForm.exec(text);
  if (!match) throw wrong(text);
  const [, user = null, bracketed = '', port, path] = match;
  const host = bracketed.replace(/^\[|\]$/g, '');
  if (user !== null && !/^[A-Za-z0-9_][A-Za-z0-9_.\\@+-]*\$?$/.test(user))
    throw wrong(text, 'the user is no user name');
  if (!/^[A-Za-z0-9_:][A-Za-z0-9_.:%-]*$/.test(host)) throw wrong(text, 'the host is no host name');
  if (port !== undefined && (Number(port) < 1 || Number(port) > 65535)) throw wrong(text, 'no such port');
  const home = path === undefined || path === '/' ? null : decoded(text, path).replace(/\/+$/, '');
  if (home !== null && !isPlainPath(home)) {
    throw wrong(text, 'the directory may have only letters, digits, blanks and . _ + , @ = ~ - /');
  }
  return { by: 'ssh', user, host, port: port === undefined ? null : Number(port), home, text };
}

/**
 * An absolute path that means itself in a shell's single quotes and in ssh's -L, where `:` parts, `%` and `${` are
 * replaced and a backslash quotes.
 */
export function isPlainPath(path: string): boolean {
  return path.length <= 4096 && /^\/[A-Za-z0-9._+,@=~ /-]*$/.test(path);
}

function decoded(text: string, part: string): string {
  let path: string;
  try {
    path = decodeURIComponent(part);
  } catch {
    throw wrong(text, 'a % must begin a code such as %20');
  }
  if (/[\u0000-\u001f\u007f]/.test(path)) throw wrong(text, 'it has control characters');
  return path;
}

function wrong(text: string, why?: string): CalledWrongly {
  const shown = JSON.stringify(text.length > 200 ? `${text.slice(0, 200)}...` : text);
  return new CalledWrongly(`Not the address of a server: ${shown}${why ? ` (${why})` : ''}. Write ${forms}.`);
}
