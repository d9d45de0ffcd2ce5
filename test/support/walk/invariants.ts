import { expect } from 'chai';
import { isEnded, type Job } from '../../../src/model/job.ts';
import { attemptText, type Outcome } from '../../../src/model/task.ts';
import { isAbsent } from '../../../src/scheduler/absences.ts';
import { hostNamed, stillEnding, taken } from '../../../src/scheduler/farm.ts';
import type { Order } from '../../../src/scheduler/messages.ts';
import type { World } from './world.ts';

/** What holds after every step, whatever has happened. It is asked a million times: what can be asked without chai is. */
export function check(world: World): void {
  const { farm, host, jobs } = world;
  const there = [...host.there.values()];
  const isOnce = (those: readonly string[]) => new Set(those).size === those.length;
  must(isOnce(there.map(({ key }) => `${key.job}.${key.task}`)), 'each task is there once');
  must(host.running().length <= host.slots, 'no more run than there are slots');
  must(isOnce(there.flatMap(({ holds }) => holds)), 'no file is held twice');
  for (const known of jobs) checkJob(world, known);
  let all = 0;
  for (const one of farm.hosts.values()) {
    all += one.attempts.size;
    const unpaused = [...one.attempts.values()].filter(({ paused }) => !paused);
    must(taken(one) === unpaused.length, 'what takes a slot is counted');
  }
  const occupied = [...farm.occupied.values()].reduce((sum, count) => sum + count, 0);
  must(occupied === all, 'attempts are counted by job');
  const served = [...farm.jobs.values()].filter(({ state }) => !isEnded(state) && state.is !== 'paused');
  const queue = new Set(farm.queue);
  must(queue.size === served.length && served.every((one) => queue.has(one)), 'the queue has the jobs that may start');
  if (world.isQuiet) checkQuiet(world);
}

function must(holds: boolean, what: string): void {
  if (!holds) expect.fail(`it does not hold that ${what}`);
}

function checkJob({ host }: World, { id, state, tasks }: Job): void {
  const { counts } = tasks;
  const open = counts.waiting + counts.running + counts.paused;
  must(isEnded(state) === (open === 0), `job ${id} has ended if and only if no task is open`);
  must(open + counts.done + counts.failed + counts.cancelled === counts.total, `every task of job ${id} counts once`);
  must(state.is !== 'waiting' || counts.running === 0, `nothing of job ${id} runs while it waits`);
  must(state.is !== 'done' || counts.done === counts.total, `job ${id} is done when all of it is`);
  for (const { plan, tried } of tasks.known())
    for (const { attempt, ended } of tried)
      must(
        ended === 'cancelled' || !host.withdrawn.has(`${id}.${plan.number}.${attempt}`),
        `attempt ${id}.${plan.number}.${attempt}, which never began, is held against nobody`,
      );
}

/** Nothing is on its way: what is asked for has come to pass. */
function checkQuiet({ farm, host, jobs, wakes }: World): void {
  expect([...host.ended.keys()], 'every end is acknowledged').to.deep.equal([]);
  const known = farm.hosts.get('lab1')?.attempts ?? new Map();
  expect([...known.keys()].sort(), 'all that is there is known').to.deep.equal([...host.there.keys()].sort());
  for (const { key, is, ending } of host.there.values()) {
    const state = jobs[key.job - 1]?.state;
    if (ending) continue;
    if (state?.is === 'paused') expect(is, `${attemptText(key)} of a paused job`).to.be.oneOf(['paused', 'held']);
    expect(state && isEnded(state), `${attemptText(key)} of a job that has ended`).to.equal(false);
  }
  const lab = farm.hosts.get('lab1');
  const waiting = [...farm.resting.values(), ...(lab?.absences.values() ?? [])].map(({ wake }) => wake);
  for (const wake of waiting) must(wake === null || wakes.has(wake), 'who waits for something outside is woken');
  for (const { wake } of lab?.absences.values() ?? []) must(wake !== null, 'a look that was told of is over');
  if (!lab || taken(lab) >= host.slots) return;
  for (const one of farm.queue) {
    const { id, request, tasks } = one;
    if (request.kind !== 'command' || request.slots !== null || farm.resting.has(id) || isAbsent(lab, one)) continue;
    if (stillEnding(farm, one).size > 0) continue;
    expect(tasks.counts.waiting, `job ${id} waits for a slot that is free`).to.equal(0);
  }
}

/** What an order must not do. */
export function checkOrder({ farm, jobs, doneTasks }: World, order: Order): void {
  if (!('attempt' in order)) return;
  const { job: id, task: number, attempt } = order.attempt;
  const task = jobs[id - 1]?.tasks.get(number);
  const isUnderWay = task?.state.is === 'running' || task?.state.is === 'paused';
  if (order.order === 'start') {
    expect(doneTasks.has(`${id}.${number}`), `${id}.${number} is done again`).to.equal(false);
    const isMissing = isAbsent(hostNamed(farm, order.host), order.job);
    expect(isMissing, `${id}.${number} starts where its project is missing`).to.equal(false);
  }
  if (order.order === 'stop')
    expect(isUnderWay && task.attempts === attempt, `${attemptText(order.attempt)} is wanted`).to.equal(false);
}

export function pickOf<T>(those: readonly T[], which: number): T | undefined {
  return those[which % Math.max(1, those.length)];
}

/** How an attempt ends, by chance. */
export function outcomeOf(which: number): Outcome {
  const signal = which % 14 === 0 ? 'SIGSEGV' : null;
  const damaged = which % 3 === 0 ? { damaged: true as const } : {};
  if (which % 11 === 3) return { is: 'postponed', reason: 'No room.' };
  return which % 7 === 0
    ? { is: 'failed', reason: 'crashed', exit: signal ? null : 1, signal, ...damaged, lastLines: [], usage: null }
    : { is: 'done', results: [], skipped: false, warnings: [], usage: null };
}
