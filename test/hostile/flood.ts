import type { Socket } from 'node:net';
import { Chance } from '../support/chance.ts';
import { mutated } from './mutations.ts';
import { enter, type Way } from './ways.ts';

export interface Flooded {
  sent: number;
  connections: number;
  /** Answers by status. */
  readonly answers: Record<string, number>;
}

/** Connections at a time, and milliseconds that one may take. */
const lanes = 48;
const patience = 3000;

/**
 * Sends so many mutated requests, as fast as they are taken: one by one, in pipelines, and some on connections that
 * are broken off.
 */
export async function flood(way: Way, seeds: readonly Buffer[], count: number, seed: number): Promise<Flooded> {
  const flooded: Flooded = { sent: 0, connections: 0, answers: {} };
  const lane = async (number: number) => {
    const chance = new Chance(seed * 1000 + number);
    while (flooded.sent < count) {
      // Behind a malformed one nothing is looked at: most are alone.
      const wanted = chance.below(4) === 0 ? 2 + chance.below(4) : 1;
      const batch = Array.from({ length: Math.min(count - flooded.sent, wanted) }, () => mutated(chance, seeds));
      flooded.sent += batch.length;
      flooded.connections += 1;
      await send(enter(way, flooded.connections), batch, chance.below(8), flooded.answers);
    }
  };
  await Promise.all(Array.from({ length: lanes }, (_, number) => lane(number)));
  return flooded;
}

/** The requests of a corpus, each over a connection of its own; what was answered to each, or `cut`. */
export async function sendEach(way: Way, requests: readonly Buffer[]): Promise<string[]> {
  const found: string[] = [];
  let next = 0;
  const lane = async () => {
    for (let at = next++; at < requests.length; at = next++) {
      const answers: Record<string, number> = {};
      await send(enter(way, at), [requests[at] ?? Buffer.alloc(0)], 6, answers);
      found[at] = Object.keys(answers).join(' ') || 'cut';
    }
  };
  await Promise.all(Array.from({ length: 16 }, lane));
  return found;
}

/** `manner` 0: broken off as soon as it is sent; 1 to 5: ended in good order behind it; else it is ended for us. */
function send(socket: Socket, batch: readonly Buffer[], manner: number, answers: Record<string, number>) {
  return new Promise<void>((done) => {
    const timer = setTimeout(() => socket.destroy(), patience);
    const finish = () => {
      if (manner === 0) socket.destroy();
      else if (manner <= 5) socket.end();
      else setTimeout(() => socket.end(), 20);
    };
    socket.on('data', (data: Buffer) => {
      for (const [, status = ''] of data.toString('latin1').matchAll(/HTTP\/1\.1 ([0-9]{3}) /g))
        answers[status] = (answers[status] ?? 0) + 1;
    });
    socket.once('connect', () => {
      for (const request of batch.slice(0, -1)) socket.write(request);
      socket.write(batch.at(-1) ?? '', finish);
    });
    socket.once('close', () => {
      clearTimeout(timer);
      done();
    });
  });
}
