import type { IncomingMessage, ServerResponse } from 'node:http';
import { limits } from '../protocol/api.ts';

/** Requests whose bodies may be larger than usual: each is in memory until it is whole, so only some are let in. */
export class LargeBodies {
  readonly most: number;
  #count = 0;

  constructor(most: number) {
    this.most = most;
  }

  /** Lets the request in until it is answered or gone. @returns false if there is no room for it */
  enter(request: IncomingMessage, response: ServerResponse): boolean {
    if (isUsual(request)) return true;
    if (this.#count >= this.most) return false;
    this.#count += 1;
    response.once('close', () => {
      this.#count -= 1;
    });
    return true;
  }
}

/** A body in chunks does not say how large it is. */
function isUsual({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] === undefined && Number(headers['content-length'] ?? 0) <= limits.bodyBytes;
}
