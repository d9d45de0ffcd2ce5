import { closeSync } from 'node:fs';
import { lastError, libc } from './libc.ts';

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
const EINTR = 4;
const EAGAIN = 11;
/** Of a Unix socket's address; an abstract name has a NUL in front, a path one behind. */
const longestAddress = 108;
/** A manager that is busy gets half a second; one that hangs must not take us along. */
const tries = 100;
const pauseMilliseconds = 5;

/**
 * Sends a message of sd_notify(3) to the service manager. Never throws: who watches us must not be what ends us.
 * @param address - a path, or `@` and an abstract name
 * @param lines - such as `READY=1`
 * @returns false if it was not taken
 */
export function notify(address: string, ...lines: readonly string[]): boolean {
  const to = socketAddress(address);
  if (to === null) return false;
  const fd = libc.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  try {
    return send(fd, Buffer.from(lines.join('\n')), to);
  } finally {
    closeSync(fd);
  }
}

function send(fd: number, data: Buffer, to: Buffer): boolean {
  for (let left = tries; left > 0; left--) {
    if (libc.sendto(fd, data, data.length, MSG_DONTWAIT | MSG_NOSIGNAL, to, to.length) >= 0) return true;
    const errno = lastError();
    if (errno !== EAGAIN && errno !== EINTR) return false;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pauseMilliseconds);
  }
  return false;
}

/** A sockaddr_un; null: the name does not fit. */
function socketAddress(address: string): Buffer | null {
  const path = Buffer.from(address.startsWith('@') ? `\0${address.slice(1)}` : `${address}\0`);
  if (path.length > longestAddress) return null;
  const family = Buffer.alloc(2);
  family.writeUInt16LE(AF_UNIX);
  return Buffer.concat([family, path]);
}
