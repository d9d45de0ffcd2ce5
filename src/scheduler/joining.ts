import { attemptText } from '../model/task.ts';
import { lookAgain } from './absences.ts';
import { loseAttempt, withdrawAttempt } from './endings.ts';
import { currentTask, type FarmState, hostNamed, occupy, release } from './farm.ts';
import { left, tidy, tidyFrame } from './leaving.ts';
import type { Happening, Order, Present } from './messages.ts';

/**
 * The host says what it has. What it does not have is lost and waits for another attempt, if it has not been lost
 * too often; what we no longer want is stopped there.
 */
export function hostJoined(farm: FarmState, joined: Extract<Happening, { what: 'host joined' }>, now: number): Order[] {
  const { host: name, slots, attempts } = joined;
  const host = hostNamed(farm, name);
  host.slots = slots;
  host.connected = true;
  const isNew = !host.known;
  host.known = true;
  const orders: Order[] = [{ order: 'log', level: 'info', text: `host ${name}: joined with ${slots} slots` }];
  const there = new Set(attempts.map(({ key }) => attemptText(key)));
  for (const text of [...host.attempts.keys()]) {
    const lost = there.has(text) ? null : release(farm, host, text);
    if (lost === null) continue;
    const current = currentTask(farm, lost.key);
    if (current && lost.stopping === 'withdrawn') orders.push(...withdrawAttempt(current.job, current.task));
    else if (current) orders.push(...loseAttempt(farm, current.job, current.task, now));
    const job = farm.jobs.get(lost.key.job);
    if (job && !current) orders.push(...tidyFrame(name, job, lost.key));
    orders.push(...left(farm, name, lost.key));
  }
  for (const present of attempts) orders.push(...isThere(farm, name, present));
  if (isNew) orders.push(...tidyAgain(farm, name));
  return [...orders, ...lookAgain(host)];
}

/** What was done before this server started may not have been tidied. */
function tidyAgain(farm: FarmState, name: string): Order[] {
  return [...farm.jobs.values()].flatMap((job) =>
    tidy(
      name,
      job,
      [...job.tasks.known()].filter(({ state }) => state.is === 'done'),
    ),
  );
}

/**
 * Of an attempt that a host says it has: whether it is wanted, and running or paused, is ours to say. What it holds is
 * the host's: a job that ended before this server started is known no more, and its files are not free yet.
 */
function isThere(farm: FarmState, name: string, { key, holds }: Present): Order[] {
  const host = hostNamed(farm, name);
  const current = currentTask(farm, key);
  const stopping = current ? (host.attempts.get(attemptText(key))?.stopping ?? 'no') : 'unwanted';
  const paused = current?.task.state.is === 'paused';
  occupy(farm, host, { key, holds, paused, stopping });
  if (stopping !== 'no') return [{ order: stopping === 'withdrawn' ? 'withdraw' : 'stop', host: name, attempt: key }];
  return [{ order: paused ? 'pause' : 'resume', host: name, attempt: key }];
}
