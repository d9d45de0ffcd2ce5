import { median, written } from './figures.ts';
import { noise } from './measure.ts';
import type { Goal, RowResult, Taken } from './row.ts';

/** The value of an entrant's figure over all rounds; NaN where there is none. */
function figureOf(taken: readonly Taken[], entrant: string, figure: string): number {
  const own = taken.find((candidate) => candidate.entrant === entrant);
  return median((own?.rounds ?? []).flatMap((figures) => figures[figure] ?? []));
}

export interface Judged {
  readonly goal: Goal;
  readonly value: number;
  /** What the goal bounds: the value itself, or its ratio to the other entrant's. */
  readonly measured: number;
  /** Null: nothing to judge by. */
  readonly met: boolean | null;
}

export function judge(goal: Goal, taken: readonly Taken[]): Judged {
  const value = figureOf(taken, goal.entrant, goal.figure);
  const measured = goal.times === undefined ? value : value / figureOf(taken, goal.times, goal.figure);
  const met = goal.bound === 'at least' ? measured >= goal.value : measured <= goal.value;
  return { goal, value, measured, met: Number.isFinite(measured) ? met : null };
}

/** A row for people: figures, goals, and whether to trust them. */
export function tableOf({ row, taken, yardstick }: RowResult): string {
  const lines = taken.flatMap((own) => linesOf(own));
  const widths = [0, 1, 2].map((column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  const table = lines.map((line) =>
    line
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  const goals = row.goals.map((goal) => goalLine(judge(goal, taken)));
  const noisy = noise(yardstick);
  return [
    `${row.name}: ${row.title}`,
    ...table.map((line) => `  ${line}`),
    ...goals,
    ...(noisy ? [`  ${noisy}`] : []),
  ].join('\n');
}

/** Entrant, figure, median, and the rounds. */
function linesOf({ entrant, rounds, absent }: Taken): string[][] {
  const names = [...new Set(rounds.flatMap((figures) => Object.keys(figures)))];
  const lines = names.map((name, index) => {
    const values = rounds.flatMap((figures) => figures[name] ?? []);
    return [index === 0 ? entrant : '', name, written(median(values)), `(${values.map(written).join(' ')})`];
  });
  return absent === null ? lines : [...lines, [lines.length === 0 ? entrant : '', 'left out', '', absent]];
}

function goalLine({ goal, measured, met }: Judged): string {
  const of = goal.times === undefined ? '' : ` x ${goal.times}`;
  const what = `${goal.entrant}, ${goal.figure}: ${goal.bound} ${goal.value}${of}`;
  const verdict = met === null ? 'not measured' : `${written(measured)}${of}: ${met ? 'met' : 'MISSED'}`;
  return `  goal: ${what} -> ${verdict}`;
}

/** The same for programs. */
export function jsonOf(results: readonly RowResult[]): string {
  const rows = results.map(({ row, taken, yardstick }) => ({
    name: row.name,
    title: row.title,
    yardstickSeconds: yardstick,
    noise: noise(yardstick),
    entrants: taken.map(({ entrant, rounds, absent }) => ({
      name: entrant,
      absent,
      rounds,
      medians: Object.fromEntries(
        [...new Set(rounds.flatMap((figures) => Object.keys(figures)))].map((name) => [
          name,
          figureOf(taken, entrant, name),
        ]),
      ),
    })),
    goals: row.goals.map((goal) => {
      const { measured, met } = judge(goal, taken);
      return { ...goal, measured: Number.isFinite(measured) ? measured : null, met };
    }),
  }));
  return `${JSON.stringify({ node: process.version, rows }, null, 2)}\n`;
}
