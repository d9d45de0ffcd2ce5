import { isEnded } from '../model/job.ts';
import { attemptText, taskStates } from '../model/task.ts';
import { noCounts } from '../model/tasks.ts';
import { type FarmState, hostNamed } from '../scheduler/farm.ts';
import type { Happening, Order } from '../scheduler/messages.ts';
import type { Measures, Meters } from '../web/farm.ts';

/** Jobs and tasks of the farm by state. Those of jobs that have ended are in the store only. */
export function measure(farm: FarmState): Pick<Measures, 'jobs' | 'tasks'> {
  const jobs = { waiting: 0, running: 0, paused: 0 };
  const tasks = noCounts(0);
  for (const { state, tasks: those } of farm.jobs.values()) {
    if (isEnded(state)) continue;
    jobs[state.is] += 1;
    for (const name of taskStates) tasks[name] += those.counts[name];
  }
  return { jobs, tasks: Object.fromEntries(taskStates.map((name) => [name, tasks[name]])) };
}

/** How an attempt ended that the farm still reckons with, to be asked before it hears of it; null: none did. */
export function endOf(farm: FarmState, happening: Happening): string | null {
  if (happening.what !== 'attempt ended') return null;
  const { host, attempt, outcome } = happening;
  return hostNamed(farm, host).attempts.has(attemptText(attempt)) ? outcome.is : null;
}

/** Counts what a happening has led to. */
export function count(meters: Meters, ended: string | null, orders: readonly Order[]): void {
  if (ended !== null) meters.attemptEnded(ended);
  const started = orders.filter(({ order }) => order === 'start').length;
  if (started > 0) meters.attemptsStarted(started);
}
