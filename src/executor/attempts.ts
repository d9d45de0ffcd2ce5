import type { Project } from '../model/job.ts';
import { attemptKey, type Outcome, type TaskPlan } from '../model/task.ts';
import type { Log } from '../protocol/end.ts';
import type { Clock } from './clock.ts';
import type { Running } from './host.ts';
import { Life, type Living } from './life.ts';
import type { Reports } from './reports.ts';
import type { Assignment } from './simulation.ts';
import { Slots } from './slots.ts';
import { Turn } from './turn.ts';

/** What an attempt tells while it lives. */
export interface Signs {
  readonly started: (pid: number) => void;
  readonly progressed: (fraction: number) => void;
  /** What is left to do needs no slot. */
  readonly freed: () => void;
}

export interface AttemptsOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly reports: Pick<Reports, 'started' | 'progressed' | 'ended'>;
  readonly begin: (assignment: Assignment, signs: Signs, turn: Turn) => Living;
  readonly tidy: (project: Project, paths: readonly string[]) => void;
  /** What it made is done and tidied. `keeps`: another task of its job goes on with that. */
  readonly release: (attempt: string, keeps: boolean) => void;
  /** How many frames are made ready for each slot while others run. */
  readonly readyPerSlot: number;
  /** Something came to its end, or was forgotten. */
  readonly changed: () => void;
}

type State =
  /** It waits for a slot; `held`: until it is resumed, too. */
  | { readonly is: 'queued' }
  | { readonly is: 'held' }
  /** All made ready, it waits for its turn; `instead`: what becomes of it if it is kept from it. */
  | { readonly is: 'next'; readonly life: Life; instead: 'withdrawn' | 'ended' | 'held' | 'queued' }
  | { readonly is: 'running'; readonly life: Life }
  /** Its processes are stopped; it takes no slot. */
  | { readonly is: 'paused'; readonly life: Life }
  | { readonly is: 'ended'; readonly outcome: Outcome; readonly milliseconds: number };

interface Attempt {
  readonly assignment: Assignment;
  state: State;
}

/** The attempts that this host has in hand, until their ends are acknowledged; each gets a slot in its turn. */
export class Attempts {
  readonly #options: AttemptsOptions;
  readonly #known = new Map<string, Attempt>();
  readonly #slots: Slots<Attempt, Life>;
  #ended = 0;
  #ending = false;

  constructor(options: AttemptsOptions) {
    this.#options = options;
    this.#slots = new Slots({
      begin: (attempt, waits) => this.#begin(attempt, waits),
      go: ({ state }) => {
        if (state.is === 'next') state.life.turn.go();
      },
      isMadeReady: ({ assignment }) => assignment.task.step === 'frame',
      readyPerSlot: options.readyPerSlot,
    });
  }

  get size(): number {
    return this.#known.size;
  }

  /** Attempts that are not at their end. */
  get live(): number {
    return this.#known.size - this.#ended;
  }

  /** All of them, the ends that are not acknowledged included. */
  all(): { attempt: string; holds: string[] }[] {
    return Array.from(this.#known.values(), ({ assignment: { attempt, task } }) => ({ attempt, holds: task.holds }));
  }

  setSlots(slots: number): void {
    this.#slots.setCount(slots);
  }

  /** One that is known already is not started again: its server only did not hear of it. */
  start(assignment: Assignment): void {
    const name = assignment.attempt;
    if (this.#ending) return;
    if (this.#known.has(name)) {
      this.tell(name);
      return;
    }
    const attempt: Attempt = { assignment, state: { is: 'queued' } };
    this.#known.set(name, attempt);
    this.#slots.queue(attempt);
    this.#slots.fill();
  }

  stop(name: string, how: 'for good' | 'for now' = 'for good'): void {
    const state = this.#known.get(name)?.state;
    if (state?.is === 'next') state.instead = 'ended';
    if (state && 'life' in state) state.life.simulation.stop(how);
    else this.#dismiss(name, { is: 'stopped' });
  }

  /** Takes it back if it still waits for a slot. The server may not have heard yet that it does not: it is told again. */
  withdraw(name: string): void {
    const state = this.#known.get(name)?.state;
    if (state?.is === 'next') {
      state.instead = 'withdrawn';
      state.life.turn.cancel();
    } else if (state && 'life' in state) this.tell(name);
    else this.#dismiss(name, { is: 'withdrawn' });
  }

  /** What has no slot ends at once; an end is told again. */
  #dismiss(name: string, outcome: Outcome): void {
    const attempt = this.#known.get(name);
    if (!attempt) {
      this.#options.reports.ended({ attempt: name, outcome, milliseconds: 0 });
    } else if (attempt.state.is === 'ended') {
      this.tell(name);
    } else {
      this.#slots.forget(attempt);
      this.#end(attempt, outcome, 0);
    }
  }

  pause(name: string): void {
    const attempt = this.#known.get(name);
    if (attempt?.state.is === 'queued') {
      this.#slots.forget(attempt);
      attempt.state = { is: 'held' };
    } else if (attempt?.state.is === 'next') {
      attempt.state.instead = 'held';
      attempt.state.life.turn.cancel();
    } else if (attempt?.state.is === 'running') {
      const { life } = attempt.state;
      life.simulation.pause();
      life.rests(this.#options.clock.passed());
      attempt.state = { is: 'paused', life };
      this.#slots.leave(life);
      this.#slots.fill();
    }
  }

  /** It goes on at once, whatever else runs: the server has counted. */
  resume(name: string): void {
    const attempt = this.#known.get(name);
    if (attempt?.state.is === 'held') {
      this.#queueFirst(attempt);
      this.#slots.fill();
    } else if (attempt?.state.is === 'next' && attempt.state.instead === 'held') {
      attempt.state.instead = 'queued';
    } else if (attempt?.state.is === 'paused') {
      const { life } = attempt.state;
      this.#run(attempt, life);
      life.simulation.resume();
    }
  }

  /** Its end is on disk: what it left until then, in case the task had to be done again, is not needed any more. */
  acknowledge(name: string): void {
    const attempt = this.#known.get(name);
    if (attempt?.state.is !== 'ended') return;
    this.#known.delete(name);
    this.#ended -= 1;
    const { task, job } = attempt.assignment;
    if (attempt.state.outcome.is !== 'done') return;
    if (task.afterwards.length > 0) this.#options.tidy(job.project, task.afterwards);
    if (task.holds.length > 0) this.#options.release(name, isForFilter(task));
  }

  /** Says again all that is known of an attempt. */
  tell(name: string): void {
    const state = this.#known.get(name)?.state;
    const { reports } = this.#options;
    if (state?.is === 'ended') this.#tellEnd(name, state);
    if (!state || !('life' in state)) return;
    const { pid, fraction } = state.life;
    if (pid !== null) reports.started(name, pid);
    if (fraction !== null) reports.progressed(name, fraction);
  }

  /** Ends all of them; nothing is started any more. */
  end(): void {
    this.#ending = true;
    for (const name of [...this.#known.keys()]) this.stop(name, 'for now');
  }

  /** The simulation of this job with this log that is in hand. */
  running(job: number, log: string): Running | null {
    for (const { assignment, state } of this.#known.values()) {
      if (state.is === 'ended' || assignment.task.name !== log) continue;
      const key = attemptKey(assignment.attempt);
      if (key.job === job) return { attempt: key.attempt, log: 'life' in state ? state.life.simulation.log : null };
    }
    return null;
  }

  #queueFirst(attempt: Attempt): void {
    attempt.state = { is: 'queued' };
    this.#slots.queueFirst(attempt);
  }

  #run(attempt: Attempt, life: Life): void {
    life.goesOn(this.#options.clock.passed());
    attempt.state = { is: 'running', life };
    this.#slots.take(life);
  }

  #begin(attempt: Attempt, waits: boolean): void {
    const { begin, reports } = this.#options;
    const name = attempt.assignment.attempt;
    const turn = new Turn(waits, () => this.#come(attempt));
    const signs = {
      started: (pid: number) => {
        life.pid = pid;
        reports.started(name, pid);
      },
      progressed: (fraction: number) => {
        life.fraction = fraction;
        reports.progressed(name, fraction);
      },
      freed: () => {
        this.#slots.leave(life);
        this.#slots.fill();
      },
    };
    const life = new Life(begin(attempt.assignment, signs, turn), turn);
    if (waits) {
      attempt.state = { is: 'next', life, instead: 'withdrawn' };
      this.#slots.next(attempt);
    } else this.#run(attempt, life);
    void life.simulation.live().then((outcome) => this.#over(attempt, life, outcome));
  }

  /** It had to wait for its turn, and has it now. */
  #come(attempt: Attempt): void {
    if (attempt.state.is !== 'next') return;
    const { life, instead } = attempt.state;
    this.#slots.forget(attempt);
    this.#run(attempt, life);
    if (instead === 'held') this.pause(attempt.assignment.attempt);
    if (instead === 'withdrawn') this.tell(attempt.assignment.attempt);
  }

  #over(attempt: Attempt, life: Life, outcome: Outcome): void {
    const { state } = attempt;
    this.#slots.leave(life);
    this.#slots.forget(attempt);
    if (state.is === 'next' && state.instead === 'held') attempt.state = { is: 'held' };
    else if (state.is === 'next' && state.instead === 'queued') this.#queueFirst(attempt);
    // Taken back, or lost with the spawner.
    else if (state.is === 'next' && state.instead === 'withdrawn') this.#end(attempt, { is: 'withdrawn' }, 0);
    else this.#end(attempt, outcome, life.milliseconds(this.#options.clock.passed()));
    this.#slots.fill();
  }

  #end(attempt: Attempt, outcome: Outcome, milliseconds: number): void {
    const { log, changed } = this.#options;
    const { attempt: name, task, job } = attempt.assignment;
    const state = { is: 'ended' as const, outcome, milliseconds: Math.round(milliseconds) };
    attempt.state = state;
    this.#ended += 1;
    if (isNews(task, outcome)) {
      const why = 'reason' in outcome ? `: ${outcome.reason}` : '';
      log('info', `attempt ${name} (${job.project.path}, ${task.name}): ${outcome.is}${why}`);
    }
    this.#tellEnd(name, state);
    changed();
  }

  #tellEnd(attempt: string, { outcome, milliseconds }: Extract<State, { is: 'ended' }>): void {
    // Stopped because we end: the server would start it again here, and again, until we are gone.
    if (outcome.is === 'stopped' && this.#ending) return;
    this.#options.reports.ended({ attempt, outcome, milliseconds });
  }
}

/**
 * Frames come by the thousand: those that did what they should are no news here. That a project is away, or that others
 * make the same, the server says, once for all that find it so.
 */
function isNews({ step }: TaskPlan, outcome: Outcome): boolean {
  if (outcome.is === 'postponed' && outcome.awaits !== undefined) return false;
  return step !== 'frame' || (outcome.is !== 'done' && outcome.is !== 'withdrawn');
}

/** A picture that has no final name yet. */
function isForFilter({ step, deeds }: TaskPlan): boolean {
  return step === 'view' && !deeds.some((deed) => deed.do === 'rename');
}
