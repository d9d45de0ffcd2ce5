import { ask, BenchFarm } from '../farm.ts';
import { quantile } from '../figures.ts';
import { fillStore } from '../fill-store.ts';
import { pause } from '../processes.ts';
import type { Figures, Row } from '../row.ts';

const jobs = 100_000;
const page = 1000;
const pauseMilliseconds = 5;
const name = 'rayserver';

/** One client reads a listing of 100,000 jobs page by page while another asks for one job again and again. */
export function listingRow(): Row {
  return {
    name: 'listing',
    title: `a listing of ${jobs.toLocaleString('en-US')} jobs in pages of ${page}, and the answers of another client meanwhile`,
    seconds: 180,
    entrants: [
      {
        name,
        absent: async () => null,
        measure: async (signal) => {
          await using farm = await BenchFarm.make();
          await farm.stop();
          await fillStore(farm.home.file('state/rayserver.db'), jobs);
          await farm.start();
          return await whileListing(farm, signal);
        },
      },
    ],
    goals: [],
  };
}

async function whileListing(farm: BenchFarm, signal: AbortSignal): Promise<Figures> {
  const start = performance.now();
  let listing: { listed: number; seconds: number } | null = null;
  const listed = list(farm, signal).then((count) => {
    listing = { listed: count, seconds: (performance.now() - start) / 1000 };
    return listing;
  });
  const times: number[] = [];
  while (listing === null) {
    const before = performance.now();
    const { status } = await ask(farm.socket, { path: '/api/v1/jobs/1', signal });
    if (status !== 200) throw new Error(`job 1 is answered by ${status}`);
    times.push(performance.now() - before);
    await pause(pauseMilliseconds, signal);
  }
  const { listed: count, seconds } = await listed;
  if (count !== jobs) throw new Error(`${count} jobs are listed instead of ${jobs}`);
  return {
    'whole listing s': seconds,
    'other client p50 ms': quantile(times, 0.5),
    'other client p99 ms': quantile(times, 0.99),
    'other client longest ms': Math.max(...times),
  };
}

async function list(farm: BenchFarm, signal: AbortSignal): Promise<number> {
  let count = 0;
  let before: number | null = null;
  do {
    const path: string = `/api/v1/jobs?limit=${page}${before === null ? '' : `&before=${before}`}`;
    const { body } = await ask(farm.socket, { path, signal });
    const answer = body as { jobs: unknown[]; next: number | null };
    count += answer.jobs.length;
    before = answer.next;
  } while (before !== null);
  return count;
}
