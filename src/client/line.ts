import type { IncomingMessage } from 'node:http';
import type { ServerAddress } from './address.ts';
import { NotAllowed, Refused, ServerUnreachable } from './errors.ts';
import { type Asking, ask, askJson, type Way } from './exchange.ts';
import { openTunnel, type Tunnel } from './tunnel.ts';
import { directWay, wayThrough } from './ways.ts';

export interface LineOptions {
  readonly token: string | null;
  /** The ssh command with options. */
  readonly ssh: string;
  /** Lets ssh ask on the terminal. */
  readonly interactive: boolean;
}

/** How one server is reached, from request to request: an ssh tunnel stays and is opened anew when it has gone. */
export class Line {
  readonly #address: ServerAddress;
  readonly #options: LineOptions;
  #tunnel: Promise<Tunnel> | null = null;
  #met = false;

  constructor(address: ServerAddress, options: LineOptions) {
    this.#address = address;
    this.#options = options;
  }

  async askJson(asking: Asking): Promise<unknown> {
    const answer = await askJson(await this.#way(), asking);
    this.#met = true;
    return answer;
  }

  async ask(asking: Asking): Promise<IncomingMessage> {
    const answer = await ask(await this.#way(), asking);
    this.#met = true;
    return answer;
  }

  /** A fault that may pass by itself: the server was there before and is away now. */
  mayPass(error: unknown): boolean {
    if (error instanceof ServerUnreachable) return this.#met || error.sent;
    // While a server starts, its socket is closed for a moment.
    if (error instanceof NotAllowed) return this.#met;
    return error instanceof Refused && error.status === 503;
  }

  /** Ends the tunnel, if there is one. */
  async close(): Promise<void> {
    const tunnel = this.#tunnel;
    this.#tunnel = null;
    await (await tunnel?.catch(() => null))?.close();
  }

  async #way(): Promise<Way> {
    const address = this.#address;
    const { token, ssh: command, interactive } = this.#options;
    if (address.by !== 'ssh') return directWay(address, token);
    if (this.#tunnel && !(await this.#tunnel.catch(() => null))?.isOpen()) await this.close();
    this.#tunnel ??= openTunnel({ address, command, interactive });
    return wayThrough(address, await this.#tunnel);
  }
}
