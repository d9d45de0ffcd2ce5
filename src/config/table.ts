import { isIP } from 'node:net';
import { isAbsolute } from 'node:path';
import { type SandboxMode, sandboxModes } from '../model/service.ts';

/** What values a setting takes. Bounds are inclusive. */
export type SettingType =
  | { is: 'whole'; minimum: number; maximum: number }
  | { is: 'number'; minimum: number; maximum: number }
  | { is: 'bytes'; minimum: number; maximum: number }
  | { is: 'choice'; of: readonly string[] }
  | { is: 'flag' }
  | { is: 'address' }
  | { is: 'directory' }
  | { is: 'paths' };

interface Setting<Value> {
  readonly type: SettingType;
  readonly default: Value;
  /** May be `null`: what then holds is told by the sentence. */
  readonly orNull: boolean;
  /** For rayserver.conf.5: what it does, with the unit. */
  readonly sentence: string;
}

const whole = (minimum: number, maximum: number): SettingType => ({ is: 'whole', minimum, maximum });
const bytes = (minimum: number, maximum: number): SettingType => ({ is: 'bytes', minimum, maximum });
const setting = <Value>(type: SettingType, value: Value, sentence: string): Setting<Value> => ({
  type,
  default: value,
  orNull: false,
  sentence,
});
const optional = <Value>(type: SettingType, sentence: string): Setting<Value | null> => ({
  type,
  default: null,
  orNull: true,
  sentence,
});

/** Every setting of `config/rayserver.yaml`: the parser, the manual page and the template come from here. */
export const settingsTable = {
  port: setting(whole(1, 65535), 9182, 'The TCP port of the job port.'),
  listen: setting(
    { is: 'address' },
    '127.0.0.1',
    'The address that the job port is bound to: loopback only, until it has a certificate.',
  ),
  radiance: optional<string>(
    { is: 'directory' },
    "The directory that holds Radiance's bin and lib. null: looked for in PATH, then beside the program.",
  ),
  slots: optional<number>(
    whole(1, 1024),
    'Simulations at a time where the hosts file names no number for this host. null: the number of processors.',
  ),
  'plan.seconds': setting(
    { is: 'number', minimum: 0.1, maximum: 86400 },
    60,
    'Seconds after which the planning of a job (rad -n) is stopped and the job refused.',
  ),
  'log.bytes': setting(
    whole(4096, 1073741824),
    2097152,
    'The most bytes that the log of a simulation keeps: its head and its tail.',
  ),
  retries: setting(whole(0, 1000), 2, 'How often a task that failed is tried again.'),
  'limits.seconds': optional<number>(
    { is: 'number', minimum: 0.1, maximum: 1e9 },
    'The most seconds that a simulation may run. null: any.',
  ),
  'limits.progress': optional<number>(
    { is: 'number', minimum: 0.1, maximum: 1e9 },
    'The most seconds that a simulation may go without output or progress. null: any.',
  ),
  'limits.processes': setting(
    whole(16, 4194304),
    512,
    "The most processes and threads that a simulation may have at a time; where it has no control group, that all simulations may have together, beside those that the daemon's user has otherwise.",
  ),
  'limits.memory': optional<number>(
    bytes(16_777_216, 2 ** 50),
    'The most memory that a simulation may use, all of its processes together; where it has no control group, that each of them may use. null: any.',
  ),
  'limits.files': setting(
    whole(64, 1_048_576),
    4096,
    'The most files that a process of a simulation may have open at a time.',
  ),
  'sandbox.mode': setting<SandboxMode>(
    { is: 'choice', of: sandboxModes },
    'try',
    'Whether simulations are contained. require: what cannot be contained is not started. try: as far as this host allows. off: not at all.',
  ),
  'sandbox.network': setting<boolean>({ is: 'flag' }, false, 'Whether contained simulations may use the network.'),
  'sandbox.readable': setting<readonly string[]>(
    { is: 'paths' },
    [],
    'Directories and files that contained simulations may read beside their project, such as libraries of materials; not /, /dev, /proc, /sys or /tmp, of which they have their own.',
  ),
  'sandbox.writable': setting<readonly string[]>(
    { is: 'paths' },
    [],
    'Directories and files that contained simulations may write beside their project, such as a scratch disk: what one project writes there the others see.',
  ),
  'sandbox.devices': setting<readonly string[]>(
    { is: 'paths' },
    [],
    'Devices that contained simulations may use, such as /dev/dri for a graphics card.',
  ),
  'sandbox.tmp': setting(
    bytes(1_048_576, 2 ** 50),
    1_073_741_824,
    'The size of the private /tmp that the contained simulations of a project share; what is in it takes memory.',
  ),
  'jobs.keep': optional<number>(whole(0, 1_000_000_000), 'How many ended jobs are remembered, the newest. null: all.'),
  'jobs.days': optional<number>(
    { is: 'number', minimum: 0.001, maximum: 100_000 },
    'The days that an ended job is remembered. null: for ever.',
  ),
  'report.seconds': setting(whole(1, 3600), 1, "Seconds between two reports of a renderer's progress."),
} as const;

export type SettingsTable = typeof settingsTable;
export type SettingKey = keyof SettingsTable;

/** Settings that may be others for a service. */
export type ServiceKey = Extract<SettingKey, `limits.${string}` | `sandbox.${string}`>;

export function isServiceKey(key: SettingKey): key is ServiceKey {
  return key.startsWith('limits.') || key.startsWith('sandbox.');
}

/** In words, for a message: `a whole number from 1 to 65535`. */
export function describeType(type: SettingType, orNull: boolean): string {
  const words = typeWords(type);
  return orNull ? `${words}, or null` : words;
}

/** A value as it is used: `2 GB` is a number of bytes. What is not understood stays as it is. */
export function understood(type: SettingType, written: unknown): unknown {
  if (type.is !== 'bytes' || typeof written !== 'string') return written;
  const [, number, unit] = /^(\d{1,16}(?:\.\d{1,6})?) ?([KMGT]i?)?B$/.exec(written) ?? [];
  if (number === undefined) return written;
  const power = unit === undefined ? 0 : 'KMGT'.indexOf(unit.charAt(0)) + 1;
  return Math.round(Number(number) * (unit?.endsWith('i') ? 1024 : 1000) ** power);
}

/** A value as it is written in the file. */
export function written(value: unknown): string {
  return Array.isArray(value) ? `[${value.join(', ')}]` : String(value);
}

/** True if the value is of the type, within its bounds. */
export function isOfType(type: SettingType, value: unknown): boolean {
  switch (type.is) {
    case 'whole':
    case 'bytes':
      return Number.isSafeInteger(value) && within(type, value as number);
    case 'number':
      return typeof value === 'number' && within(type, value);
    case 'address':
      return typeof value === 'string' && (isIP(value) !== 0 || value === 'localhost');
    case 'choice':
      return typeof value === 'string' && type.of.includes(value);
    case 'flag':
      return typeof value === 'boolean';
    case 'directory':
      return isPath(value);
    case 'paths':
      return Array.isArray(value) && value.every(isPath);
  }
}

function isPath(value: unknown): boolean {
  return typeof value === 'string' && isAbsolute(value) && !value.includes('\0');
}

function within(bounds: { minimum: number; maximum: number }, value: number): boolean {
  return value >= bounds.minimum && value <= bounds.maximum;
}

function typeWords(type: SettingType): string {
  switch (type.is) {
    case 'whole':
      return `a whole number from ${type.minimum} to ${type.maximum}`;
    case 'number':
      return `a number from ${type.minimum} to ${type.maximum}`;
    case 'bytes':
      return `bytes from ${type.minimum} to ${type.maximum}, or a size such as 2 GB`;
    case 'choice':
      return type.of.join(' or ');
    case 'flag':
      return 'true or false';
    case 'address':
      return 'an IP address or localhost';
    case 'directory':
      return 'the absolute path of a directory';
    case 'paths':
      return 'a list of absolute paths';
  }
}
