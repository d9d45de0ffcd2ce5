import type { Kill, KillKind } from './kills.ts';
import type { Ledger } from './ledger.ts';
import { startsOf } from './marks.ts';
import type { Stage } from './stage.ts';

export interface Verdict {
  readonly violations: readonly string[];
  readonly rounds: number;
  readonly kills: Readonly<Partial<Record<KillKind, number>>>;
  readonly jobs: number;
  /** Those that are done. */
  readonly tasks: number;
  /** More starts than tasks: what was lost and done again. */
  readonly starts: number;
  /** Where all lies, for a look: kept when something is wrong. */
  readonly directory: string;
}

/** What was seen in so many rounds. */
export function verdictOf(ledger: Ledger, kills: readonly Kill[], { lab, marks }: Stage, rounds: number): Verdict {
  const ended = ledger.ended();
  const all = ended.flatMap(({ job, tasks }) => tasks.map((task) => ({ job, task })));
  const tasks = all.filter(({ task }) => task.state === 'done');
  return {
    violations: ledger.violations,
    rounds,
    kills: countKinds(kills),
    jobs: ended.length,
    tasks: tasks.length,
    starts: tasks.reduce((sum, marked) => sum + startsOf(marks, marked).length, 0),
    directory: lab.directory,
  };
}

function countKinds(kills: readonly Kill[]): Partial<Record<KillKind, number>> {
  const counts: Partial<Record<KillKind, number>> = {};
  for (const { kind, pids } of kills) if (pids.length > 0) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}
