import { expect } from 'chai';
import fc from 'fast-check';
import { isEnded, type Job } from '../../../src/model/job.ts';
import { type AttemptKey, attemptText, type Outcome } from '../../../src/model/task.ts';
import { emptyFarm, type FarmState } from '../../../src/scheduler/farm.ts';
import type { Happening, Order } from '../../../src/scheduler/messages.ts';
import { react } from '../../../src/scheduler/reactor.ts';
import { job, taskPlan } from '../../support/jobs.ts';

/**
 * A random walk over the reactor, with a host that keeps its promises (it reports each end until acknowledged)
 * but may lose its connection or everything it runs at any moment. After each step the invariants hold.
 */
class World {
  readonly farm: FarmState = emptyFarm();
  readonly jobs: Job[] = [];
  readonly running = new Map<string, AttemptKey>();
  readonly ended = new Map<string, { key: AttemptKey; outcome: Outcome }>();
  connected = false;
  now = 0;

  happen(happening: Happening): void {
    this.now += 1;
    for (const order of react(this.farm, happening, this.now)) this.carryOut(order);
    this.check();
  }

  carryOut(order: Order): void {
    if (!('attempt' in order) || !this.connected) return;
    const text = attemptText(order.attempt);
    if (order.order === 'start') {
      expect(this.running.has(text), `${text} starts once`).to.equal(false);
      this.running.set(text, order.attempt);
    } else if (order.order === 'acknowledge') {
      this.ended.delete(text);
    } else if (this.running.delete(text)) {
      this.ended.set(text, { key: order.attempt, outcome: { is: 'stopped' } });
    }
  }

  check(): void {
    const byTask = new Map<string, string>();
    for (const [text, key] of this.running) {
      const task = `${key.job}.${key.task}`;
      expect(byTask.has(task), `${task} runs once at a time`).to.equal(false);
      byTask.set(task, text);
    }
    expect(this.running.size).to.be.at.most(2);
    const holds = [...this.running.values()].flatMap(
      (key) => this.jobs[key.job - 1]?.tasks[key.task - 1]?.plan.holds ?? [],
    );
    expect(new Set(holds).size, 'no file is held twice').to.equal(holds.length);
    for (const known of this.jobs) {
      const open = known.tasks.some((task) => task.state.is === 'waiting' || task.state.is === 'running');
      expect(isEnded(known.state), `job ${known.id} has ended if and only if no task is open`).to.equal(!open);
    }
  }

  deliver(): void {
    for (const { key, outcome } of [...this.ended.values()]) {
      if (this.connected) this.happen({ what: 'attempt ended', host: 'lab1', attempt: key, outcome });
    }
  }

  join(): void {
    this.connected = true;
    const attempts = [...this.running.values(), ...[...this.ended.values()].map((one) => one.key)];
    this.happen({ what: 'host joined', host: 'lab1', slots: 2, attempts });
    this.deliver();
  }

  step(choice: number, which: number): void {
    const pick = [...this.running.values()][which % Math.max(1, this.running.size)];
    switch (choice) {
      case 0:
        this.submit(which);
        break;
      case 1:
        this.connected = false;
        this.happen({ what: 'host left', host: 'lab1' });
        break;
      case 2:
        this.join();
        break;
      case 3:
        this.running.clear();
        break;
      case 4:
        if (this.jobs.length > 0) this.happen({ what: 'cancel asked', job: 1 + (which % this.jobs.length), by: 'ann' });
        break;
      default:
        if (pick) this.end(pick, which);
        break;
    }
  }

  submit(which: number): void {
    const id = this.jobs.length + 1;
    const holds = which % 3 === 0 ? ['ambient:a'] : [];
    const submitted = job(id, [
      taskPlan(1, { holds: ['octree:o'] }),
      taskPlan(2, { after: [1], holds }),
      taskPlan(3, { after: [1], holds }),
      taskPlan(4, { after: [2] }),
    ]);
    this.jobs.push(submitted);
    this.happen({ what: 'submitted', job: submitted });
  }

  end(key: AttemptKey, which: number): void {
    this.running.delete(attemptText(key));
    const outcome: Outcome =
      which % 7 === 0
        ? { is: 'failed', reason: 'crashed', exit: null, signal: 'SIGSEGV', lastLines: [] }
        : { is: 'done', results: [], skipped: false, warnings: [] };
    this.ended.set(attemptText(key), { key, outcome });
    this.deliver();
  }

  finish(): void {
    this.join();
    while (this.running.size > 0) {
      const [key] = this.running.values();
      if (key) this.end(key, 1);
    }
  }
}

describe('the scheduler, whatever happens', () => {
  it('loses no job, runs no task twice at a time, and comes to an end', () => {
    const steps = fc.array(fc.tuple(fc.integer({ min: 0, max: 9 }), fc.nat(1000)), { maxLength: 120 });
    fc.assert(
      fc.property(steps, (choices) => {
        const world = new World();
        for (const [choice, which] of choices) world.step(choice, which);
        world.finish();
        for (const known of world.jobs) expect(isEnded(known.state), `job ${known.id} ended`).to.equal(true);
        expect(world.farm.jobs.size).to.equal(0);
        expect(world.ended.size).to.equal(0);
      }),
      { numRuns: 300, seed: 3 },
    );
  });
});
