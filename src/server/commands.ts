import { isEnded } from '../model/job.ts';
import { Refusal } from '../model/refusal.ts';
import type { FarmState } from '../scheduler/farm.ts';
import type { Happening } from '../scheduler/messages.ts';
import { busyWith } from '../scheduler/reactor.ts';
import { waitsFor } from '../scheduler/resting.ts';
import type { Farm } from '../web/farm.ts';
import type { Answers } from './answers.ts';
import type { FarmOptions } from './options.ts';
import { viewBusy } from './requested.ts';
import type { Watchers } from './watchers.ts';

export interface CommandsDoors {
  readonly options: FarmOptions;
  readonly farm: FarmState;
  readonly watchers: Watchers;
  readonly answers: Pick<Answers, 'find' | 'head' | 'job'>;
  /** Resolves when what follows is on disk and done. */
  readonly happen: (happening: Happening) => Promise<void>;
}

/** What people do to a job that is there, each refused with a sentence where its state is not for it. */
export class Commands {
  readonly #doors: CommandsDoors;

  constructor(doors: CommandsDoors) {
    this.#doors = doors;
  }

  async cancel(...[caller, id]: Parameters<Farm['cancel']>): ReturnType<Farm['cancel']> {
    const { answers, happen } = this.#doors;
    const { state } = await answers.head(id);
    if (isEnded(state)) throw new Refusal('wrong-state', `Job ${id} has ended already (${state.is}).`);
    await happen({ what: 'cancel asked', job: id, by: caller.user });
    return answers.job(id);
  }

  async pause(...[caller, id]: Parameters<Farm['pause']>): ReturnType<Farm['pause']> {
    const { answers, happen } = this.#doors;
    const { state } = await answers.head(id);
    if (state.is === 'paused') throw new Refusal('wrong-state', `Job ${id} is paused already.`);
    if (isEnded(state)) throw new Refusal('wrong-state', `Job ${id} has ended already (${state.is}).`);
    await happen({ what: 'pause asked', job: id, by: caller.user });
    return answers.job(id);
  }

  async resume(...[caller, id]: Parameters<Farm['resume']>): ReturnType<Farm['resume']> {
    const { answers, happen } = this.#doors;
    const { state } = await answers.head(id);
    if (state.is !== 'paused') throw new Refusal('wrong-state', `Job ${id} is not paused (${state.is}).`);
    await happen({ what: 'resume asked', job: id, by: caller.user });
    return answers.job(id);
  }

  async retry(...[caller, id]: Parameters<Farm['retry']>): ReturnType<Farm['retry']> {
    const { answers, farm, happen } = this.#doors;
    const job = await answers.find(id);
    const { is } = job.state;
    if ((is === 'waiting' || is === 'running') && waitsFor(farm, job) !== null) {
      await happen({ what: 'retry asked', job, by: caller.user });
      return answers.job(id);
    }
    if (is !== 'failed' && is !== 'cancelled')
      throw new Refusal('wrong-state', `Job ${id} has nothing to do again (${is}).`);
    const plans = [...job.tasks.known()].map((task) => task.plan);
    const [busy] = busyWith(farm, id, plans);
    if (busy) throw viewBusy(busy, plans, 'Wait for it, or cancel it.');
    await happen({ what: 'retry asked', job, by: caller.user });
    return answers.job(id);
  }

  async remove(...[caller, id]: Parameters<Farm['remove']>): ReturnType<Farm['remove']> {
    const { answers, farm, options, watchers } = this.#doors;
    const { state } = await answers.head(id);
    if (farm.jobs.has(id)) {
      const advice = isEnded(state) ? 'Its last processes are ending; try again.' : 'Cancel it first.';
      throw new Refusal('wrong-state', `Job ${id} has not ended (${state.is}). ${advice}`);
    }
    await options.store.remove(id);
    watchers.deleted(id);
    options.log('info', `job ${id}: deleted by ${caller.user}`);
  }
}
