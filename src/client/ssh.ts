import type { ServerAddress } from './address.ts';
import { isPlainPath } from './address.ts';
import { NotAllowed, ServerUnreachable } from './errors.ts';
import { splitWords } from './words.ts';

/** What we say to ssh, and what it and the other machine say; pure. */

type SshAddress = Extract<ServerAddress, { by: 'ssh' }>;

/**
 * Prints one line: where the socket is, or why there is none. One line without `!` and single quotes, so that any login
 * shell hands it to sh as it is. `$1` is the home from the address, or empty: then the homes are tried as rayctl does.
 */
const lookScript = [
  'if [ -n "$1" ]; then set -- "$1"',
  'elif [ -n "$RAYSERVER_HOME" ]; then set -- "$RAYSERVER_HOME"',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the shell of the other machine replaces it
  'else set -- "${XDG_STATE_HOME:-$HOME/.local/state}/rayserver" /var/lib/rayserver; fi',
  'for home do if [ -S "$home/run/submit.sock" ]; then echo "rayserver-socket:$home/run/submit.sock"; exit 0; fi; done',
  'for home do if [ -d "$home/run" ]; then [ -x "$home/run" ] || { echo "rayserver-closed:$home"; exit 0; }; fi; done',
  'echo "rayserver-none:$*"',
].join('; ');

/** The words that let ssh ask the other machine where its socket is. */
export function lookCommand(address: SshAddress, command: string, interactive: boolean): [string, ...string[]] {
  const home = address.home ?? '';
  return [
    ...common(address, command, interactive),
    '-T',
    '--',
    address.host,
    `exec sh -c '${lookScript}' sh '${home}'`,
  ];
}

/** The words that let ssh lay a tunnel from the socket `near` on this machine to the socket `far` on the other. */
export function tunnelCommand(
  address: SshAddress,
  options: { command: string; interactive: boolean; near: string; far: string },
): [string, ...string[]] {
  return [
    ...common(address, options.command, options.interactive),
    '-nNT',
    '-o',
    'ExitOnForwardFailure=yes',
    '-o',
    'StreamLocalBindUnlink=yes',
    '-L',
    `${options.near}:${options.far}`,
    '--',
    address.host,
  ];
}

/** ssh takes the first value of an option, so those of RAYSERVER_SSH win. */
function common(address: SshAddress, command: string, interactive: boolean): [string, ...string[]] {
  return [
    ...splitWords(command, 'RAYSERVER_SSH'),
    '-o',
    `BatchMode=${interactive ? 'no' : 'yes'}`,
    '-o',
    'ConnectTimeout=20',
    '-o',
    'ServerAliveInterval=15',
    '-o',
    'ForwardAgent=no',
    '-o',
    'ForwardX11=no',
    ...(address.user === null ? [] : ['-l', address.user]),
    ...(address.port === null ? [] : ['-p', String(address.port)]),
  ];
}

/**
 * Reads what the look command printed; login scripts may have said something before it.
 * @returns the path of the socket
 * @throws ServerUnreachable, NotAllowed
 */
export function readLook(address: SshAddress, output: string): string {
  for (const line of output.split(/\r?\n/).reverse()) {
    const match = /^rayserver-(socket|closed|none):(.*)$/.exec(line);
    if (match) return judge(address, match[1] ?? '', match[2] ?? '');
  }
  throw new ServerUnreachable(`${address.host} does not say where its server is: no answer from sh.`);
}

function judge(address: SshAddress, kind: string, rest: string): string {
  if (kind === 'closed') {
    throw new NotAllowed(`The server in ${rest} on ${address.host} is closed to you: you are not in its group there.`);
  }
  if (kind === 'none') {
    throw new ServerUnreachable(`No server runs on ${address.host} (looked in ${rest.split(' ').join(' and ')}).`);
  }
  if (!isPlainPath(rest)) {
    throw new ServerUnreachable(
      `The path of the socket on ${address.host} has letters that ssh cannot forward: ${rest}`,
    );
  }
  return rest;
}

/** What ssh's last words mean; `words` is what it wrote to stderr. */
export function sshError(address: SshAddress, words: string): ServerUnreachable {
  const lines = words
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('Warning: Permanently added'));
  const last = lines.at(-1) ?? 'ssh ended without a word';
  // sshd gives the same words for a dead socket, a closed one, and for forwarding that it does not permit.
  if (/^channel \d+: open failed/.test(last)) {
    return new ServerUnreachable(
      `ssh reaches ${address.host}, but not the server there: it does not run, its socket is closed to you, or sshd does not permit forwarding (AllowStreamLocalForwarding): ${last}`,
    );
  }
  return new ServerUnreachable(`Cannot reach ${address.host} with ssh: ${last}`);
}
