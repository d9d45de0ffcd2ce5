import { type Command, Option } from 'commander';
import { limits } from '../../protocol/api.ts';
import { usualPatience } from '../patience.ts';
import * as read from './arguments.ts';
import { changeJobs, changes } from './change.ts';
import { completeJobs } from './complete-jobs.ts';
import { doctor } from './doctor.ts';
import { get } from './get.ts';
import { hosts, server } from './hosts.ts';
import { jobs } from './jobs.ts';
import { log } from './log.ts';
import type { JobRange } from './ranges.ts';
import { commandAfterDashes, run } from './run.ts';
import type { Session } from './session.ts';
import { show } from './show.ts';
import { submit } from './submit.ts';
import { wait } from './wait.ts';

/** The verbs of rayctl, in the order in which --help lists them. */

type Verb = (session: Session) => Promise<number>;

export interface Verbs {
  readonly program: Command;
  /** The words of the command line. */
  readonly argv: readonly string[];
  /** Runs a verb with the options of its command line. */
  readonly action: (verb: Verb) => (command: Command) => Promise<void>;
  /** Reports the fault of one job of several; gives its exit status. */
  readonly onFault: (session: Session, error: unknown) => number;
}

const jobsText = 'numbers of jobs, such as 12, 12-15 or 3,7-9';

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

function addPatience(verb: Command, when = ''): Command {
  const says = `${when}give up when the server has been away for so long`;
  return verb.option('--patience <SECONDS>', says, read.seconds, usualPatience);
}

export function addWatching({ program, action }: Verbs): void {
  program
    .command('jobs')
    .summary('list jobs, the newest first')
    .description('Lists jobs, the newest first.')
    .option('--state <STATE>', 'waiting, running, paused, done, failed or cancelled', read.jobState)
    .option('--limit <N>', 'at most so many', read.wholeNumber(1, 1_000_000_000), 20)
    .addOption(new Option('--all', 'all there are').conflicts('limit'))
    .action((options, command: Command) => action((session) => jobs(session, options))(command));
  program
    .command('show')
    .summary('show a job and its tasks')
    .description(
      'Shows a job, its results, and its tasks with what each attempt took. Of a job with more than 100 tasks ' +
        'those that run and those that failed are shown.',
    )
    .argument('<JOB>', 'number of the job', read.jobNumber)
    .option('--tasks', 'show all tasks')
    .action((job: number, options, command: Command) => action((session) => show(session, job, options))(command));
  addLog({ program, action });
  const waitVerb = program
    .command('wait')
    .summary('wait for jobs, with progress')
    .description('Waits until jobs have ended, with progress. The exit status is their outcome.')
    .argument('<JOB...>', jobsText, read.jobRanges);
  addPatience(waitVerb).action((ranges: JobRange[], options, command: Command) =>
    action((session) => wait(session, ranges, options))(command),
  );
}

function addLog({ program, action }: Pick<Verbs, 'program' | 'action'>): void {
  const logVerb = program
    .command('log')
    .summary("print the log of a job's simulation")
    .description(
      "Prints the log of a job's simulation: of the one that failed, else one that runs, else the last that ran.",
    )
    .argument('<JOB>', 'number of the job', read.jobNumber)
    .option('--task <N>', 'of this task; show lists them', read.wholeNumber(1, 1_000_000_000))
    .addOption(
      new Option('--frame <N>', 'of this frame').argParser(read.wholeNumber(-(2 ** 31), 2 ** 31)).conflicts('task'),
    )
    .option('-f, --follow', 'go on as it grows, until the job ends');
  addPatience(logVerb, 'with --follow, ').action((job: number, options, command: Command) =>
    action((session) => log(session, job, options))(command),
  );
}

export function addChanging({ program, action, onFault }: Verbs): void {
  const words = {
    cancel: ['stop jobs', 'Stops jobs. What they have finished stays.'],
    pause: ['pause jobs', 'Pauses jobs: their processes are stopped where they are, and their slots are free.'],
    resume: ['let paused jobs go on', 'Lets paused jobs go on where they were.'],
    retry: ['try again what failed', 'Has done again what failed or was cancelled of jobs. What is done stays done.'],
    delete: ['forget jobs that have ended', 'Forgets jobs that have ended. Their results stay in the project.'],
  } as const;
  for (const verb of ['cancel', 'pause', 'resume', 'retry', 'delete'] as const) {
    const [summary, description] = words[verb];
    program
      .command(verb)
      .summary(summary)
      .description(description)
      .argument('<JOB...>', jobsText, read.jobRanges)
      .action((ranges: JobRange[], _options, command: Command) =>
        action((session) => changeJobs(session, changes[verb], ranges, (error) => onFault(session, error)))(command),
      );
  }
  program
    .command('get')
    .summary('fetch a result')
    .description('Fetches a result of a job to this machine: PATH, or the only picture. Existing files are kept.')
    .argument('<JOB>', 'number of the job', read.jobNumber)
    .argument('[PATH]', 'path or name of the result; show lists them')
    .option('--png', 'fetch the picture as a PNG')
    .option('--view <NAME>', 'fetch the picture of this view', read.nonEmpty(limits.name))
    .option('-o, --output <FILE>', 'write to this file, - for the standard output')
    .option('--force', 'write over an existing file')
    .action((job: number, path: string | undefined, options, command: Command) =>
      action((session) => get(session, job, path, options))(command),
    );
}

export function addServer({ program, action }: Verbs): void {
  program
    .command('hosts')
    .summary('list the hosts that work')
    .description('Lists the hosts that work for the server.')
    .action((_options, command: Command) => action(hosts)(command));
  program
    .command('server')
    .summary('tell which server answers')
    .description('Tells which server answers, and as whom it knows you.')
    .action((_options, command: Command) => action(server)(command));
  program
    .command('doctor')
    .summary('look for what is wrong, and how to mend it')
    .description(
      'Looks at this machine, the home, the server and a project directory: each finding with the command that mends it.',
    )
    .argument('[DIR]', 'a project directory')
    .action((directory: string | undefined, _options, command: Command) =>
      action((session) => doctor(session, directory))(command),
    );
  program
    .command('complete-jobs', { hidden: true })
    .description('Prints numbers and names of jobs, for the completion of shells.')
    .argument('[STATE...]', 'only of these states')
    .action((states: string[], _options, command: Command) =>
      action((session) => completeJobs(session, states))(command),
    );
}
