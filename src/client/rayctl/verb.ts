import type { Command } from 'commander';
import { usualPatience } from '../patience.ts';
import { seconds } from './arguments.ts';
import type { Session } from './session.ts';

/** What the verbs of rayctl are made with. */

export type Verb = (session: Session) => Promise<number>;

export interface Verbs {
  readonly program: Command;
  /** The words of the command line. */
  readonly argv: readonly string[];
  /** Runs a verb with the options of its command line. */
  readonly action: (verb: Verb) => (command: Command) => Promise<void>;
  /** Reports the fault of one job of several; gives its exit status. */
  readonly onFault: (session: Session, error: unknown) => number;
}

/** The option of every verb that may wait. @param when says when it counts */
export function addPatience(verb: Command, when = ''): Command {
  const says = `${when}give up when the server has been away for so long`;
  return verb.option('--patience <SECONDS>', says, seconds, usualPatience);
}
