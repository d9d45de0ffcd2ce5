import { cFloor, floorName, nodeLoop, nodeName, parallel, xargs } from '../entrants/floors.ts';
import { hyperqueueJournal, hyperqueueName, hyperqueueTasks, journalName } from '../entrants/hyperqueue.ts';
import { BenchFarm } from '../farm.ts';
import type { Entrant, Row } from '../row.ts';
import type { Workshop } from '../workshop.ts';

const own = 'rayserver';
const without = 'rayserver without compiler';
const figure = 'tasks/s';

/** No-op tasks through the real daemon: durable, each with a log of its own. */
export function tasksRow(workshop: Workshop, tasks: number): Row {
  // The slow ones get fewer: a second is a second.
  const third = Math.ceil(tasks / 3);
  return {
    name: 'tasks',
    title: 'no-op tasks a second (/bin/true), 2 at a time',
    seconds: 120,
    entrants: [
      cFloor(workshop, tasks),
      farmTasks(workshop, own, tasks, {}),
      nodeLoop(workshop, tasks, 'ignore'),
      farmTasks(workshop, without, tasks, { RAYSERVER_SPAWNER: 'node' }),
      nodeLoop(workshop, third, 'pipe'),
      xargs(workshop, tasks),
      hyperqueueJournal(workshop, tasks),
      hyperqueueTasks(workshop, third),
      parallel(workshop, third),
    ],
    goals: [
      { entrant: own, figure, bound: 'at least', value: 1.5, times: journalName },
      { entrant: own, figure, bound: 'at least', value: 1.5, times: hyperqueueName },
      { entrant: own, figure, bound: 'at least', value: 1.4, times: nodeName },
      { entrant: own, figure, bound: 'at least', value: 0.7, times: floorName },
      { entrant: without, figure, bound: 'at least', value: 1, times: nodeName },
    ],
  };
}

/**
 * From before the submit until the client is told that the job is done. The logs stay until the end: for seconds after
 * thousands of files were removed, ext4 takes half as long again to make a new one.
 */
function farmTasks(workshop: Workshop, name: string, tasks: number, env: Record<string, string>): Entrant {
  return {
    name,
    absent: async () => null,
    measure: async (signal) => {
      await using farm = await BenchFarm.make({ env, project: workshop.directory() });
      await farm.done(await farm.submit({ command: ['/bin/true'], frames: '1-20' }, signal), signal);
      const start = performance.now();
      await farm.done(await farm.submit({ command: ['/bin/true'], frames: `1-${tasks}` }, signal), signal);
      return { [figure]: tasks / ((performance.now() - start) / 1000) };
    },
  };
}
