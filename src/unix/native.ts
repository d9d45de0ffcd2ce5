import type { Server, Socket } from 'node:net';
import { lastError, libc, systemError } from './libc.ts';

const PR_SET_DUMPABLE = 4;
const PR_SET_NO_NEW_PRIVS = 38;
const SOL_SOCKET = 1;
const SO_PEERCRED = 17;
const SIG_SETMASK = 2;
/** Of a sigset_t. */
const SIGNAL_SET_BYTES = 128;

/** From now on no program that this process starts gains rights, not even a setuid one. It cannot be undone. */
export function forbidNewPrivileges(): void {
  control(PR_SET_NO_NEW_PRIVS, 1);
}

/** Closes environ, fd and mem of this process in /proc to other processes of the same user. An exec opens them again. */
export function makeUndumpable(): void {
  control(PR_SET_DUMPABLE, 0);
}

/**
 * Lets all signals reach this process: Node keeps USR1 blocked while its debugger is shut (unix/node-options.ts), and a
 * caller may have left others blocked. What came meanwhile comes now.
 */
export function unblockSignals(): void {
  const fault = libc.pthreadSigmask(SIG_SETMASK, Buffer.alloc(SIGNAL_SET_BYTES), null);
  if (fault !== 0) throw systemError(fault, 'pthread_sigmask');
}

/** Who is at the other end of a Unix socket, as the kernel noted when it connected. */
export function peerCredentials(fd: number): { pid: number; uid: number; gid: number } {
  const value = Buffer.alloc(12);
  const length = Buffer.alloc(4);
  length.writeInt32LE(value.length);
  if (libc.getsockopt(fd, SOL_SOCKET, SO_PEERCRED, value, length) < 0) throw systemError(lastError(), 'getsockopt');
  return { pid: value.readInt32LE(0), uid: value.readUInt32LE(4), gid: value.readUInt32LE(8) };
}

/** The descriptor below a socket or a listening server. Node has no public name for it. */
export function socketDescriptor(socket: Socket | Server): number {
  const handle = (socket as unknown as { _handle: { fd?: unknown } | null })._handle;
  const fd = handle?.fd;
  if (typeof fd !== 'number' || fd < 0) throw new Error('this socket has no descriptor: it is closed');
  return fd;
}

function control(option: number, value: number): void {
  if (libc.prctl(option, value, 0, 0, 0) < 0) throw systemError(lastError(), 'prctl');
}
