import type { JobView, TaskView, TriedView } from '../../protocol/api.ts';
import type { Column } from './table.ts';
import { cpuTime, duration, percent, size } from './text.ts';

/** Tasks in a table: a row for each attempt that is remembered, and one for what is now. */

export function attemptColumns({ kind, frames }: JobView): readonly Column[] {
  return [
    { head: 'TASK', align: 'right' },
    ...(kind === 'radiance' ? [{ head: 'STEP' }, { head: 'VIEW' }] : []),
    ...(frames === null ? [] : [{ head: 'FRAME', align: 'right' as const }]),
    { head: 'TRY', align: 'right' },
    { head: 'STATE' },
    { head: 'DONE', align: 'right' },
    { head: 'HOST' },
    { head: 'TOOK', align: 'right' },
    { head: 'CPU', align: 'right' },
    { head: 'MEMORY', align: 'right' },
    { head: 'EXIT', align: 'right' },
    { head: 'REASON' },
  ];
}

export function attemptRows({ kind, frames }: JobView, task: TaskView): string[][] {
  const names = [
    String(task.number),
    ...(kind === 'radiance' ? [task.step, task.view ?? ''] : []),
    ...(frames === null ? [] : [String(task.frame ?? '')]),
  ];
  const last = task.tried.at(-1);
  const isOver = task.finishedAt !== null && last?.attempt === task.attempts;
  const before = isOver ? task.tried.slice(0, -1) : task.tried;
  return [
    ...before.map((tried) => [...names, ...triedCells(tried, tried.ended, ''), '']),
    [
      ...names,
      ...(isOver && last ? triedCells(last, stateOf(task), percent(task.progress)) : nowCells(task)),
      task.reason ?? '',
    ],
  ];
}

function triedCells(tried: TriedView, state: string, done: string): string[] {
  const { attempt, host, startedAt, finishedAt, cpuSeconds, peakBytes, exit, signal } = tried;
  const cpu = cpuSeconds === null ? '' : cpuTime(cpuSeconds);
  const memory = peakBytes === null ? '' : size(peakBytes);
  return [String(attempt), state, done, host, took(startedAt, finishedAt), cpu, memory, signal ?? String(exit ?? '')];
}

function nowCells(task: TaskView): string[] {
  const { attempts, progress, host, startedAt, finishedAt } = task;
  // Between two attempts nothing has been done of the next.
  const number = task.state === 'waiting' ? '' : String(attempts || '');
  return [number, stateOf(task), percent(progress), host ?? '', took(startedAt, finishedAt), '', '', ''];
}

function stateOf(task: TaskView): string {
  return task.skipped ? 'up to date' : task.state;
}

function took(startedAt: string | null, finishedAt: string | null): string {
  if (startedAt === null || finishedAt === null) return '';
  return duration((Date.parse(finishedAt) - Date.parse(startedAt)) / 1000);
}
