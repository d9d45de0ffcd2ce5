import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { ConfigError } from './error.ts';
import { type HostsFile, readHosts } from './hosts.ts';
import { defaultSettings, readSettings, type Settings } from './settings.ts';

/** Bytes: far more than any of these files needs, and little enough to read in no time. */
const mostSettings = 65536;
const mostHosts = 1048576;

/** The settings in this file; all defaults if there is no such file. @throws ConfigError */
export function loadSettings(file: string): Settings {
  return ifThere(file, () => readSettings(readConfig(file, mostSettings), file)) ?? defaultSettings();
}

/** The hosts file with all that it includes; null if there is no such file. @throws ConfigError */
export function loadHosts(file: string): HostsFile | null {
  return ifThere(file, () => readHosts(file, (path) => readConfig(path)));
}

/**
 * The text of a configuration file. This may run as root, before the user is changed: it never waits (a FIFO, a
 * terminal), and reads regular files only.
 * @throws ConfigError if it cannot be read, is no regular file, too large, or not UTF-8; its `cause` is the system's
 */
export function readConfig(file: string, mostBytes = mostHosts): string {
  let descriptor: number;
  try {
    descriptor = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch (error) {
    throw unreadable(file, error);
  }
  try {
    if (!fstatSync(descriptor).isFile()) throw new ConfigError(file, null, 'expected a regular file.');
    return decode(readAll(descriptor, file, mostBytes), file);
  } catch (error) {
    throw error instanceof ConfigError ? error : unreadable(file, error);
  } finally {
    closeSync(descriptor);
  }
}

function readAll(descriptor: number, file: string, mostBytes: number): Buffer {
  const buffer = Buffer.alloc(mostBytes + 1);
  let length = 0;
  for (let count = -1; count !== 0 && length <= mostBytes; length += count) {
    count = readSync(descriptor, buffer, length, buffer.length - length, null);
  }
  if (length > mostBytes) throw new ConfigError(file, null, `expected at most ${mostBytes} bytes.`);
  return buffer.subarray(0, length);
}

function decode(bytes: Buffer, file: string): string {
  const lines = bytes.toString('latin1').split('\n');
  const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  try {
    return strict.decode(bytes);
  } catch {
    const bad = lines.findIndex((line) => Buffer.from(line, 'latin1').toString('utf8').includes('\ufffd'));
    throw new ConfigError(file, bad + 1 || 1, 'expected text in UTF-8.');
  }
}

function unreadable(file: string, cause: unknown): ConfigError {
  const { code, message } = cause as NodeJS.ErrnoException;
  const reasons: Record<string, string> = {
    ENOENT: 'no such file',
    EACCES: 'permission denied',
    EISDIR: 'is a directory',
    ELOOP: 'too many links',
    ENOTDIR: 'not a directory',
  };
  const error = new ConfigError(file, null, `cannot be read: ${reasons[code ?? ''] ?? message}.`);
  error.cause = cause;
  return error;
}

function ifThere<T>(file: string, load: () => T): T | null {
  try {
    return load();
  } catch (error) {
    if (!(error instanceof ConfigError) || error.file !== file || error.line !== null) throw error;
    if ((error.cause as NodeJS.ErrnoException | undefined)?.code === 'ENOENT') return null;
    throw error;
  }
}
