import type { Job, Project } from '../../../src/model/job.ts';
import type { Outcome } from '../../../src/model/task.ts';
import { emptyFarm, type FarmState, farmOf } from '../../../src/scheduler/farm.ts';
import type { Happening, Order } from '../../../src/scheduler/messages.ts';
import { react } from '../../../src/scheduler/reactor.ts';
import { memoryStore } from '../../../src/store/memory.ts';
import { commandJob, job, taskPlan } from '../jobs.ts';
import { WalkingHost } from './host.ts';
import { check, checkOrder, outcomeOf, pickOf } from './invariants.ts';

/**
 * A farm with one host, in which anything may happen: connections are lost, the host is killed with all that it has,
 * and so is the server, between any two deeds. It goes on from what was kept. After each step the invariants hold.
 */
export class World {
  farm: FarmState = emptyFarm();
  jobs: Job[] = [];
  readonly host = new WalkingHost();
  readonly doneTasks = new Set<string>();
  connected = false;
  now = 0;
  /** What the server will be told when its time has come. */
  readonly wakes = new Set<number>();
  readonly #store = memoryStore();
  /** What the server still comes to when something happens. */
  #comesTo: 'deeds' | 'keeping' | 'nothing' = 'deeds';
  #isDead = false;

  /** Nothing is on its way: server and host know the same. */
  get isQuiet(): boolean {
    return this.connected && this.host.told.length === 0;
  }

  happen(happening: Happening): void {
    if (this.#isDead) return;
    this.now += 1;
    const orders = react(this.farm, happening, this.now);
    for (const order of orders) checkOrder(this, order);
    this.#isDead = this.#comesTo !== 'deeds';
    if (this.#comesTo !== 'nothing') this.#keep(orders);
    if (!this.#isDead) for (const order of orders) this.#carryOut(order);
    if (!this.#isDead) check(this);
  }

  /** A memory store has kept it when this returns. */
  #keep(orders: readonly Order[]): void {
    const changes = orders.flatMap((order) => (order.order === 'keep' ? [{ job: order.job, tasks: order.tasks }] : []));
    void this.#store.commit(changes);
    for (const { job: changed, tasks } of changes)
      for (const task of tasks === 'retried' ? [] : tasks)
        if (task.state.is === 'done') this.doneTasks.add(`${changed.id}.${task.plan.number}`);
  }

  #carryOut(order: Order): void {
    if (order.order === 'wake') this.wakes.add(order.wake);
    if ('attempt' in order && this.connected) this.host.carryOut(order);
    if (order.order === 'look' && this.connected) this.host.look(order.project);
  }

  /** A new server for one that was killed, with what was kept. */
  async revive(): Promise<void> {
    if (!this.#isDead) return;
    this.#isDead = false;
    this.#comesTo = 'deeds';
    this.connected = false;
    this.wakes.clear();
    this.farm = farmOf(await this.#store.loadActive());
    const kept = this.jobs.map(async ({ id }) => this.farm.jobs.get(id) ?? (await this.#store.job(id)));
    this.jobs = (await Promise.all(kept)).filter((one) => one !== null);
  }

  /** What may happen next, the more often the more there are of it. */
  step(choice: number, which: number): void {
    const hear = () => this.#hear(1 + (which % 3));
    const hearAll = () => this.#hear(Number.POSITIVE_INFINITY);
    const [join, pause] = [() => this.#join(), () => this.#ask('pause asked', which)];
    const resume = () => this.#ask('resume asked', which);
    const submit = () => this.#submit(which);
    const deeds: readonly (() => void)[] = [
      ...[
        submit,
        submit,
        join,
        join,
        join,
        pause,
        pause,
        resume,
        resume,
        hear,
        hear,
        hearAll,
        hearAll,
        hearAll,
        hearAll,
      ],
      () => this.#ask('cancel asked', which),
      () => this.#retry(which),
      () => this.#leave(),
      () => this.#loseHost(),
      () => this.#killServer(which),
      () => this.#killServer(which),
      () => this.#progress(which),
      () => this.#endStopped(),
      () => this.#wake(which),
      () => this.#wake(which),
      () => this.#mount(which),
    ];
    (deeds[choice] ?? (() => this.#end(which)))();
  }

  #end(which: number): void {
    const one = pickOf(this.host.running(), which);
    const path = one && this.jobs[one.key.job - 1]?.project.path;
    const isAway = path !== undefined && this.host.away.has(path);
    if (one) this.host.end(one.key, isAway ? awayFrom(path) : outcomeOf(which));
  }

  /** One of two projects is there no more, or there again. */
  #mount(which: number): void {
    const path = pathOf(which);
    if (!this.host.away.delete(path)) this.host.away.add(path);
  }

  #wake(which: number): void {
    const wake = pickOf([...this.wakes], which);
    if (wake === undefined || this.#isDead) return;
    this.wakes.delete(wake);
    this.happen({ what: 'time passed', wake });
  }

  /** Mostly one in which something may happen. */
  #pickJob(which: number): Job | undefined {
    return pickOf(which % 5 === 0 ? this.jobs : [...this.farm.jobs.values()], which >> 3);
  }

  #ask(what: 'cancel asked' | 'pause asked' | 'resume asked', which: number): void {
    const known = this.#pickJob(which);
    if (known) this.happen({ what, job: known.id, by: 'ann' });
  }

  #leave(): void {
    this.connected = false;
    this.host.told = [];
    this.happen({ what: 'host left', host: 'lab1' });
  }

  #join(): void {
    this.connected = true;
    this.happen({ what: 'host joined', host: 'lab1', slots: this.host.slots, attempts: this.host.welcome() });
  }

  #loseHost(): void {
    this.#leave();
    this.host.die();
  }

  /** Now, or in the middle of what happens next. */
  #killServer(which: number): void {
    this.#comesTo = which % 3 === 0 ? 'keeping' : 'nothing';
    this.#isDead = which % 3 === 2;
  }

  #hear(most: number): void {
    for (let heard = 0; heard < most && this.connected && !this.#isDead; heard++) {
      const happening = this.host.told.shift();
      if (!happening) return;
      this.happen(happening);
    }
  }

  #endStopped(): void {
    for (const { key } of this.host.ending()) this.host.end(key, { is: 'stopped' });
  }

  #progress(which: number): void {
    for (const { key } of this.host.running())
      this.happen({ what: 'attempt progressed', attempt: key, fraction: (which % 100) / 100 });
  }

  #retry(which: number): void {
    const asked = pickOf(this.jobs, which);
    if (!asked) return;
    // Done tasks may be needed again by those that are retried.
    if (asked.state.is === 'failed' || asked.state.is === 'cancelled')
      for (const task of [...this.doneTasks]) if (task.startsWith(`${asked.id}.`)) this.doneTasks.delete(task);
    this.happen({ what: 'retry asked', job: asked, by: 'ann' });
  }

  #submit(which: number): void {
    if (this.#isDead) return;
    const id = this.jobs.length + 1;
    const holds = which % 3 === 0 ? ['ambient:a'] : [];
    const priority = which % 4;
    const plans = [
      taskPlan(1, { holds: ['octree:o'] }),
      taskPlan(2, { after: [1], holds }),
      taskPlan(3, { after: [1], holds }),
      taskPlan(4, { after: [2], afterwards: ['a.unf'] }),
    ];
    const frames = commandJob(
      id,
      { frames: `1-${1 + (which % 20)}`, slots: which % 3 === 0 ? 1 + (which % 5) : null },
      { priority },
    );
    const submitted = { ...(which % 2 === 0 ? job(id, plans, { priority }) : frames), project: projectAt(pathOf(id)) };
    this.jobs.push(submitted);
    void this.#store.commit([{ job: submitted, tasks: 'all' }]);
    this.happen({ what: 'submitted', job: submitted });
  }

  /** Everything goes well from now on. */
  async finish(): Promise<void> {
    this.#comesTo = 'deeds';
    await this.revive();
    this.#join();
    for (const { id } of this.jobs) this.happen({ what: 'resume asked', job: id, by: 'ann' });
    this.#endStopped();
    this.#hear(Number.POSITIVE_INFINITY);
    this.host.away.clear();
    while (this.wakes.size > 0) {
      this.#wake(0);
      this.#hear(Number.POSITIVE_INFINITY);
    }
    for (let [one] = this.host.running(); one; [one] = this.host.running()) {
      this.host.end(one.key, outcomeOf(1));
      this.#hear(Number.POSITIVE_INFINITY);
    }
  }
}

function pathOf(which: number): string {
  return `/projects/room${which % 2}`;
}

function projectAt(path: string): Project {
  return { location: null, root: '/', rest: path.slice(1), path };
}

function awayFrom(path: string): Outcome {
  return { is: 'postponed', reason: `${path} is not there.`, awaits: 'project' };
}
