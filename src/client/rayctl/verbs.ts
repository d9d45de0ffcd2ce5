import { type Command, Option } from 'commander';
import { limits } from '../../protocol/api.ts';
import * as read from './arguments.ts';
import { changeJobs, changes } from './change.ts';
import { completeJobs } from './complete-jobs.ts';
import { doctor } from './doctor.ts';
import { get } from './get.ts';
import { hosts, server } from './hosts.ts';
import { jobs } from './jobs.ts';
import { log } from './log.ts';
import type { JobRange } from './ranges.ts';
import { show } from './show.ts';
import { addPatience, type Verbs } from './verb.ts';
import { wait } from './wait.ts';

/** The verbs for jobs that are there, and for the server. */

const jobsText = 'numbers of jobs, such as 12, 12-15 or 3,7-9';

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
      'Looks at this machine, the home, the server, and a project directory or an ambient file: each finding with the ' +
        'command that mends it.',
    )
    .argument('[PATH]', 'a project directory, or an ambient file')
    .option('--mend', 'cut off what is not sound at the end of the ambient file')
    .option('--keep', 'with --mend, keep what is cut off in a file beside')
    .action((path: string | undefined, options, command: Command) =>
      action((session) => doctor(session, path, options))(command),
    );
  program
    .command('complete-jobs', { hidden: true })
    .description('Prints numbers and names of jobs, for the completion of shells.')
    .argument('[STATE...]', 'only of these states')
    .action((states: string[], _options, command: Command) =>
      action((session) => completeJobs(session, states))(command),
    );
}
