import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { hyperqueueSubmit } from '../entrants/hyperqueue.ts';
import { BenchFarm } from '../farm.ts';
import { quantile } from '../figures.ts';
import { pause } from '../processes.ts';
import type { Row } from '../row.ts';
import { noCompiler, type Workshop } from '../workshop.ts';

const submits = 200;
const name = 'rayserver';

/** From before the request is sent until the process has started, by one clock of the kernel. */
export function submitRow(workshop: Workshop): Row {
  return {
    name: 'submit',
    title: `submit over the Unix socket to process started, ${submits} submits one after another`,
    seconds: 90,
    entrants: [
      {
        name,
        absent: async () => (workshop.compiled('started') ? null : noCompiler),
        measure: async (signal) => {
          await using farm = await BenchFarm.make();
          const times: number[] = [];
          for (let number = 0; number < submits; number++) times.push(await submitOnce(farm, workshop, number, signal));
          return { 'p50 ms': quantile(times, 0.5), 'p99 ms': quantile(times, 0.99) };
        },
      },
      hyperqueueSubmit(workshop, submits),
    ],
    goals: [
      { entrant: name, figure: 'p50 ms', bound: 'at most', value: 5 },
      { entrant: name, figure: 'p99 ms', bound: 'at most', value: 20 },
    ],
  };
}

async function submitOnce(farm: BenchFarm, workshop: Workshop, number: number, signal: AbortSignal): Promise<number> {
  const file = join(farm.project, `started-${number}`);
  const command = [workshop.compiled('started') ?? '', file];
  const before = process.hrtime.bigint();
  const job = await farm.submit({ command }, signal);
  while (!existsSync(file)) await pause(1, signal);
  const started = BigInt(readFileSync(file, 'utf8').trim());
  await farm.done(job, signal);
  return Number(started - before) / 1e6;
}
