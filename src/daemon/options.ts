import { isIP } from 'node:net';
import { messages } from './messages.ts';

export interface Options {
  readonly foreground: boolean;
  /** `server`: starts a procwrap where none answers; `server only`: leaves that to others; `procwrap`: is one. */
  readonly part: 'server' | 'server only' | 'procwrap';
  readonly user: string | null;
  readonly group: string | null;
  /** File mode creation mask, 0 to 0o777. */
  readonly mask: number;
  readonly home: string | null;
  /** 0: any free port. */
  readonly port: number | null;
  readonly listen: string | null;
  readonly pidFile: string | null;
}

export type Parsed =
  | { readonly is: 'run'; readonly options: Options }
  | { readonly is: 'help' }
  | { readonly is: 'version' }
  /** `logged`: the log gets it, too. */
  | { readonly is: 'wrong'; readonly message: string; readonly logged: boolean; readonly home: string | null };

type Value = 'user' | 'group' | 'mask' | 'home' | 'port' | 'listen' | 'pidFile';

/** Options with a value: what the messages call it when it is missing, and when it is there twice. */
const valued: ReadonlyMap<string, { key: Value; missing: string; duplicate: string; check?: Check }> = new Map([
  ['-u', { key: 'user', missing: 'user', duplicate: 'user name' }],
  ['-g', { key: 'group', missing: 'group', duplicate: 'group name' }],
  ['-m', { key: 'mask', missing: 'umask', duplicate: 'umask', check: checkMask }],
  ['--home', { key: 'home', missing: 'directory', duplicate: 'home' }],
  ['--port', { key: 'port', missing: 'number', duplicate: 'port', check: checkPort }],
  ['--listen', { key: 'listen', missing: 'address', duplicate: 'listen', check: checkAddress }],
  ['--pid-file', { key: 'pidFile', missing: 'file', duplicate: 'pid file' }],
]);
type Check = (value: string) => string | null;

/** Of these, a platform without users, groups and background has none. */
const unixOnly: ReadonlySet<string> = new Set(['-d', '-u', '-g', '--procwrap', '--without-procwrap']);

const parts: ReadonlyMap<string, Options['part']> = new Map([
  ['--procwrap', 'procwrap'],
  ['--without-procwrap', 'server only'],
]);

/**
 * Reads the command line from left to right and stops at the first error. Never throws.
 * @param args - the words after the program's name
 * @param platform - as `process.platform`
 */
export function parseOptions(args: readonly string[], platform: NodeJS.Platform): Parsed {
  const seen: Seen = { mode: null, part: null, values: {} };
  for (let at = 0; at < args.length; ) {
    const { option, attached } = divide(args[at] ?? '');
    if (option === '--help') return { is: 'help' };
    if (option === '--version') return { is: 'version' };
    const read = readOption(option, attached, args[at + 1], seen, platform);
    if (typeof read === 'string') {
      const logged = read === messages.notOnThisPlatform;
      return { is: 'wrong', message: read, logged, home: seen.values.home ?? null };
    }
    at += read;
  }
  return { is: 'run', options: chosen(seen, platform) };
}

interface Seen {
  mode: '-f' | '-d' | null;
  part: string | null;
  readonly values: Partial<Record<Value, string>>;
}

/** Notes one option; the number of words that it took, or what is wrong with it. */
function readOption(
  option: string,
  attached: string | null,
  next: string | undefined,
  seen: Seen,
  platform: NodeJS.Platform,
): number | string {
  if (platform === 'win32' && unixOnly.has(option)) return messages.notOnThisPlatform;
  if (option === '-f' || option === '-d') return readMode(option, seen);
  if (parts.has(option)) return readPart(option, seen);
  const kind = valued.get(option);
  if (kind === undefined) return messages.unknownOption(option);
  if (seen.values[kind.key] !== undefined) return messages.duplicate(kind.duplicate);
  const value = attached ?? (next?.startsWith('-') ? undefined : next);
  if (value === undefined) return messages.missing(kind.missing, option);
  const fault = kind.check?.(value) ?? null;
  if (fault !== null) return fault;
  seen.values[kind.key] = value;
  return attached === null ? 2 : 1;
}

function readMode(option: '-f' | '-d', seen: Seen): number | string {
  if (seen.mode !== null && seen.mode !== option) {
    return messages.exclusive(option, seen.mode);
  }
  if (option === '-d' && seen.part === '--procwrap') return messages.exclusive(option, seen.part);
  seen.mode = option;
  return 1;
}

/** A procwrap of its own is for service managers, who want it in the foreground. */
function readPart(option: string, seen: Seen): number | string {
  if (seen.part !== null && seen.part !== option) return messages.exclusive(option, seen.part);
  if (option === '--procwrap' && seen.mode === '-d') return messages.exclusive(option, seen.mode);
  seen.part = option;
  return 1;
}

/** `-uray` is `-u ray`, `--port=1` is `--port 1`; any other word is itself. */
function divide(word: string): { option: string; attached: string | null } {
  const letter = word.slice(0, 2);
  if (/^-[ugm]$/.test(letter) && word.length > 2) return { option: letter, attached: word.slice(2) };
  const equals = word.indexOf('=');
  const name = word.slice(0, equals);
  if (equals > 0 && name.startsWith('--') && valued.has(name))
    return { option: name, attached: word.slice(equals + 1) };
  return { option: word, attached: null };
}

function chosen({ mode, part, values }: Seen, platform: NodeJS.Platform): Options {
  return {
    foreground: mode === '-f' || part === '--procwrap' || (mode === null && platform === 'win32'),
    part: parts.get(part ?? '') ?? 'server',
    user: values.user ?? null,
    group: values.group ?? null,
    mask: Number.parseInt(values.mask ?? '002', 8),
    home: values.home ?? null,
    port: values.port === undefined ? null : Number(values.port),
    listen: values.listen ?? null,
    pidFile: values.pidFile ?? null,
  };
}

function checkMask(value: string): string | null {
  return /^[0-7]{3}$/.test(value) ? null : messages.badMask;
}

function checkPort(value: string): string | null {
  return /^[0-9]{1,5}$/.test(value) && Number(value) <= 65535 ? null : messages.badPort;
}

/** Why the job port cannot be at this address, or null: it can. */
export function checkAddress(value: string): string | null {
  if (value === 'localhost' || value === '::1' || (isIP(value) === 4 && value.startsWith('127.'))) return null;
  return isIP(value) !== 0 || /^[A-Za-z0-9_.*-]+$/.test(value)
    ? messages.networkAddress(value)
    : messages.notAnAddress(value);
}
