import { attemptKey, type Outcome } from '../model/task.ts';
import type { Assignment } from './simulation.ts';

/** What we write ourselves into the log of a simulation. */

/** Whose it is: `rayctl log` goes by the first line. */
export function firstLines({ attempt, job, task }: Assignment, now: number): string {
  const key = attemptKey(attempt);
  const whose = `# rayserver job ${key.job} task ${key.task} attempt ${key.attempt}, ${oneLine(job.user)}, ${time(now)}`;
  return `${whose}\n# ${oneLine(job.name)}, ${oneLine(task.name)}\n`;
}

export function lastLine(outcome: Outcome, now: number): string {
  const words = 'reason' in outcome ? `${outcome.is}: ${oneLine(outcome.reason)}` : outcome.is;
  return `# ${words}, ${time(now)}\n`;
}

/** What the log lacks is told, but it is no failure of the simulation. */
export function withProblem(outcome: Outcome, problem: Error | null): Outcome {
  if (!problem) return outcome;
  const warning = `The log is incomplete: ${problem.message}.`;
  if (outcome.is === 'done') return { ...outcome, warnings: [...outcome.warnings, warning] };
  return outcome.is === 'failed' ? { ...outcome, lastLines: [...outcome.lastLines, warning] } : outcome;
}

function time(now: number): string {
  return new Date(now).toISOString();
}

function oneLine(text: string): string {
  return text.replace(/[\0-\x1f\x7f]/g, ' ').slice(0, 300);
}
