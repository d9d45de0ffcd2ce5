import type { Readable } from 'node:stream';
import { findRecord } from '../config/hosts.ts';
import { isEnded, type Job } from '../model/job.ts';
import { summaryOf } from '../model/progress.ts';
import { Refusal } from '../model/refusal.ts';
import { attemptKey } from '../model/task.ts';
import type { FromProcwrap, HostSettings } from '../protocol/inner.ts';
import { ahead } from '../scheduler/assign.ts';
import { type FarmState, farmOf, hostNamed, taken } from '../scheduler/farm.ts';
import type { Happening } from '../scheduler/messages.ts';
import { busyWith, react } from '../scheduler/reactor.ts';
import type { Farm, News } from '../web/farm.ts';
import { Conductor } from './conductor.ts';
import { keepForgetting } from './forgetting.ts';
import { count, endOf, measure } from './measures.ts';
import { metered } from './metered-store.ts';
import type { FarmOptions } from './options.ts';
import { Pauses } from './pauses.ts';
import { Procwrap } from './procwrap.ts';
import { Reception, viewBusy } from './reception.ts';
import { jobLog, openResult } from './results.ts';
import { tasksIn } from './task-pages.ts';
import { jobView, taskView } from './views.ts';
import { Watchers } from './watchers.ts';

export type { FarmOptions } from './options.ts';

/** How long a procwrap may take to start. */
const openMilliseconds = 20_000;

/** Seconds that looking at a host and a directory may take. */
const examineSeconds = 60;

export interface RunningFarm extends Farm {
  /** Ends service; simulations go on under their procwrap. */
  close(): Promise<void>;
}

/** Takes up the farm where its store left it, and connects its host. */
export async function openFarm(options: FarmOptions): Promise<RunningFarm> {
  const farm = farmOf(await options.store.loadActive());
  const running = new Running(options, farm);
  await running.open();
  return running;
}

class Running implements RunningFarm {
  readonly #options: FarmOptions;
  readonly #farm: FarmState;
  readonly #watchers: Watchers;
  readonly #pauses = new Pauses();
  /** Of writing the store. */
  readonly #retries = new Pauses();
  readonly #procwrap: Procwrap;
  readonly #conductor: Conductor;
  readonly #reception: Reception;
  #closing = false;

  constructor(options: FarmOptions, farm: FarmState) {
    this.#options = options;
    this.#farm = farm;
    const { log, meters } = options;
    const store = metered(options.store, (seconds) => meters.committed(seconds));
    this.#watchers = new Watchers(options.now);
    this.#procwrap = new Procwrap({
      socket: options.home.procwrapSocket,
      version: options.version,
      settings: hostSettings(options),
      start: options.startProcwrap,
      heard: (message) => this.#heard(message),
      lost: () => this.#note({ what: 'host left', host: options.host }),
      pause: (milliseconds) => this.#pauses.pause(milliseconds),
      log,
    });
    this.#conductor = new Conductor({
      store,
      watchers: this.#watchers,
      log,
      say: (_host, message) => this.#procwrap.say(message),
      pause: (milliseconds) => this.#retries.pause(milliseconds),
      isClosing: () => this.#closing,
    });
    const happen = (happening: Happening) => this.#happen(happening);
    this.#reception = new Reception({ options, farm, procwrap: this.#procwrap, happen });
  }

  /** @throws Error if no procwrap answers in time */
  async open(): Promise<void> {
    await Promise.race([this.#procwrap.connect(), this.#pauses.pause(openMilliseconds)]);
    if (this.#procwrap.connected) {
      this.#forget();
      return;
    }
    await this.close();
    throw new Error('The control process (procwrap) does not start. Its reason is in the log.');
  }

  #forget(): void {
    const { store, settings, now, log } = this.#options;
    const pause = (milliseconds: number) => this.#pauses.pause(milliseconds);
    const forget: typeof store.forget = async (query) => {
      const ids = await store.forget(query);
      for (const id of ids) this.#watchers.deleted(id);
      return ids;
    };
    void keepForgetting({
      store: { forget },
      settings: settings.jobs,
      now,
      log,
      pause,
      isClosing: () => this.#closing,
    });
  }

  /** Resolves when what follows is on disk and done. `urgent`: somebody, or a free slot, waits for it. */
  #happen(happening: Happening, urgent = true): Promise<void> {
    if (this.#closing) return Promise.resolve();
    const ended = endOf(this.#farm, happening);
    const orders = react(this.#farm, happening, this.#options.now());
    count(this.#options.meters, ended, orders);
    return this.#conductor.conduct(orders, urgent);
  }

  /** As `#happen`, where nobody waits for it. */
  #note(happening: Happening, urgent = true): void {
    void this.#happen(happening, urgent);
  }

  #heard(message: Exclude<FromProcwrap, { say: 'answer' }>): void {
    switch (message.say) {
      case 'welcome':
        this.#welcome(message);
        break;
      case 'started':
        for (const { attempt, pid } of message.started)
          this.#note({ what: 'attempt started', attempt: attemptKey(attempt), pid }, false);
        break;
      case 'progressed': {
        const { attempt, fraction } = message;
        this.#note({ what: 'attempt progressed', attempt: attemptKey(attempt), fraction });
        break;
      }
      case 'ended':
        for (const end of message.ends) this.#ended(end);
        break;
    }
  }

  #welcome({ pid, version, attempts }: Extract<FromProcwrap, { say: 'welcome' }>): void {
    const { host, slots, log } = this.#options;
    log('info', `procwrap ${pid} (${version}) answers, ${attempts.length} simulations there`);
    this.#conductor.joined(host);
    this.#note({ what: 'host joined', host, slots, attempts: attempts.map(attemptKey) });
  }

  /** Not urgent where the host was given enough ahead. */
  #ended({ attempt, outcome, milliseconds }: Extract<FromProcwrap, { say: 'ended' }>['ends'][number]): void {
    const { host, slots } = this.#options;
    const key = attemptKey(attempt);
    const job = this.#farm.jobs.get(key.job);
    const urgent = !job || ahead({ slots }, job) < slots || taken(hostNamed(this.#farm, host)) <= slots;
    this.#note({ what: 'attempt ended', host, attempt: key, outcome, milliseconds }, urgent);
  }

  submit(...[caller, request, key]: Parameters<Farm['submit']>): ReturnType<Farm['submit']> {
    return this.#reception.submit(caller, request, key);
  }

  async jobs({ state, before, limit }: Parameters<Farm['jobs']>[0]): ReturnType<Farm['jobs']> {
    const found = await this.#options.store.jobs({ before, limit: limit + 1, states: state ? [state] : null });
    const page = found.slice(0, limit);
    const now = this.#options.now();
    const last = page.at(-1);
    const current = (id: number) => this.#farm.jobs.get(id);
    return {
      jobs: page.map((kept) => {
        const job = current(kept.id);
        return jobView(job ? summaryOf(job) : kept, now);
      }),
      next: found.length > limit && last ? last.id : null,
    };
  }

  /** As it is now: what runs is in memory, the rest in the store. */
  async #job(id: number): Promise<Job> {
    const job = this.#farm.jobs.get(id) ?? (await this.#options.store.job(id));
    if (!job) throw new Refusal('no-such-job', `There is no job ${id}.`);
    return job;
  }

  #view(job: Job): ReturnType<typeof jobView> {
    return jobView(summaryOf(job), this.#options.now());
  }

  async job(id: number): ReturnType<Farm['job']> {
    return this.#view(await this.#job(id));
  }

  async tasks(...[id, after, limit, state]: Parameters<Farm['tasks']>): ReturnType<Farm['tasks']> {
    const job = await this.#job(id);
    const { store } = this.#options;
    const kept = state
      ? await tasksIn(job, state, (number) => store.tasks(id, number - 1, 1), { after, limit: limit + 1 })
      : await store.tasks(id, after, limit + 1);
    const page = kept.slice(0, limit).map((task) => job.tasks.get(task.plan.number) ?? task);
    const last = page.at(-1);
    return {
      tasks: page.map((task) => taskView(task, job.tasks.frameOf(task.plan.number))),
      next: kept.length > limit && last ? last.plan.number : null,
    };
  }

  async log(id: number, task: number | null, offset: number): ReturnType<Farm['log']> {
    const kept = this.#options.store.tasks.bind(this.#options.store);
    return jobLog(this.#procwrap, kept, await this.#job(id), task, offset);
  }

  async cancel(...[caller, id]: Parameters<Farm['cancel']>): ReturnType<Farm['cancel']> {
    const job = await this.#job(id);
    if (isEnded(job.state)) throw new Refusal('wrong-state', `Job ${id} has ended already (${job.state.is}).`);
    await this.#happen({ what: 'cancel asked', job: id, by: caller.user });
    return this.#view(job);
  }

  async pause(...[caller, id]: Parameters<Farm['pause']>): ReturnType<Farm['pause']> {
    const job = await this.#job(id);
    const { is } = job.state;
    if (is === 'paused') throw new Refusal('wrong-state', `Job ${id} is paused already.`);
    if (isEnded(job.state)) throw new Refusal('wrong-state', `Job ${id} has ended already (${is}).`);
    await this.#happen({ what: 'pause asked', job: id, by: caller.user });
    return this.#view(job);
  }

  async resume(...[caller, id]: Parameters<Farm['resume']>): ReturnType<Farm['resume']> {
    const job = await this.#job(id);
    if (job.state.is !== 'paused') throw new Refusal('wrong-state', `Job ${id} is not paused (${job.state.is}).`);
    await this.#happen({ what: 'resume asked', job: id, by: caller.user });
    return this.#view(job);
  }

  async retry(...[caller, id]: Parameters<Farm['retry']>): ReturnType<Farm['retry']> {
    const job = await this.#job(id);
    const { is } = job.state;
    if (is !== 'failed' && is !== 'cancelled')
      throw new Refusal('wrong-state', `Job ${id} has nothing to do again (${is}).`);
    const plans = [...job.tasks.known()].map((task) => task.plan);
    const [busy] = busyWith(this.#farm, id, plans);
    if (busy) throw viewBusy(busy, plans, 'Wait for it, or cancel it.');
    await this.#happen({ what: 'retry asked', job, by: caller.user });
    return this.#view(this.#farm.jobs.get(id) ?? job);
  }

  async remove(...[caller, id]: Parameters<Farm['remove']>): ReturnType<Farm['remove']> {
    const job = await this.#job(id);
    if (this.#farm.jobs.has(id)) {
      const advice = isEnded(job.state) ? 'Its last processes are ending; try again.' : 'Cancel it first.';
      throw new Refusal('wrong-state', `Job ${id} has not ended (${job.state.is}). ${advice}`);
    }
    await this.#options.store.remove(id);
    this.#watchers.deleted(id);
    this.#options.log('info', `job ${id}: deleted by ${caller.user}`);
  }

  async result(id: number, path: string, as: 'file' | 'png'): Promise<{ bytes: number | null; stream: Readable }> {
    return openResult(this.#procwrap, summaryOf(await this.#job(id)), path, as);
  }

  async hosts(): ReturnType<Farm['hosts']> {
    const host = hostNamed(this.#farm, this.#options.host);
    const slots = host.connected ? host.slots : this.#options.slots;
    // What it was given ahead waits there for a slot.
    return [{ name: host.name, slots, running: Math.min(taken(host), slots), connected: host.connected }];
  }

  async server(...[caller]: Parameters<Farm['server']>): ReturnType<Farm['server']> {
    const { version, host, port, identity, home, slots } = this.#options;
    const counts = [...this.#farm.jobs.values()].map((job) => job.tasks.counts);
    return {
      version,
      host,
      port,
      pid: process.pid,
      user: identity.user,
      group: identity.group,
      slots,
      running: counts.reduce((sum, { running }) => sum + running, 0),
      waiting: counts.reduce((sum, { waiting }) => sum + waiting, 0),
      home: home.path,
      you: caller.user,
    };
  }

  async examine(directory: string | null): ReturnType<Farm['examine']> {
    const { hosts, host } = this.#options;
    const current = hosts.current();
    const record = current === null ? null : findRecord(current, host);
    const locations = (record?.locations ?? []).map(({ name, path }) => ({ name, path, file: record?.file ?? '' }));
    return (await this.#procwrap.ask({ ask: 'examine', directory, locations }, examineSeconds)).findings;
  }

  async watch(...[id, tell]: Parameters<Farm['watch']>): ReturnType<Farm['watch']> {
    const job = await this.#job(id);
    const view = (changed: Job) => tell(this.#view(changed));
    const stop = this.#watchers.watch(id, view);
    // Between the look into the store and the watch the job may have moved on: it is in the farm then.
    view(this.#farm.jobs.get(id) ?? job);
    return stop;
  }

  async measures(): ReturnType<Farm['measures']> {
    const [host] = await this.hosts();
    return { ...measure(this.#farm), slots: host?.slots ?? 0, running: host?.running ?? 0 };
  }

  get news(): News {
    return this.#watchers.news;
  }

  healthy(): boolean {
    return !this.#closing && this.#procwrap.connected;
  }

  async close(): Promise<void> {
    if (this.#closing) return;
    this.#closing = true;
    // What a full disk holds up would never end; the next start goes on from what is in the store.
    this.#retries.end();
    await this.#conductor.settled();
    this.#pauses.end();
    this.#procwrap.close();
    await this.#options.store.close();
  }
}

function hostSettings({ settings, slots }: FarmOptions): HostSettings {
  return {
    radiance: settings.radiance,
    planSeconds: settings.plan.seconds,
    logBytes: settings.log.bytes,
    processes: settings.limits.processes,
    reportSeconds: settings.report.seconds,
    slots,
  };
}
