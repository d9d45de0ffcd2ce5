import type { Socket } from 'node:net';
import { type Opened, token } from './web-port.ts';

/** An event, as a stream told it. */
export interface Told {
  readonly event: string;
  readonly id: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into data of any shape
  readonly data: any;
}

/** Reads an event stream of the job port as it comes. */
export class EventReader {
  readonly socket: Socket;
  text = '';
  isClosed = false;

  constructor(port: Opened, path: string, headers: readonly string[] = []) {
    this.socket = port.connect();
    this.socket.setEncoding('utf8').on('data', (part) => {
      this.text += part;
    });
    this.socket.on('error', () => undefined);
    this.socket.on('close', () => {
      this.isClosed = true;
    });
    const head = [`GET ${path} HTTP/1.1`, 'Host: localhost', `Authorization: Bearer ${token}`, ...headers];
    this.socket.write(`${head.join('\r\n')}\r\n\r\n`);
  }

  get told(): Told[] {
    return [...this.text.matchAll(/event: (\S+)\nid: (\S+)\ndata: (\{.*\})\n\n/g)].map(
      ([, event = '', id = '', data = '']) => ({ event, id, data: JSON.parse(data) }),
    );
  }

  /** True if the stream came to its end in good order. */
  get isWhole(): boolean {
    return this.text.endsWith('0\r\n\r\n');
  }
}
