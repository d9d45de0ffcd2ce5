import { run } from '../processes.ts';
import type { Entrant } from '../row.ts';
import { noCompiler, programs, succeeds, type Workshop } from '../workshop.ts';

/** Whoever starts no-op processes 2 at a time and does nothing else. */

export const floorName = 'C floor';
export const nodeName = 'Node loop';

export const slots = 2;

export function cFloor(workshop: Workshop, tasks: number): Entrant {
  return {
    name: floorName,
    absent: async () => (workshop.compiled('floor') ? null : noCompiler),
    measure: async (signal) => ({ 'tasks/s': tasks / (await floorSeconds(workshop, tasks, signal)) }),
  };
}

/** Seconds of the C floor for that many tasks. */
export async function floorSeconds(workshop: Workshop, tasks: number, signal: AbortSignal): Promise<number> {
  const floor = workshop.compiled('floor');
  if (floor === null) throw new Error(noCompiler);
  const words = [floor, String(tasks), String(slots), '/bin/true'] as const;
  return (await run({ words, cwd: workshop.directory(), signal })).seconds;
}

/** @param stdio - of each process: thrown away, or read through pipes */
export function nodeLoop(workshop: Workshop, tasks: number, stdio: 'ignore' | 'pipe'): Entrant {
  return {
    name: stdio === 'ignore' ? nodeName : 'Node loop, pipes',
    absent: async () => null,
    measure: async (signal) => {
      const words = [process.execPath, `${programs}/node-loop.mjs`, String(tasks), String(slots), stdio] as const;
      return { 'tasks/s': tasks / (await run({ words, cwd: workshop.directory(), signal })).seconds };
    },
  };
}

export function xargs(workshop: Workshop, tasks: number): Entrant {
  return {
    name: 'xargs',
    absent: async () => (succeeds('xargs', ['--version']) ? null : 'There is no xargs.'),
    measure: async (signal) => {
      const words = ['sh', '-c', `seq ${tasks} | xargs -P${slots} -n1 /bin/true`] as const;
      return { 'tasks/s': tasks / (await run({ words, cwd: workshop.directory(), signal })).seconds };
    },
  };
}

export function parallel(workshop: Workshop, tasks: number): Entrant {
  return {
    name: 'GNU parallel',
    absent: async () => (succeeds('parallel', ['--version']) ? null : 'There is no GNU parallel.'),
    measure: async (signal) => {
      const words = ['sh', '-c', `seq ${tasks} | parallel -j${slots} --results logs /bin/true '#' >/dev/null`] as const;
      return { 'tasks/s': tasks / (await run({ words, cwd: workshop.directory(), signal })).seconds };
    },
  };
}
