import { BenchFarm } from '../farm.ts';
import { memoryOf, pause, Service } from '../processes.ts';
import type { Figures, Row } from '../row.ts';
import type { Workshop } from '../workshop.ts';

const tasks = 10_000;
const queued = 1_000_000;
/** For what the server does after it has answered. */
const settleMilliseconds = 2000;
const name = 'rayserver';

export function memoryRow(workshop: Workshop): Row {
  return {
    name: 'memory',
    title: 'memory, MB of 10^6 bytes; restart with a million frames queued',
    seconds: 180,
    entrants: [
      {
        name: 'Node with nothing to do',
        absent: async () => null,
        measure: async (signal) => {
          const words = [process.execPath, '-e', 'process.stdin.resume(); console.log("ready")'] as const;
          const service = new Service({ words, cwd: workshop.directory(), signal });
          await service.says('ready');
          const { rss, pss } = memoryOf(service.pid);
          await service.leave();
          return { 'fresh RSS': rss, 'fresh PSS': pss };
        },
      },
      {
        name,
        absent: async () => null,
        measure: async (signal) => {
          await using farm = await BenchFarm.make();
          const fresh = await look(farm, 'fresh', signal);
          await farm.done(await farm.submit({ command: ['/bin/true'], frames: `1-${tasks}` }, signal), signal);
          const after = await look(farm, 'after 10,000 tasks', signal);
          // It takes both slots, so that those after it wait.
          await farm.submit({ command: ['/bin/sleep', '600'], frames: '1-2' }, signal);
          await farm.submit({ command: ['/bin/true'], frames: `1-${queued}` }, signal);
          const full = await look(farm, '1,000,000 queued', signal);
          await farm.stop();
          const { ready } = await farm.start();
          const again = await look(farm, 'restarted', signal);
          return { ...fresh, ...after, ...full, 'restart s': ready, ...again };
        },
      },
    ],
    goals: [
      { entrant: name, figure: 'fresh RSS', bound: 'at most', value: 90 },
      { entrant: name, figure: 'after 10,000 tasks RSS', bound: 'at most', value: 100 },
      { entrant: name, figure: '1,000,000 queued RSS', bound: 'at most', value: 110 },
      { entrant: name, figure: 'restart s', bound: 'at most', value: 5 },
    ],
  };
}

async function look(farm: BenchFarm, when: string, signal: AbortSignal): Promise<Figures> {
  await pause(settleMilliseconds, signal);
  const { server, procwrap } = farm.processes();
  const own = memoryOf(server);
  return { [`${when} RSS`]: own.rss, [`${when} PSS`]: own.pss, [`${when} procwrap RSS`]: memoryOf(procwrap).rss };
}
