import { ambientOf } from './command-light.ts';
import { padded, withFrame } from './frames.ts';
import type { CommandRequest } from './job.ts';
import type { TaskPlan } from './task.ts';

/**
 * The task of a command job for one frame; null: the job has no frames. It is made from the request wherever it is
 * needed, so that a million of them need no place.
 */
export function framePlan(job: number, { command }: CommandRequest, number: number, frame: number | null): TaskPlan {
  const [program = '', ...given] = command;
  const args = frame === null ? given : given.map((argument) => withFrame(argument, frame));
  const base = `${nameOf(program)}-${job}`;
  return {
    number,
    step: 'frame',
    name: frame === null ? base : `${base}.${padded(frame, 4)}`,
    view: null,
    deeds: [{ do: 'run', program, args, stdin: null, stdout: { to: 'log' }, ambient: ambientOf(program, args) }],
    after: [],
    holds: [],
    directories: ['logfiles', 'proc'],
    makes: [],
    litter: [],
    afterwards: [],
    unless: null,
    weight: 1,
  };
}

/** The program's own name as a part of file names. */
export function nameOf(program: string): string {
  const last = program.slice(program.lastIndexOf('/') + 1);
  return last.replace(/[^A-Za-z0-9_+-]/g, '_').slice(0, 60) || 'program';
}
