import { waitUntil } from '../../test/support/wait-until.ts';
import { rayctlOf } from '../entrants/rayctl.ts';
import { BenchFarm } from '../farm.ts';
import { run } from '../processes.ts';
import type { Row } from '../row.ts';
import type { Workshop } from '../workshop.ts';

const daemon = 'rayserver';

/** From the command to service: the command ends when the daemon serves, and /healthz is asked besides. */
export function startRow(workshop: Workshop): Row {
  return {
    name: 'start',
    title: 'start to serving, second start of a home; rayctl',
    seconds: 60,
    entrants: [
      {
        name: 'Node with nothing to do',
        absent: async () => null,
        measure: async (signal) => {
          const words = [process.execPath, '-e', '0'] as const;
          return { 'start ms': (await run({ words, cwd: workshop.directory(), signal })).seconds * 1000 };
        },
      },
      {
        name: daemon,
        absent: async () => null,
        measure: async () => {
          await using farm = await BenchFarm.make();
          await farm.stop();
          // It leaves where nothing runs; a start with procwrap there already is a restart.
          await waitUntil('the end of procwrap', () => farm.home.processes().length === 0);
          const { ready, answered } = await farm.start();
          await farm.stop();
          await waitUntil('the end of procwrap', () => farm.home.processes().length === 0);
          return { 'start ms': ready * 1000, 'to /healthz ms': answered * 1000 };
        },
      },
      rayctlOf(workshop, 'rayctl --version', () => ['--version']),
      rayctlOf(workshop, 'rayctl jobs', (farm) => ['--home', farm.home.path, 'jobs']),
    ],
    goals: [{ entrant: daemon, figure: 'start ms', bound: 'at most', value: 300 }],
  };
}
