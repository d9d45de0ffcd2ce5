import { isIP } from 'node:net';
import { isAbsolute } from 'node:path';

/** What values a setting takes. Bounds are inclusive. */
export type SettingType =
  | { is: 'whole'; minimum: number; maximum: number }
  | { is: 'number'; minimum: number; maximum: number }
  | { is: 'address' }
  | { is: 'directory' };

interface Setting<Value> {
  readonly type: SettingType;
  readonly default: Value;
  /** May be `null`: what then holds is told by the sentence. */
  readonly orNull: boolean;
  /** For rayserver.conf.5: what it does, with the unit. */
  readonly sentence: string;
}

const whole = (minimum: number, maximum: number): SettingType => ({ is: 'whole', minimum, maximum });
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
    "The most processes and threads that simulations may have at a time, all together, beside those that the daemon's user has otherwise.",
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

/** In words, for a message: `a whole number from 1 to 65535`. */
export function describeType(type: SettingType, orNull: boolean): string {
  const words = typeWords(type);
  return orNull ? `${words}, or null` : words;
}

/** True if the value is of the type, within its bounds. */
export function isOfType(type: SettingType, value: unknown): boolean {
  switch (type.is) {
    case 'whole':
      return Number.isSafeInteger(value) && within(type, value as number);
    case 'number':
      return typeof value === 'number' && within(type, value);
    case 'address':
      return typeof value === 'string' && (isIP(value) !== 0 || value === 'localhost');
    case 'directory':
      return typeof value === 'string' && isAbsolute(value) && !value.includes('\0');
  }
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
    case 'address':
      return 'an IP address or localhost';
    case 'directory':
      return 'the absolute path of a directory';
  }
}
