import type { Project } from '../model/job.ts';
import { attemptKey, type Outcome } from '../model/task.ts';
import type { Log } from '../protocol/end.ts';
import type { Clock } from './clock.ts';
import type { Reports } from './reports.ts';
import type { Assignment, Simulation } from './simulation.ts';

/** What an attempt tells while it lives. */
export interface Signs {
  readonly started: (pid: number) => void;
  readonly progressed: (fraction: number) => void;
}

type Living = Pick<Simulation, 'live' | 'stop' | 'pause' | 'resume'>;

export interface AttemptsOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly reports: Pick<Reports, 'started' | 'progressed' | 'ended'>;
  readonly begin: (assignment: Assignment, signs: Signs) => Living;
  readonly tidy: (project: Project, paths: readonly string[]) => void;
  /** Something came to its end, or was forgotten. */
  readonly changed: () => void;
}

/** An attempt that has a slot, or had one when it was paused. */
interface Life {
  readonly simulation: Living;
  pid: number | null;
  fraction: number | null;
  /** Milliseconds that it ran before `since`, which is when it got its slot last. */
  ran: number;
  since: number;
}

type State =
  /** It waits for a slot; `held`: until it is resumed, too. */
  | { readonly is: 'queued' }
  | { readonly is: 'held' }
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
  /** In the order in which they get slots. */
  #queue = new Set<Attempt>();
  #slots = 1;
  #running = 0;
  #ended = 0;
  #ending = false;

  constructor(options: AttemptsOptions) {
    this.#options = options;
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
    this.#slots = slots;
    this.#fill();
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
    this.#queue.add(attempt);
    this.#fill();
  }

  stop(name: string, how: 'for good' | 'for now' = 'for good'): void {
    const state = this.#known.get(name)?.state;
    if (state && 'life' in state) state.life.simulation.stop(how);
    else this.#dismiss(name, { is: 'stopped' });
  }

  /** Takes it back if it still waits for a slot. The server may not have heard yet that it does not: it is told again. */
  withdraw(name: string): void {
    const state = this.#known.get(name)?.state;
    if (state && 'life' in state) this.tell(name);
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
      this.#queue.delete(attempt);
      this.#end(attempt, outcome, 0);
    }
  }

  pause(name: string): void {
    const attempt = this.#known.get(name);
    if (attempt?.state.is === 'queued') {
      this.#queue.delete(attempt);
      attempt.state = { is: 'held' };
    } else if (attempt?.state.is === 'running') {
      const { life } = attempt.state;
      life.simulation.pause();
      life.ran += this.#options.clock.passed() - life.since;
      attempt.state = { is: 'paused', life };
      this.#running -= 1;
      this.#fill();
    }
  }

  /** It goes on at once, whatever else runs: the server has counted. */
  resume(name: string): void {
    const attempt = this.#known.get(name);
    if (attempt?.state.is === 'held') {
      attempt.state = { is: 'queued' };
      this.#queue = new Set([attempt, ...this.#queue]);
      this.#fill();
    } else if (attempt?.state.is === 'paused') {
      const { life } = attempt.state;
      life.since = this.#options.clock.passed();
      attempt.state = { is: 'running', life };
      this.#running += 1;
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
    if (attempt.state.outcome.is === 'done' && task.afterwards.length > 0)
      this.#options.tidy(job.project, task.afterwards);
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

  /** Whether a simulation of this job with this log is in hand. */
  isRunning(job: number, log: string): boolean {
    for (const { assignment, state } of this.#known.values()) {
      if (state.is === 'ended' || assignment.task.name !== log) continue;
      if (attemptKey(assignment.attempt).job === job) return true;
    }
    return false;
  }

  #fill(): void {
    for (const attempt of this.#queue) {
      if (this.#running >= this.#slots) return;
      this.#queue.delete(attempt);
      this.#begin(attempt);
    }
  }

  #begin(attempt: Attempt): void {
    const { begin, reports, clock } = this.#options;
    const name = attempt.assignment.attempt;
    const simulation = begin(attempt.assignment, {
      started: (pid) => {
        life.pid = pid;
        reports.started(name, pid);
      },
      progressed: (fraction) => {
        life.fraction = fraction;
        reports.progressed(name, fraction);
      },
    });
    const life: Life = { simulation, pid: null, fraction: null, ran: 0, since: clock.passed() };
    attempt.state = { is: 'running', life };
    this.#running += 1;
    void simulation.live().then((outcome) => {
      const isPaused = attempt.state.is === 'paused';
      if (!isPaused) this.#running -= 1;
      this.#end(attempt, outcome, life.ran + (isPaused ? 0 : clock.passed() - life.since));
      this.#fill();
    });
  }

  #end(attempt: Attempt, outcome: Outcome, milliseconds: number): void {
    const { log, changed } = this.#options;
    const { attempt: name, task, job } = attempt.assignment;
    const state = { is: 'ended' as const, outcome, milliseconds: Math.round(milliseconds) };
    attempt.state = state;
    this.#ended += 1;
    // Frames come by the thousand: those that did what they should are no news here.
    if (task.step !== 'frame' || (outcome.is !== 'done' && outcome.is !== 'withdrawn')) {
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
