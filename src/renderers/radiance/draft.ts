import type { AmbientMode } from '../../model/job.ts';
import type { Deed, RunDeed, TaskPlan } from '../../model/task.ts';
import { wordsOfOption } from './command.ts';
import type { Currency } from './currency.ts';
import type { Facts } from './files.ts';
import type { Digest, Lit, Scene } from './indirect.ts';
import { run } from './making.ts';
import type { Rif } from './rif.ts';
import type { Understood, UnderstoodView } from './understood.ts';

/** What tasks are made of. */

export interface TaskInput {
  readonly understood: Understood;
  readonly rif: Rif;
  /** The views to render, at least one. */
  readonly views: readonly UnderstoodView[];
  /** All that were asked for, also those that are up to date. */
  readonly wanted: readonly UnderstoodView[];
  readonly scene: Scene;
  readonly mode: AmbientMode;
  readonly current: Currency;
  readonly facts: Facts;
  readonly reportSeconds: number;
  readonly slots: number;
  readonly digest: Digest;
}

export type Draft = Omit<TaskPlan, 'number' | 'name' | 'directories'> & { readonly name: string };

/** Shares of a job's work. A view of average size counts {@link weights.view}. */
export const weights = { octree: 2, overture: 3, view: 100, filter: 1 } as const;

export function runLit({ command, ambient }: Lit, reportSeconds: number, stdout: RunDeed['stdout']): Deed {
  const args = ['-t', `${reportSeconds}`, ...command.options.flatMap(wordsOfOption), ...command.operands];
  return run(command, args, stdout, ambient);
}

/** A file that a user names may be anything. */
export function guards({ ambient }: Lit): Deed[] {
  return ambient === null || ambient.path === null ? [] : [{ do: 'guard', path: ambient.path }];
}
