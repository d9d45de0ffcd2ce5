import { basename } from 'node:path';
import { type CommandSubmit, limits } from '../../protocol/api.ts';
import { CalledWrongly } from '../errors.ts';
import { handOver, type JobOptions, jobPart } from './hand-over.ts';
import { nameDirectory } from './project.ts';
import type { Session } from './session.ts';

export interface RunOptions extends JobOptions {
  project?: string;
  frames?: string;
  slots?: number;
}

/**
 * `rayctl run -- COMMAND ARG...`
 * @param command program and arguments, as they are given to it
 * @returns the exit status
 */
export async function run(session: Session, command: readonly string[], options: RunOptions): Promise<number> {
  const where = { cwd: session.world.cwd(), isHere: session.isHere };
  const request: CommandSubmit = {
    kind: 'command',
    project: nameDirectory(options.project ?? '.', session.record(), where),
    command: [...command],
    ...(options.frames === undefined ? {} : { frames: options.frames }),
    ...(options.slots === undefined ? {} : { slots: options.slots }),
    ...jobPart(options),
  };
  requireFitting(request);
  const submit = () => session.client.submit(request, { signal: session.signal });
  return handOver(session, submit, { ...options, about: basename(command[0] ?? '') });
}

/** The server would say it, too, but not what to do. A single word that is too long the system itself refuses. */
function requireFitting(request: CommandSubmit): void {
  const words = request.command.length;
  const bytes = Buffer.byteLength(JSON.stringify(request));
  if (words > limits.words) throw tooLong(`The command has ${words} words; a job takes ${limits.words} at most.`);
  if (bytes > limits.submitBytes)
    throw tooLong(`The command is too long: as JSON the job has ${bytes} bytes, of ${limits.submitBytes} at most.`);
}

function tooLong(sentence: string): CalledWrongly {
  return new CalledWrongly(`${sentence} Let the program read its arguments from a file.`);
}

/**
 * The words after `--`. What stands before it is ours, so that nobody has to know which options are whose.
 * @param words all words of the command line
 * @param command what commander took for the command
 * @throws CalledWrongly
 */
export function commandAfterDashes(words: readonly string[], command: readonly string[]): string[] {
  const at = words.indexOf('--');
  const after = at < 0 ? [] : words.slice(at + 1);
  if (after[0] === '') throw new CalledWrongly('The word after -- is empty: name a program there.');
  if (after.length === command.length && after.length > 0) return after;
  throw new CalledWrongly('Write -- before the command: rayctl run [OPTION]... -- COMMAND [ARG]...');
}
