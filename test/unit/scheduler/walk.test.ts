import { expect } from 'chai';
import fc from 'fast-check';
import { isEnded, type Job } from '../../../src/model/job.ts';
import { type AttemptKey, attemptText, type Outcome } from '../../../src/model/task.ts';
import { emptyFarm, type FarmState, taken } from '../../../src/scheduler/farm.ts';
import type { Happening, Order } from '../../../src/scheduler/messages.ts';
import { react } from '../../../src/scheduler/reactor.ts';
import { commandJob, job, taskPlan } from '../../support/jobs.ts';

const slots = 2;

interface There {
  readonly key: AttemptKey;
  is: 'waiting' | 'running' | 'paused';
}

/**
 * A random walk over the reactor, with a host that keeps its promises (it runs what it has slots for, in order, and
 * reports each end until acknowledged) but may lose its connection or everything it has at any moment. After each
 * step the invariants hold.
 */
class World {
  readonly farm: FarmState = emptyFarm();
  readonly jobs: Job[] = [];
  readonly there = new Map<string, There>();
  readonly ended = new Map<string, { key: AttemptKey; outcome: Outcome }>();
  /** The greatest attempt ever started, by task. */
  readonly latest = new Map<string, number>();
  readonly doneTasks = new Set<string>();
  connected = false;
  now = 0;

  happen(happening: Happening): void {
    this.now += 1;
    for (const order of react(this.farm, happening, this.now)) this.carryOut(order);
    this.runOn();
    this.check();
  }

  carryOut(order: Order): void {
    if (!('attempt' in order) || !this.connected) return;
    const text = attemptText(order.attempt);
    const one = this.there.get(text);
    if (order.order === 'start') this.start(order.attempt);
    else if (order.order === 'acknowledge') this.ended.delete(text);
    else if (order.order === 'pause' && one) one.is = 'paused';
    else if (order.order === 'resume' && one?.is === 'paused') one.is = 'running';
    else if (order.order === 'stop' && one) {
      this.there.delete(text);
      this.ended.set(text, { key: order.attempt, outcome: { is: 'stopped' } });
    }
  }

  start(key: AttemptKey): void {
    const task = `${key.job}.${key.task}`;
    expect(key.attempt, `attempts of ${task} rise`).to.be.greaterThan(this.latest.get(task) ?? 0);
    expect(this.doneTasks.has(task), `${task} is not done again`).to.equal(false);
    this.latest.set(task, key.attempt);
    this.there.set(attemptText(key), { key, is: 'waiting' });
  }

  /** What the host's slots have room for goes on. */
  runOn(): void {
    for (const one of this.there.values()) {
      if (one.is === 'waiting' && this.running().length < slots) one.is = 'running';
    }
  }

  running(): There[] {
    return [...this.there.values()].filter((one) => one.is === 'running');
  }

  check(): void {
    const tasks = [...this.there.values()].map(({ key }) => `${key.job}.${key.task}`);
    expect(new Set(tasks).size, 'each task is there once').to.equal(tasks.length);
    expect(this.running().length, 'running').to.be.at.most(slots);
    const holds = [...this.there.values()].flatMap(
      ({ key }) => this.jobs[key.job - 1]?.tasks.get(key.task)?.plan.holds ?? [],
    );
    expect(new Set(holds).size, 'no file is held twice').to.equal(holds.length);
    for (const known of this.jobs) this.checkJob(known);
    const all = [...this.farm.hosts.values()].flatMap((host) => [...host.attempts.values()]);
    for (const host of this.farm.hosts.values())
      expect(taken(host)).to.equal([...host.attempts.values()].filter(({ paused }) => !paused).length);
    expect([...this.farm.occupied.values()].reduce((sum, count) => sum + count, 0)).to.equal(all.length);
    const served = [...this.farm.jobs.values()].filter(({ state }) => !isEnded(state) && state.is !== 'paused');
    expect([...this.farm.queue].map(({ id }) => id).sort()).to.deep.equal(served.map(({ id }) => id).sort());
  }

  checkJob({ id, state, tasks }: Job): void {
    const { counts } = tasks;
    const open = counts.waiting + counts.running + counts.paused;
    expect(isEnded(state), `job ${id} has ended if and only if no task is open`).to.equal(open === 0);
    const sum = counts.waiting + counts.running + counts.paused + counts.done + counts.failed + counts.cancelled;
    expect(sum, `every task of job ${id} counts once`).to.equal(counts.total);
    if (state.is === 'waiting') expect(counts.running, `job ${id} waits`).to.equal(0);
    if (state.is === 'done') expect(counts.done).to.equal(counts.total);
  }

  deliver(): void {
    for (const { key, outcome } of [...this.ended.values()]) {
      if (!this.connected) return;
      const task = `${key.job}.${key.task}`;
      const tasks = this.jobs[key.job - 1]?.tasks;
      const isDone = () => tasks?.stateOf(key.task) === 'done';
      const wasDone = isDone();
      // Tasks of 20 ms: some are given ahead.
      this.happen({ what: 'attempt ended', host: 'lab1', attempt: key, outcome, milliseconds: 20 });
      if (!wasDone && isDone()) this.doneTasks.add(task);
    }
  }

  join(): void {
    this.connected = true;
    const attempts = [...this.there.values(), ...this.ended.values()].map(({ key }) => key);
    this.happen({ what: 'host joined', host: 'lab1', slots, attempts });
    this.deliver();
  }

  step(choice: number, which: number): void {
    const known = this.jobs[which % Math.max(1, this.jobs.length)];
    const running = this.running();
    const pick = running[which % Math.max(1, running.length)];
    const ask = (what: 'cancel asked' | 'pause asked' | 'resume asked') => () => {
      if (known) this.happen({ what, job: known.id, by: 'ann' });
    };
    const deeds: readonly (() => void)[] = [
      () => this.submit(which),
      () => this.leave(),
      () => this.join(),
      () => this.there.clear(),
      ask('cancel asked'),
      ask('pause asked'),
      ask('resume asked'),
      () => known && this.retry(known),
      () => this.goOn(which),
    ];
    const end = () => pick && this.end(pick.key, which);
    (deeds[choice] ?? end)();
  }

  leave(): void {
    this.connected = false;
    this.happen({ what: 'host left', host: 'lab1' });
  }

  goOn(which: number): void {
    for (const { key } of this.running()) {
      this.happen({ what: 'attempt started', attempt: key, pid: 100 + which });
      this.happen({ what: 'attempt progressed', attempt: key, fraction: (which % 100) / 100 });
    }
  }

  retry(asked: Job): void {
    // Done tasks may be needed again by those that are retried.
    if (asked.state.is === 'failed' || asked.state.is === 'cancelled')
      for (const task of [...this.doneTasks]) if (task.startsWith(`${asked.id}.`)) this.doneTasks.delete(task);
    this.happen({ what: 'retry asked', job: asked, by: 'ann' });
  }

  submit(which: number): void {
    const id = this.jobs.length + 1;
    const holds = which % 3 === 0 ? ['ambient:a'] : [];
    const priority = which % 4;
    const plans = [
      taskPlan(1, { holds: ['octree:o'] }),
      taskPlan(2, { after: [1], holds }),
      taskPlan(3, { after: [1], holds }),
      taskPlan(4, { after: [2], afterwards: ['a.unf'] }),
    ];
    const frames = commandJob(id, { frames: `1-${1 + (which % 20)}`, slots: which % 5 || null }, { priority });
    const submitted = which % 2 === 0 ? job(id, plans, { priority }) : frames;
    this.jobs.push(submitted);
    this.happen({ what: 'submitted', job: submitted });
  }

  end(key: AttemptKey, which: number): void {
    this.there.delete(attemptText(key));
    const signal = which % 14 === 0 ? 'SIGSEGV' : null;
    const outcome: Outcome =
      which % 11 === 3
        ? { is: 'postponed', reason: 'No room.' }
        : which % 7 === 0
          ? { is: 'failed', reason: 'crashed', exit: signal ? null : 1, signal, lastLines: [], usage: null }
          : { is: 'done', results: [], skipped: false, warnings: [], usage: null };
    this.ended.set(attemptText(key), { key, outcome });
    this.runOn();
    this.deliver();
  }

  finish(): void {
    this.join();
    for (const { id } of this.jobs) this.happen({ what: 'resume asked', job: id, by: 'ann' });
    this.deliver();
    this.now += 5000;
    this.happen({ what: 'time passed' });
    for (let [one] = this.running(); one; [one] = this.running()) this.end(one.key, 1);
  }
}

describe('the scheduler, whatever happens', () => {
  it('loses no job, runs no task twice at a time or after its end, and comes to an end', () => {
    const steps = fc.array(fc.tuple(fc.integer({ min: 0, max: 14 }), fc.nat(1000)), {
      minLength: 20,
      maxLength: 200,
      size: 'max',
    });
    fc.assert(
      fc.property(steps, (choices) => {
        const world = new World();
        for (const [choice, which] of choices) world.step(choice, which);
        world.finish();
        for (const known of world.jobs) expect(isEnded(known.state), `job ${known.id} ended`).to.equal(true);
        expect(world.farm.jobs.size).to.equal(0);
        expect(world.ended.size).to.equal(0);
      }),
      { numRuns: 500, seed: Number(process.env['SEED'] ?? 3) },
    );
  });
});
