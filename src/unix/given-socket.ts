import { SocketAddress } from 'node:net';
import { libc } from './libc.ts';

const SOL_SOCKET = 1;
const SO_TYPE = 3;
const SO_ACCEPTCONN = 30;
const SOCK_STREAM = 1;
const AF_UNIX = 1;
const AF_INET = 2;
const AF_INET6 = 10;
/** Of a sockaddr_storage. */
const longestAddress = 128;

/** Where a socket listens that somebody has bound for us; `other`: nothing that the job port could be. */
export type Listening =
  | { readonly is: 'tcp'; readonly address: string; readonly port: number }
  | { readonly is: 'unix' }
  | { readonly is: 'other' };

/** Asks the kernel, and takes no connection: who waits there is for the server. */
export function listeningAt(fd: number): Listening {
  if (optionOf(fd, SO_TYPE) !== SOCK_STREAM || optionOf(fd, SO_ACCEPTCONN) !== 1) return { is: 'other' };
  const address = Buffer.alloc(longestAddress);
  if (libc.getsockname(fd, address, lengthOf(address)) < 0) return { is: 'other' };
  switch (address.readUInt16LE(0)) {
    case AF_UNIX:
      return { is: 'unix' };
    case AF_INET:
      return { is: 'tcp', address: address.subarray(4, 8).join('.'), port: address.readUInt16BE(2) };
    case AF_INET6:
      return { is: 'tcp', address: sixOf(address.subarray(8, 24)), port: address.readUInt16BE(2) };
    default:
      return { is: 'other' };
  }
}

/** Null: the descriptor is no socket. */
function optionOf(fd: number, option: number): number | null {
  const value = Buffer.alloc(4);
  return libc.getsockopt(fd, SOL_SOCKET, option, value, lengthOf(value)) < 0 ? null : value.readInt32LE(0);
}

/** As the calls want it: a number that they may change. */
function lengthOf(buffer: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeInt32LE(buffer.length);
  return length;
}

/** In its shortest form, as `::1`. */
function sixOf(bytes: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, at) => bytes.readUInt16BE(at * 2).toString(16));
  return new SocketAddress({ address: groups.join(':'), family: 'ipv6' }).address;
}
