import { Refusal } from '../model/refusal.ts';
import { type FarmState, farmOf } from '../scheduler/farm.ts';
import type { Happening } from '../scheduler/messages.ts';
import { react } from '../scheduler/reactor.ts';
import { waitsFor } from '../scheduler/resting.ts';
import type { Farm, News } from '../web/farm.ts';
import { Answers } from './answers.ts';
import { Commands } from './commands.ts';
import { Conductor } from './conductor.ts';
import { keepForgetting } from './forgetting.ts';
import { hear } from './hearing.ts';
import { hostSettings } from './host-settings.ts';
import { count, endOf, measure } from './measures.ts';
import { metered } from './metered-store.ts';
import type { FarmOptions } from './options.ts';
import { Pauses } from './pauses.ts';
import { Procwrap } from './procwrap.ts';
import { Reception } from './reception.ts';
import { Watchers } from './watchers.ts';

export type { FarmOptions } from './options.ts';

/** How long a procwrap may take to start. */
const openMilliseconds = 20_000;
/** How long one that somebody else keeps is waited for: the farm serves without it. */
const openKeptMilliseconds = 1000;

export interface RunningFarm extends Farm {
  /** Ends service; simulations go on under their procwrap. */
  close(): Promise<void>;
  /** In a few words. */
  standing(): { readonly running: number; readonly waiting: number; readonly isConnected: boolean };
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
  readonly #answers: Answers;
  readonly #commands: Commands;
  #closing = false;

  constructor(options: FarmOptions, farm: FarmState) {
    this.#options = options;
    this.#farm = farm;
    this.#watchers = new Watchers((job) => waitsFor(farm, job), options.now);
    this.#procwrap = this.#newProcwrap();
    this.#conductor = this.#newConductor();
    const happen = (happening: Happening) => this.#happen(happening);
    const kept = () => this.#conductor.kept();
    const doors = { options, farm, procwrap: this.#procwrap, watchers: this.#watchers, happen, kept };
    this.#reception = new Reception(doors);
    this.#answers = new Answers(doors);
    const command = (happening: Happening) => this.#command(happening);
    this.#commands = new Commands({ ...doors, happen: command, answers: this.#answers });
  }

  #newProcwrap(): Procwrap {
    const { home, version, startProcwrap, host, log } = this.#options;
    const hearing = {
      options: this.#options,
      farm: this.#farm,
      joined: (name: string) => this.#conductor.joined(name),
      note: (happening: Happening, urgent?: boolean) => this.#note(happening, urgent),
    };
    return new Procwrap({
      socket: home.procwrapSocket,
      version,
      settings: hostSettings(this.#options),
      start: startProcwrap,
      heard: (message) => hear(hearing, message),
      lost: () => this.#note({ what: 'host left', host }),
      pause: (milliseconds) => this.#pauses.pause(milliseconds),
      log,
    });
  }

  #newConductor(): Conductor {
    const { store, meters, log } = this.#options;
    return new Conductor({
      store: metered(store, (seconds) => meters.committed(seconds)),
      watchers: this.#watchers,
      log,
      say: (_host, message) => this.#procwrap.say(message),
      wake: (wake, milliseconds) =>
        void this.#pauses.pause(milliseconds).then(() => this.#note({ what: 'time passed', wake })),
      pause: (milliseconds) => this.#retries.pause(milliseconds),
      isClosing: () => this.#closing,
    });
  }

  /** @throws Error if no procwrap answers in time */
  async open(): Promise<void> {
    const isKept = this.#options.startProcwrap === null;
    const patience = isKept ? openKeptMilliseconds : openMilliseconds;
    await Promise.race([this.#procwrap.connect(), this.#pauses.pause(patience)]);
    if (this.#procwrap.connected || isKept) {
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
    this.#options.changed();
    return this.#conductor.conduct(orders, urgent);
  }

  /** As `#happen`, for somebody who waits. @throws Refusal where the store cannot be written: then it is done later */
  async #command(happening: Happening): Promise<void> {
    if (this.#closing) return;
    const trouble = await this.#conductor.conductOrSay(react(this.#farm, happening, this.#options.now()));
    if (trouble !== null) throw new Refusal('not-ready', `${trouble} What was asked is done when that is mended.`);
  }

  /** As `#happen`, where nobody waits for it. */
  #note(happening: Happening, urgent = true): void {
    void this.#happen(happening, urgent);
  }

  readonly submit: Farm['submit'] = (...asked) => this.#reception.submit(...asked);

  readonly cancel: Farm['cancel'] = (...asked) => this.#commands.cancel(...asked);
  readonly pause: Farm['pause'] = (...asked) => this.#commands.pause(...asked);
  readonly resume: Farm['resume'] = (...asked) => this.#commands.resume(...asked);
  readonly retry: Farm['retry'] = (...asked) => this.#commands.retry(...asked);
  readonly remove: Farm['remove'] = (...asked) => this.#commands.remove(...asked);

  readonly jobs: Farm['jobs'] = (query) => this.#answers.jobs(query);
  readonly job: Farm['job'] = (id) => this.#answers.job(id);
  readonly tasks: Farm['tasks'] = (...asked) => this.#answers.tasks(...asked);
  readonly log: Farm['log'] = (...asked) => this.#answers.log(...asked);
  readonly result: Farm['result'] = (...asked) => this.#answers.result(...asked);
  readonly hosts: Farm['hosts'] = () => this.#answers.hosts();
  readonly server: Farm['server'] = (caller) => this.#answers.server(caller);
  readonly examine: Farm['examine'] = (...asked) => this.#answers.examine(...asked);
  readonly watch: Farm['watch'] = (...asked) => this.#answers.watch(...asked);
  readonly measures: Farm['measures'] = () => this.#answers.measures();

  get news(): News {
    return this.#watchers.news;
  }

  healthy(): boolean {
    return !this.#closing && this.#procwrap.connected;
  }

  standing(): ReturnType<RunningFarm['standing']> {
    const { tasks } = measure(this.#farm);
    return { running: tasks['running'] ?? 0, waiting: tasks['waiting'] ?? 0, isConnected: this.#procwrap.connected };
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
