import { Command } from 'commander';
import { limits } from '../../protocol/api.ts';
import { assignments, jobNumber, jobNumbers, jobState, nonEmpty, viewNames, wholeNumber } from './arguments.ts';
import { cancel } from './cancel.ts';
import { doctor } from './doctor.ts';
import { get } from './get.ts';
import { hosts, server } from './hosts.ts';
import { jobs } from './jobs.ts';
import { log } from './log.ts';
import type { CommonOptions, Session } from './session.ts';
import { show } from './show.ts';
import { submit } from './submit.ts';
import { wait } from './wait.ts';
import type { World } from './world.ts';

/** Runs a verb in a session of its own; its result is the exit status. */
export type Run = (options: CommonOptions, verb: (session: Session) => Promise<number>) => Promise<void>;

const exitStatuses = `
Exit status: 0 done; 1 failed; 2 called wrongly; 3 cancelled (submit --wait, wait); 69 the server cannot be reached;
77 not allowed.`;

const environment = `
Environment:
  RAYSERVER         address of the server, as --server
  RAYSERVER_TOKEN   token for http and https
  RAYSERVER_HOME    home of the server on this machine, as --home
  RAYSERVER_SSH     ssh command with its options, for ssh:// addresses
  NO_COLOR          no colours

Without an address the server of this machine is asked, through the socket in its home:
the caller's own home first, then /var/lib/rayserver.`;

/** The command line of rayctl. @param onFault reports an error of one job of several; gives its exit status */
export function makeProgram(
  world: World,
  version: string,
  run: Run,
  onFault: (session: Session, error: unknown) => number,
): Command {
  const program = new Command('rayctl')
    .description('Submits lighting simulations to a rayserver, and shows and stops them.')
    .version(version, '--version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .option('--json', 'print JSON, for programs')
    .option('--server <URL>', 'address: http://HOST:PORT, https://..., unix:/SOCKET or ssh://[USER@]HOST[:PORT][/HOME]')
    .option('--token-file <FILE>', 'file with the token, for http and https')
    .option('--home <DIR>', 'home of the server on this machine')
    .exitOverride()
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => world.stdout.write(text),
      writeErr: (text) => world.stderr.write(text),
      getOutHelpWidth: () => (world.stdout.isTTY && world.stdout.columns) || 100,
      getErrHelpWidth: () => (world.stderr.isTTY && world.stderr.columns) || 100,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
      outputError: (text, write) => write(text.replace(/^error: /, 'rayctl: ')),
    })
    .showHelpAfterError('Try rayctl --help.')
    .addHelpText('after', `${environment}\n${exitStatuses}`);
  addSubmit(program, run);
  addWatching(program, run);
  addEnding(program, run, onFault);
  addServer(program, run);
  return program;
}

const common = (command: Command): CommonOptions => command.optsWithGlobals<CommonOptions>();

function addSubmit(program: Command, run: Run): void {
  program
    .command('submit')
    .summary('submit a simulation')
    .description(
      'Submits one Radiance job: the views of a .rif file of rad. Pictures that are up to date are not made again.',
    )
    .argument('<FILE.rif>', 'the .rif file in its project directory')
    .option('--view <NAME>', 'render this view only; may be repeated', viewNames)
    .option('--set <VAR=VALUE>', 'set a variable of rad, such as QUALITY=High; may be repeated', assignments)
    .option('--force', 'render pictures again that are up to date')
    .option('--replace', 'stop the job that is rendering the same view')
    .option('--wait', 'wait for the end, with progress; the exit status is the outcome of the job')
    .option('--name <TEXT>', 'name of the job in lists', nonEmpty(limits.name))
    .option('--priority <N>', 'jobs with a higher one go first, -1000 to 1000', wholeNumber(-1000, 1000))
    .action((file: string, options, command: Command) =>
      run(common(command), (session) => submit(session, file, options)),
    );
}

function addWatching(program: Command, run: Run): void {
  program
    .command('jobs')
    .summary('list jobs, the newest first')
    .description('Lists jobs, the newest first.')
    .option('--state <STATE>', 'waiting, running, paused, done, failed or cancelled', jobState)
    .option('--limit <N>', 'at most so many', wholeNumber(1, 1_000_000), 20)
    .action((options, command: Command) => run(common(command), (session) => jobs(session, options)));
  program
    .command('show')
    .summary('show a job and its tasks')
    .description('Shows a job, its results and its tasks.')
    .argument('<JOB>', 'number of the job', jobNumber)
    .action((job: number, _options, command: Command) => run(common(command), (session) => show(session, job)));
  program
    .command('log')
    .summary("print the log of a job's simulation")
    .description(
      "Prints the log of a job's simulation: of the one that failed, else one that runs, else the last view.",
    )
    .argument('<JOB>', 'number of the job', jobNumber)
    .option('--task <N>', 'of this task; show lists them', wholeNumber(1, 1_000_000_000))
    .option('-f, --follow', 'go on as it grows, until the job ends')
    .action((job: number, options, command: Command) => run(common(command), (session) => log(session, job, options)));
  program
    .command('wait')
    .summary('wait for jobs, with progress')
    .description('Waits until jobs have ended, with progress. The exit status is their outcome.')
    .argument('<JOB...>', 'numbers of jobs', jobNumbers)
    .action((ids: number[], _options, command: Command) => run(common(command), (session) => wait(session, ids)));
}

function addEnding(program: Command, run: Run, onFault: (session: Session, error: unknown) => number): void {
  program
    .command('cancel')
    .summary('stop jobs')
    .description('Stops jobs. What they have finished stays.')
    .argument('<JOB...>', 'numbers of jobs', jobNumbers)
    .action((ids: number[], _options, command: Command) =>
      run(common(command), (session) => cancel(session, ids, (error) => onFault(session, error))),
    );
  program
    .command('get')
    .summary('fetch a result')
    .description('Fetches a result of a job to this machine: PATH, or the only picture. Existing files are kept.')
    .argument('<JOB>', 'number of the job', jobNumber)
    .argument('[PATH]', 'path or name of the result; show lists them')
    .option('--png', 'fetch the picture as a PNG')
    .option('--view <NAME>', 'fetch the picture of this view', nonEmpty(limits.name))
    .option('-o, --output <FILE>', 'write to this file, - for the standard output')
    .option('--force', 'write over an existing file')
    .action((job: number, path: string | undefined, options, command: Command) =>
      run(common(command), (session) => get(session, job, path, options)),
    );
}

function addServer(program: Command, run: Run): void {
  program
    .command('hosts')
    .summary('list the hosts that work')
    .description('Lists the hosts that work for the server.')
    .action((_options, command: Command) => run(common(command), hosts));
  program
    .command('server')
    .summary('tell which server answers')
    .description('Tells which server answers, and as whom it knows you.')
    .action((_options, command: Command) => run(common(command), server));
  program
    .command('doctor')
    .summary('look for what is wrong, and how to mend it')
    .description(
      'Looks at this machine, the home, the server and a project directory: each finding with the command that mends it.',
    )
    .argument('[DIR]', 'a project directory')
    .action((directory: string | undefined, _options, command: Command) =>
      run(common(command), (session) => doctor(session, directory)),
    );
}
