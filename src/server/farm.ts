import type { Readable } from 'node:stream';
import { findRecord } from '../config/hosts.ts';
import type { Job } from '../model/job.ts';
import { isEnded } from '../model/job.ts';
import { Refusal } from '../model/refusal.ts';
import { attemptKey } from '../model/task.ts';
import type { FromProcwrap, HostSettings } from '../protocol/inner.ts';
import { type FarmState, farmOf, hostNamed } from '../scheduler/farm.ts';
import type { Happening } from '../scheduler/messages.ts';
import { react } from '../scheduler/reactor.ts';
import type { Farm } from '../web/farm.ts';
import { Conductor } from './conductor.ts';
import type { FarmOptions } from './options.ts';
import { Pauses } from './pauses.ts';
import { Procwrap } from './procwrap.ts';
import { Reception } from './reception.ts';
import { jobLog, openResult } from './results.ts';
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
  readonly #watchers = new Watchers();
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
    const { store, log } = options;
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
    if (this.#procwrap.connected) return;
    await this.close();
    throw new Error('The control process (procwrap) does not start. Its reason is in the log.');
  }

  /** Resolves when what follows is on disk and done. */
  #happen(happening: Happening): Promise<void> {
    if (this.#closing) return Promise.resolve();
    return this.#conductor.conduct(react(this.#farm, happening, this.#options.now()));
  }

  /** As `#happen`, where nobody waits for it. */
  #note(happening: Happening): void {
    void this.#happen(happening);
  }

  #heard(message: Exclude<FromProcwrap, { say: 'answer' }>): void {
    const { host, slots, log } = this.#options;
    switch (message.say) {
      case 'welcome':
        log(
          'info',
          `procwrap ${message.pid} (${message.version}) answers, ${message.attempts.length} simulations there`,
        );
        this.#note({ what: 'host joined', host, slots, attempts: message.attempts.map(attemptKey) });
        break;
      case 'started':
        this.#note({ what: 'attempt started', attempt: attemptKey(message.attempt), pid: message.pid });
        break;
      case 'progressed': {
        const { attempt, fraction } = message;
        this.#note({ what: 'attempt progressed', attempt: attemptKey(attempt), fraction });
        break;
      }
      case 'ended':
        this.#note({
          what: 'attempt ended',
          host,
          attempt: attemptKey(message.attempt),
          outcome: message.outcome,
        });
        break;
    }
  }

  submit(...[caller, request, key]: Parameters<Farm['submit']>): ReturnType<Farm['submit']> {
    return this.#reception.submit(caller, request, key);
  }

  async jobs({ state, before, limit }: Parameters<Farm['jobs']>[0]): ReturnType<Farm['jobs']> {
    const found = await this.#options.store.jobs({ before, limit: limit + 1, states: state ? [state] : null });
    const page = found.slice(0, limit);
    const now = this.#options.now();
    const last = page.at(-1);
    return {
      jobs: page.map((job) => jobView(this.#farm.jobs.get(job.id) ?? job, now)),
      next: found.length > limit && last ? last.id : null,
    };
  }

  /** As it is now: what runs is in memory, the rest in the store. */
  async #job(id: number): Promise<Job> {
    const job = this.#farm.jobs.get(id) ?? (await this.#options.store.job(id));
    if (!job) throw new Refusal('no-such-job', `There is no job ${id}.`);
    return job;
  }

  async job(id: number): ReturnType<Farm['job']> {
    return jobView(await this.#job(id), this.#options.now());
  }

  async tasks(id: number): ReturnType<Farm['tasks']> {
    return (await this.#job(id)).tasks.map(taskView);
  }

  async log(id: number, task: number | null, offset: number): ReturnType<Farm['log']> {
    return jobLog(this.#procwrap, await this.#job(id), task, offset);
  }

  async cancel(...[caller, id]: Parameters<Farm['cancel']>): ReturnType<Farm['cancel']> {
    const job = await this.#job(id);
    if (isEnded(job.state)) throw new Refusal('wrong-state', `Job ${id} has ended already (${job.state.is}).`);
    await this.#happen({ what: 'cancel asked', job: id, by: caller.user });
    return jobView(job, this.#options.now());
  }

  async result(id: number, path: string, as: 'file' | 'png'): Promise<{ bytes: number | null; stream: Readable }> {
    return openResult(this.#procwrap, await this.#job(id), path, as);
  }

  async hosts(): ReturnType<Farm['hosts']> {
    const { name, slots, attempts, connected } = hostNamed(this.#farm, this.#options.host);
    return [{ name, slots: connected ? slots : this.#options.slots, running: attempts.size, connected }];
  }

  async server(...[caller]: Parameters<Farm['server']>): ReturnType<Farm['server']> {
    const { version, host, port, identity, home, slots } = this.#options;
    const tasks = [...this.#farm.jobs.values()].flatMap((job) => job.tasks);
    return {
      version,
      host,
      port,
      pid: process.pid,
      user: identity.user,
      group: identity.group,
      slots,
      running: tasks.filter((task) => task.state.is === 'running').length,
      waiting: tasks.filter((task) => task.state.is === 'waiting').length,
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
    const view = (changed: Job) => tell(jobView(changed, this.#options.now()));
    const stop = this.#watchers.watch(id, view);
    // Between the look into the store and the watch the job may have moved on: it is in the farm then.
    view(this.#farm.jobs.get(id) ?? job);
    return stop;
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

function hostSettings({ settings }: FarmOptions): HostSettings {
  return {
    radiance: settings.radiance,
    planSeconds: settings.plan.seconds,
    logBytes: settings.log.bytes,
    processes: settings.limits.processes,
    reportSeconds: settings.report.seconds,
  };
}
