import { readFileSync } from 'node:fs';
import { ask, BenchFarm } from '../farm.ts';
import { quantile } from '../figures.ts';
import { memoryOf, pause, Service } from '../processes.ts';
import type { Figures, Row } from '../row.ts';
import { programs, type Workshop } from '../workshop.ts';

const connections = 10_000;
const requests = 300;
const pauseMilliseconds = 10;
const name = 'rayserver';
const alone = 'rayserver, nobody else there';

/** One client asks over the Unix socket, another over TCP, each request on a connection of its own. */
export function slowRow(workshop: Workshop): Row {
  const absent = async () => null;
  return {
    name: 'slow',
    title: `answers while ${connections.toLocaleString('en-US')} slow connections hang on the TCP port`,
    seconds: 120,
    entrants: [
      {
        name: alone,
        absent,
        measure: async (signal) => {
          await using farm = await BenchFarm.make();
          return await times(farm, signal);
        },
      },
      {
        name,
        absent,
        measure: async (signal) => {
          await using farm = await BenchFarm.make();
          const script = `${programs}/slow-clients.mjs`;
          const words = [process.execPath, script, String(farm.port), String(connections)] as const;
          const slow = new Service({ words, cwd: workshop.directory(), signal });
          try {
            await slow.says('ready');
            const figures = await times(farm, signal);
            const { rss } = memoryOf(farm.pid);
            await slow.leave();
            const { most } = JSON.parse(slow.stdout.split('\n')[1] ?? '{}') as { most: number };
            return { ...figures, 'server RSS MB': rss, 'open at most': most };
          } finally {
            slow.kill();
          }
        },
      },
    ],
    goals: [
      { entrant: name, figure: 'socket p99 ms', bound: 'at most', value: 100 },
      { entrant: name, figure: 'socket failed', bound: 'at most', value: 0 },
    ],
  };
}

async function times(farm: BenchFarm, signal: AbortSignal): Promise<Figures> {
  const token = readFileSync(farm.home.file('config/token'), 'utf8').trim();
  const socket = await timesOf(farm.socket, signal);
  const tcp = await timesOf({ port: farm.port, token }, signal);
  return {
    'socket p50 ms': quantile(socket.answered, 0.5),
    'socket p99 ms': quantile(socket.answered, 0.99),
    'socket failed': socket.failed,
    'TCP p99 ms': quantile(tcp.answered, 0.99),
    'TCP failed': tcp.failed,
  };
}

async function timesOf(
  to: Parameters<typeof ask>[0],
  signal: AbortSignal,
): Promise<{ answered: number[]; failed: number }> {
  const answered: number[] = [];
  let failed = 0;
  for (let count = 0; count < requests; count++) {
    const start = performance.now();
    try {
      const { status } = await ask(to, { path: '/api/v1/jobs', signal });
      if (status !== 200) throw new Error(`answered ${status}`);
      answered.push(performance.now() - start);
    } catch {
      failed++;
    }
    await pause(pauseMilliseconds, signal);
  }
  return { answered, failed };
}
