import { hyperqueueIdle } from '../entrants/hyperqueue.ts';
import { BenchFarm } from '../farm.ts';
import { cpuSeconds, pause } from '../processes.ts';
import type { Row } from '../row.ts';
import type { Workshop } from '../workshop.ts';

const seconds = 20;
/** For half a minute after its start V8 still tidies up. */
const settleMilliseconds = 40_000;
const name = 'rayserver';

export function idleRow(workshop: Workshop): Row {
  return {
    name: 'idle',
    title: `processor time with nothing to do, over ${seconds} seconds`,
    seconds: 120,
    entrants: [
      {
        name,
        absent: async () => null,
        measure: async (signal) => {
          await using farm = await BenchFarm.make();
          await pause(settleMilliseconds, signal);
          const { server, procwrap, others } = farm.processes();
          const used = () => [server, procwrap, ...others].map(cpuSeconds);
          const before = used();
          await pause(seconds * 1000, signal);
          const shares = used().map((after, index) => ((after - (before[index] ?? 0)) / seconds) * 100);
          return {
            'all, % of a core': shares.reduce((sum, share) => sum + share, 0),
            'server, % of a core': shares[0] ?? Number.NaN,
            'procwrap, % of a core': shares[1] ?? Number.NaN,
          };
        },
      },
      hyperqueueIdle(workshop, seconds),
    ],
    goals: [{ entrant: name, figure: 'all, % of a core', bound: 'at most', value: 0.1 }],
  };
}
