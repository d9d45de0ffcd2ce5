import { Command } from 'commander';
import type { CommonOptions, Session } from './session.ts';
import { addSubmitting } from './submitting-verbs.ts';
import type { Verbs } from './verb.ts';
import { addChanging, addServer, addWatching } from './verbs.ts';
import type { World } from './world.ts';

/** Runs a verb in a session of its own; its result is the exit status. */
export type Run = (options: CommonOptions, verb: (session: Session) => Promise<number>) => Promise<void>;

const exitStatuses = `
Exit status: 0 done; 1 failed; 2 called wrongly; 3 cancelled (--wait, wait); 69 the server cannot be reached;
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

/**
 * The command line of rayctl.
 * @param onFault reports an error of one job of several; gives its exit status
 * @param argv the words that it will be given
 */
export function makeProgram(
  world: World,
  version: string,
  run: Run,
  onFault: (session: Session, error: unknown) => number,
  argv: readonly string[] = [],
): Command {
  const program = new Command('rayctl')
    .description('Submits lighting simulations and other renderings to a rayserver, and shows and stops them.')
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
  const verbs: Verbs = {
    program,
    argv,
    action: (verb) => (command) => run(command.optsWithGlobals<CommonOptions>(), verb),
    onFault,
  };
  addSubmitting(verbs);
  addWatching(verbs);
  addChanging(verbs);
  addServer(verbs);
  return program;
}
