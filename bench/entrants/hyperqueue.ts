import { quantile } from '../figures.ts';
import { type Command, cpuSeconds, memoryOf, pause, run, Service } from '../processes.ts';
import type { Entrant, Figures } from '../row.ts';
import { hyperqueuePackage, noCompiler, programs, succeeds, type Workshop } from '../workshop.ts';
import { slots } from './floors.ts';

export const hyperqueueName = 'HyperQueue (Python package)';
export const journalName = 'HyperQueue with journal';

type Measure = (command: (...words: string[]) => Command, signal: AbortSignal) => Promise<Figures>;

function fromPackage(workshop: Workshop, measure: Measure, needs: string | null = null): Entrant {
  return {
    name: hyperqueueName,
    absent: async () => {
      const found = hyperqueuePackage();
      if ('absent' in found) return found.absent;
      return needs === null || workshop.compiled(needs) ? null : noCompiler;
    },
    measure: (signal) => {
      const found = hyperqueuePackage();
      if ('absent' in found) throw new Error(found.absent);
      const env = { PYTHONPATH: found.directory, PYTHONDONTWRITEBYTECODE: '1' };
      const cwd = workshop.directory();
      const script = `${programs}/with-hyperqueue.py`;
      return measure((...words) => ({ words: ['python3', script, ...words], cwd, env, signal }), signal);
    },
  };
}

/** Each task with files of its own for its output, as it does by itself; no journal: the package offers none. */
export function hyperqueueTasks(workshop: Workshop, tasks: number): Entrant {
  const measure: Measure = async (command) => {
    const { stdout } = await run(command('tasks', String(tasks), workshop.compiled('started') ?? ''));
    return { 'tasks/s': tasks / (numbersIn(stdout)[0] ?? Number.NaN) };
  };
  return fromPackage(workshop, measure, 'started');
}

export function hyperqueueSubmit(workshop: Workshop, count: number): Entrant {
  const measure: Measure = async (command) => {
    const { stdout } = await run(command('submit', String(count), workshop.compiled('started') ?? ''));
    const times = numbersIn(stdout);
    if (times.length !== count) throw new Error(`${times.length} of ${count} submits have been started`);
    return { 'p50 ms': quantile(times, 0.5), 'p99 ms': quantile(times, 0.99) };
  };
  return fromPackage(workshop, measure, 'started');
}

/** Its server prints a table of its own first. */
function numbersIn(text: string): number[] {
  return text
    .split('\n')
    .filter((line) => /^[0-9.e-]+$/.test(line))
    .map(Number);
}

/** Server, worker and Python in one process. */
export function hyperqueueIdle(workshop: Workshop, seconds: number): Entrant {
  return fromPackage(workshop, async (command, signal) => {
    const service = new Service(command('stay'));
    try {
      await service.says('ready');
      await pause(1000, signal);
      const before = cpuSeconds(service.pid);
      await pause(seconds * 1000, signal);
      const share = ((cpuSeconds(service.pid) - before) / seconds) * 100;
      return { 'all, % of a core': share, 'server RSS MB': memoryOf(service.pid).rss };
    } finally {
      service.kill();
    }
  });
}

/** The program `hq`, where somebody has installed it: server with journal, worker of its own, submit that waits. */
export function hyperqueueJournal(workshop: Workshop, tasks: number): Entrant {
  return {
    name: journalName,
    absent: async () => (succeeds('hq', ['--version']) ? null : 'The program hq is not in PATH.'),
    measure: async (signal) => {
      const cwd = workshop.directory();
      const hq = (...words: string[]): Command => ({
        words: ['hq', '--server-dir', `${cwd}/server`, ...words],
        cwd,
        signal,
      });
      const server = new Service(hq('server', 'start', '--journal', `${cwd}/journal`));
      let worker: Service | null = null;
      try {
        await server.says('Server');
        worker = new Service(hq('worker', 'start', '--cpus', String(slots)));
        await run(hq('submit', '--wait', '/bin/true'));
        const { seconds } = await run(hq('submit', '--wait', '--array', `1-${tasks}`, '/bin/true'));
        return { 'tasks/s': tasks / seconds };
      } finally {
        worker?.kill();
        server.kill();
      }
    },
  };
}
