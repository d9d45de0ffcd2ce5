import type { Socket } from 'node:net';
import { bearerOf, enter, type Way } from './ways.ts';

export interface Slow {
  /** Connections that hang now. */
  open: number;
  opened: number;
}

/** Bytes that a slow client sends at first, and what it does then. */
interface Manner {
  readonly first: (head: string) => string;
  /** Sent every two seconds. */
  readonly later?: string;
  readonly reads: boolean;
}

const post = (head: string) =>
  `POST /api/v1/jobs HTTP/1.1\r\n${head}Content-Type: application/json\r\nContent-Length: 60000\r\n\r\n`;
const manners: readonly Manner[] = [
  { first: () => '', reads: true },
  { first: (head) => `GET /healthz HTTP/1.1\r\n${head}X-A: `, later: 'a', reads: true },
  { first: (head) => `GET /healthz HTTP/1.1\r\n${head}X-`, reads: true },
  { first: (head) => `${post(head)}{"kind":"`, later: ' ', reads: true },
  { first: (head) => `${post(head)}{`, reads: true },
  { first: (head) => `GET /openapi.json HTTP/1.1\r\n${head}\r\n`.repeat(24), reads: false },
  { first: (head) => `GET /api/v1/jobs/1/events HTTP/1.1\r\n${head}\r\n`, reads: false },
  { first: (head) => `GET /api/v1/server HTTP/1.1\r\n${head}\r\n`, reads: true },
];

/** Keeps so many slow connections open: where one is cut, another comes. `told` is called every second. */
export function hang(ways: readonly Way[], count: number, told: (slow: Slow) => void): void {
  const slow: Slow = { open: 0, opened: 0 };
  let underWay = 0;
  const one = (number: number) => {
    const way = ways[number % ways.length];
    const manner = manners[Math.floor(number / ways.length) % manners.length];
    if (!way || !manner) throw new Error('no way and no manner');
    underWay += 1;
    const socket = enter(way, number);
    let timer: NodeJS.Timeout | undefined;
    let stood = false;
    socket.once('connect', () => {
      stood = true;
      underWay -= 1;
      slow.open += 1;
      slow.opened += 1;
      begin(socket, manner, way);
      timer = manner.later === undefined ? undefined : setInterval(() => socket.write(manner.later ?? ''), 2000);
    });
    socket.once('close', () => {
      clearInterval(timer);
      if (stood) slow.open -= 1;
      else underWay -= 1;
      setTimeout(() => one(number), 100);
    });
  };
  // Not all at once: who connects faster than the kernel's queue takes them in is only turned away.
  let next = 0;
  const feed = setInterval(() => {
    while (next < count && underWay < 256) one(next++);
    if (next === count) clearInterval(feed);
  }, 5);
  setInterval(() => told(slow), 1000);
}

function begin(socket: Socket, manner: Manner, way: Way): void {
  const bearer = bearerOf(way);
  socket.write(manner.first(`Host: localhost\r\n${bearer === null ? '' : `${bearer}\r\n`}`));
  if (manner.reads) socket.resume();
  else socket.pause();
}
