import { expect } from 'chai';
import type { Project } from '../../../src/model/job.ts';
import { type AttemptKey, attemptText, type Outcome } from '../../../src/model/task.ts';
import type { Happening, Order, Present } from '../../../src/scheduler/messages.ts';

/** An attempt that a host has. */
interface There extends Present {
  is: 'queued' | 'held' | 'running' | 'paused';
  /** It was told to stop, and takes its time. */
  ending: boolean;
}

/**
 * A host that keeps its promises, as `executor/attempts.ts` does: it runs what it has slots for, in order; tells what
 * begins, and each end until it is acknowledged; takes no notice of a withdrawal of what has begun.
 */
export class WalkingHost {
  readonly slots = 2;
  /** Paths of projects that are not mounted here. */
  readonly away = new Set<string>();
  readonly there = new Map<string, There>();
  readonly ended = new Map<string, Present & { readonly outcome: Outcome }>();
  /** What it has said and the server has not heard yet, in order. */
  told: Happening[] = [];
  /** The greatest attempt ever given to it, by task. */
  readonly #latest = new Map<string, number>();
  /** Those that it gave back before they had begun, as the server has kept. */
  readonly withdrawn = new Set<string>();

  carryOut(order: Extract<Order, { attempt: AttemptKey }>): void {
    const text = attemptText(order.attempt);
    const one = this.there.get(text);
    if (order.order === 'start') this.#start(order.attempt, order.task.holds);
    else if (order.order === 'acknowledge') this.#forget(text);
    else if (order.order === 'pause') pause(one);
    else if (order.order === 'resume') resume(one);
    else if (order.order === 'stop' && one && hasBegun(one)) one.ending = true;
    else if (order.order === 'withdraw' && one && hasBegun(one)) this.#tellStart(one.key);
    else this.#dismiss(order.attempt, order.order === 'stop' ? 'stopped' : 'withdrawn');
    this.runOn();
  }

  #start(key: AttemptKey, holds: readonly string[]): void {
    const task = `${key.job}.${key.task}`;
    expect(key.attempt, `attempts of ${task} rise`).to.be.greaterThan(this.#latest.get(task) ?? 0);
    this.#latest.set(task, key.attempt);
    this.there.set(attemptText(key), { key, holds, is: 'queued', ending: false });
  }

  /** One that it does not have ends, too, and an end is told again. */
  #dismiss(key: AttemptKey, how: 'stopped' | 'withdrawn'): void {
    const text = attemptText(key);
    if (this.there.has(text)) this.end(key, { is: how });
    else this.#tellEnd(key, this.ended.get(text)?.outcome ?? { is: how });
  }

  end(key: AttemptKey, outcome: Outcome): void {
    const holds = this.there.get(attemptText(key))?.holds ?? [];
    this.there.delete(attemptText(key));
    this.ended.set(attemptText(key), { key, holds, outcome });
    this.#tellEnd(key, outcome);
    this.runOn();
  }

  #forget(text: string): void {
    if (this.ended.get(text)?.outcome.is === 'withdrawn') this.withdrawn.add(text);
    this.ended.delete(text);
  }

  runOn(): void {
    for (const one of this.there.values()) {
      if (one.is !== 'queued' || this.running().length >= this.slots) continue;
      one.is = 'running';
      this.#tellStart(one.key);
    }
  }

  running(): There[] {
    return [...this.there.values()].filter((one) => one.is === 'running');
  }

  ending(): There[] {
    return [...this.there.values()].filter((one) => one.ending);
  }

  look(project: Project): void {
    const away = this.away.has(project.path) ? `${project.path} is not there.` : null;
    this.told.push({ what: 'project looked at', host: 'lab1', project, away });
  }

  /** All that it has, for a server that joins; what became of it follows. */
  welcome(): Present[] {
    this.told = [];
    for (const { key, outcome } of this.ended.values()) this.#tellEnd(key, outcome);
    for (const one of this.there.values()) if (hasBegun(one)) this.#tellStart(one.key);
    return [...this.there.values(), ...this.ended.values()].map(({ key, holds }) => ({ key, holds }));
  }

  /** It is killed with all that it has. */
  die(): void {
    this.there.clear();
    this.ended.clear();
    this.told = [];
  }

  #tellStart(attempt: AttemptKey): void {
    this.told.push({ what: 'attempt started', attempt, pid: 100 });
  }

  /** Tasks of 20 ms: some are given ahead. */
  #tellEnd(attempt: AttemptKey, outcome: Outcome): void {
    this.told.push({ what: 'attempt ended', host: 'lab1', attempt, outcome, milliseconds: 20 });
  }
}

function hasBegun({ is }: There): boolean {
  return is === 'running' || is === 'paused';
}

function pause(one: There | undefined): void {
  if (one?.is === 'queued') one.is = 'held';
  else if (one?.is === 'running' && !one.ending) one.is = 'paused';
}

function resume(one: There | undefined): void {
  if (one?.is === 'held') one.is = 'queued';
  else if (one?.is === 'paused') one.is = 'running';
}
