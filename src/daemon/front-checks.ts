import { join, resolve } from 'node:path';
import { ConfigError } from '../config/error.ts';
import { accountsTrouble } from '../unix/accounts.ts';
import { NoRight } from '../unix/drop.ts';
import { type Identity, NotFound } from '../unix/identity.ts';
import { firstUnreadable, withEyesOf } from '../unix/readable.ts';
import type { Configuration } from './configuration.ts';
import type { Handover } from './handover.ts';
import { messages } from './messages.ts';
import { checkAddress, type Options } from './options.ts';
import { openPidFile } from './pid-file.ts';
import { scripts, top } from './program.ts';
import { retrySeconds } from './socket.ts';
import { Stop } from './stop.ts';

/** With the caller's rights: /run is root's. The daemon works in another directory, so the path is made absolute. */
export function openNamedPidFile(name: string | null): Handover['pidFile'] {
  if (name === null) return null;
  const path = resolve(name);
  // Whoever stops the daemon reads it, however strict root's own mask is.
  const mask = process.umask(0o022);
  try {
    return { path, fd: openPidFile(path) };
  } finally {
    process.umask(mask);
  }
}

/** While a process of ours may use the ring, a change of user does not reach all that it does (libuv). */
export function refuseRing(options: Options): void {
  if (process.env['UV_USE_IO_URING'] === undefined || (options.user === null && options.group === null)) return;
  throw new Stop(messages.ringSet, { logged: false });
}

/** npm builds it for the Node.js that it runs on itself, and where it may. Without, no user would be found. */
export function checkNatives(): void {
  const trouble = accountsTrouble();
  if (trouble !== null) throw new Stop(messages.notBuilt(trouble, process.version, top), { logged: false });
}

/** What it makes under such a mask, its home first, the daemon itself could not use. */
export function refuseMask({ mask }: Options): void {
  if ((mask & 0o700) !== 0) throw new Stop(messages.maskTooStrict(mask.toString(8).padStart(3, '0')));
}

export function jobPort(options: Options, { settings }: Configuration): { address: string; port: number } {
  const address = options.listen ?? settings.listen;
  const fault = checkAddress(address);
  if (fault !== null) throw new Stop(fault);
  return { address, port: options.port ?? settings.port };
}

/** A program below root's home cannot be read after the switch: better said now than by a stack trace then. */
export function checkReadable(identity: Identity): void {
  const needed = [process.execPath, scripts.server, join(top, 'package.json'), join(top, 'node_modules')];
  const closed = withEyesOf(identity, () => needed.map(firstUnreadable).find((path) => path !== null)) ?? null;
  if (closed !== null) throw new Stop(messages.unreadable(identity.user, closed));
}

/** RAYSERVER_RETRY_SECONDS is for tests of the daemon, which have no minute to wait. */
export function secondsBetweenTries(): number {
  const seconds = Number(process.env['RAYSERVER_RETRY_SECONDS'] ?? retrySeconds);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds : retrySeconds;
}

/** Troubles that a person can mend; null: an error of ours. */
export function asStop(error: unknown): Stop | null {
  if (error instanceof Stop) return error;
  const isForPeople = error instanceof ConfigError || error instanceof NotFound || error instanceof NoRight;
  return isForPeople ? new Stop(error.message, { logged: true, cause: error }) : null;
}
