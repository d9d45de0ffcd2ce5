import { join } from 'node:path';
import { top } from '../../test/support/program.ts';
import { BenchFarm } from '../farm.ts';
import { median } from '../figures.ts';
import { run } from '../processes.ts';
import type { Entrant } from '../row.ts';
import type { Workshop } from '../workshop.ts';

const calls = 5;

/** One call of rayctl, from its start to its end. */
export function rayctlOf(workshop: Workshop, name: string, words: (farm: BenchFarm) => string[]): Entrant {
  return {
    name,
    absent: async () => null,
    measure: async (signal) => {
      await using farm = await BenchFarm.make();
      const times: number[] = [];
      for (let call = 0; call < calls; call++) {
        const command = [join(top, 'bin/rayctl'), ...words(farm)] as const;
        times.push((await run({ words: command, cwd: workshop.directory(), signal })).seconds * 1000);
      }
      return { 'start ms': median(times) };
    },
  };
}
