import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Looks for one to give up; more would make a flood dear. */
const mostLooks = 64;

/**
 * The connections of one listener. Where there is no room for a new one, the peer that has most gives one up: the one
 * that has stood longest without a request of somebody known, and on which nothing waits for us. So whoever opens
 * connections and says nothing, or reads nothing, loses them to those who come to ask.
 */
export class Connections {
  readonly most: number;
  readonly #peerOf: (socket: Socket) => string;
  /** By peer; those that have stood still for longest come first. */
  readonly #peers = new Map<string, Set<Socket>>();
  readonly #exchanges = new WeakMap<Socket, Map<ServerResponse, IncomingMessage>>();
  #count = 0;

  constructor(most: number, peerOf: (socket: Socket) => string) {
    this.most = most;
    this.#peerOf = peerOf;
  }

  get count(): number {
    return this.#count;
  }

  /** @returns what was cut to make room: another one, or this one if nothing else may go; null: there was room */
  add(socket: Socket): 'other' | 'this' | null {
    const victim = this.#count < this.most ? null : (this.#victim() ?? socket);
    victim?.destroy();
    if (victim === socket) return 'this';
    const peer = this.#peerOf(socket);
    const those = this.#peers.get(peer) ?? new Set();
    this.#peers.set(peer, those.add(socket));
    this.#count += 1;
    socket.once('close', () => {
      this.#count -= 1;
      those.delete(socket);
      if (those.size === 0 && this.#peers.get(peer) === those) this.#peers.delete(peer);
    });
    return victim === null ? null : 'other';
  }

  /** A request whose headers are here. */
  begin(request: IncomingMessage, response: ServerResponse): void {
    const exchanges = this.#exchanges.get(request.socket) ?? new Map<ServerResponse, IncomingMessage>();
    this.#exchanges.set(request.socket, exchanges);
    exchanges.set(response, request);
    response.once('close', () => exchanges.delete(response));
  }

  /** Somebody known has asked on this connection: it goes after those on which nobody did. */
  use(socket: Socket): void {
    const those = this.#peers.get(this.#peerOf(socket));
    if (those?.delete(socket)) those.add(socket);
  }

  /** How many requests of this connection are under way. */
  underWay(socket: Socket): number {
    return this.#exchanges.get(socket)?.size ?? 0;
  }

  /** True if nothing can be mixed up by an answer now: only the request that is being read waits for one. */
  mayAnswer(socket: Socket): boolean {
    const exchanges = [...(this.#exchanges.get(socket) ?? [])];
    return exchanges.every(([response, request]) => !request.complete && !response.headersSent) && exchanges.length < 2;
  }

  /** A connection on which the next word or the next reading is the client's. */
  #victim(): Socket | null {
    let largest = new Set<Socket>();
    for (const those of this.#peers.values()) if (those.size > largest.size) largest = those;
    let looks = 0;
    for (const socket of largest) {
      if (socket.destroyed) continue;
      if (!this.#waitsForUs(socket)) return socket;
      if (++looks >= mostLooks) return null;
      // Not to be looked at again before the others.
      largest.delete(socket);
      largest.add(socket);
    }
    return null;
  }

  #waitsForUs(socket: Socket): boolean {
    if (socket.writableLength > 0) return false;
    return [...(this.#exchanges.get(socket)?.values() ?? [])].some((request) => request.complete);
  }
}
