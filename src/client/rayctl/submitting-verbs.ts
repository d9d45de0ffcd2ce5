import type { Command } from 'commander';
import { limits } from '../../protocol/api.ts';
import * as read from './arguments.ts';
import { commandAfterDashes, run } from './run.ts';
import { submit } from './submit.ts';
import { addPatience, type Verbs } from './verb.ts';

export function addSubmitting({ program, action, argv }: Verbs): void {
  const submitVerb = program
    .command('submit')
    .summary('submit a simulation')
    .description(
      'Submits one Radiance job: the views of a .rif file of rad. Pictures that are up to date are not made again.',
    )
    .argument('<FILE.rif>', 'the .rif file in its project directory')
    .option('--view <NAME>', 'render this view only; may be repeated', read.viewNames)
    .option('--set <VAR=VALUE>', 'set a variable of rad, such as QUALITY=High; may be repeated', read.assignments)
    .option('--ambient <HOW>', 'indirect light: shared (the default), freeze, private or none', read.ambientMode)
    .option('--force', 'render pictures again that are up to date')
    .option('--replace', 'stop the job that is rendering the same view');
  addJobOptions(submitVerb).action((file: string, options, command: Command) =>
    action((session) => submit(session, file, options))(command),
  );
  const runVerb = program
    .command('run')
    .summary('run any program')
    .description(
      'Runs a program in a project directory: once, or once for each frame. No shell is involved: the arguments are given ' +
        'to the program as they are, but that with --frames %d and %04d stand for the frame, and %% for a percent sign.',
    )
    .usage('[options] -- COMMAND [ARG...]')
    .argument('<COMMAND...>', 'the program and its arguments')
    .showHelpAfterError('What stands before -- is for rayctl, what follows for the program. Try rayctl run --help.')
    .option('--project <DIR>', 'the directory to run it in; default: this one')
    .option('--frames <LIST>', 'run it for each of these frames, such as 1-100:2,7,20-10:-1', read.frameList)
    .option('--slots <N>', 'at most so many tasks of the job at a time', read.wholeNumber(1, 1_000_000));
  addJobOptions(runVerb).action((command: string[], options, verb: Command) =>
    action((session) => run(session, commandAfterDashes(argv, command), options))(verb),
  );
}

/** Options of every verb that submits. */
function addJobOptions(verb: Command): Command {
  verb
    .option('--retries <N>', 'try a task that failed so many times again', read.wholeNumber(0, 1000))
    .option('--time-limit <SECONDS>', 'stop a task that runs longer; none: no limit', read.timeLimit)
    .option('--progress-limit <SECONDS>', 'stop a task without output or progress for so long', read.timeLimit)
    .option('--wait', 'wait for the end, with progress; the exit status is the outcome of the job')
    .option('--name <TEXT>', 'name of the job in lists', read.nonEmpty(limits.name))
    .option('--priority <N>', 'jobs with a higher one go first, -1000 to 1000', read.wholeNumber(-1000, 1000));
  return addPatience(verb, 'with --wait, ');
}
