import { readFileSync } from 'node:fs';
import { CommanderError } from 'commander';
import { Refused, ServerUnreachable } from './errors.ts';
import { startCommand } from './rayctl/doctor.ts';
import { asInterruption, exitStatus, Interrupted, statusOfError } from './rayctl/exit.ts';
import { makeProgram } from './rayctl/program.ts';
import { type CommonOptions, Session } from './rayctl/session.ts';
import { safeLines } from './rayctl/text.ts';
import type { World } from './rayctl/world.ts';

export type { World } from './rayctl/world.ts';

/**
 * Runs rayctl.
 * @param argv the words after the program's name
 * @param world `process`, or what stands for it
 * @returns the exit status; it never rejects
 */
export async function rayctl(argv: readonly string[], world: World): Promise<number> {
  let status: number = exitStatus.done;
  const run = async (options: CommonOptions, verb: (session: Session) => Promise<number>) => {
    status = await runVerb(world, options, verb);
  };
  const onFault = (session: Session, error: unknown) => report(world, session.options, session, error);
  const program = makeProgram(world, version(), run, onFault, argv);
  // Help is printed before there is a session that listens.
  const faults: Error[] = [];
  world.stdout.on('error', (error) => faults.push(error));
  try {
    if (argv.length === 0) {
      program.outputHelp({ error: true });
      return exitStatus.wrongly;
    }
    await program.parseAsync(argv, { from: 'user' });
    return status;
  } catch (error) {
    if (!(error instanceof CommanderError)) return report(world, {}, null, error);
    if (error.exitCode !== 0) return exitStatus.wrongly;
    await printed(world.stdout);
    const [fault] = faults;
    return fault === undefined ? exitStatus.done : report(world, {}, null, asInterruption(fault));
  }
}

/** Settles when what was printed has gone out, or cannot. */
async function printed(stdout: World['stdout']): Promise<void> {
  await new Promise<void>((settle) => stdout.write('', () => setImmediate(settle)));
}

async function runVerb(
  world: World,
  options: CommonOptions,
  verb: (session: Session) => Promise<number>,
): Promise<number> {
  let session: Session | null = null;
  try {
    session = new Session(world, options);
    return await verb(session);
  } catch (error) {
    return report(world, options, session, session?.signal.aborted ? session.signal.reason : error);
  } finally {
    await session?.[Symbol.asyncDispose]();
  }
}

/** Tells what went wrong, for people or, with --json, for programs. @returns the exit status */
function report(world: World, options: CommonOptions, session: Session | null, error: unknown): number {
  const status = statusOfError(error);
  if (error instanceof Interrupted) return status;
  const message = error instanceof Error ? error.message : String(error);
  if (options.json) {
    const code = error instanceof Refused ? error.code : codes[status];
    const job = error instanceof Refused && error.job !== null ? { job: error.job } : {};
    world.stderr.write(`${JSON.stringify({ error: { code: code ?? 'internal', message, ...job } })}\n`);
    return status;
  }
  world.stderr.write(`rayctl: ${safeLines([message, ...hints(session, error)].join('\n'))}\n`);
  return status;
}

const codes: Readonly<Record<number, string>> = {
  [exitStatus.wrongly]: 'called-wrongly',
  [exitStatus.unreachable]: 'unreachable',
  [exitStatus.notAllowed]: 'not-allowed',
};

/** What to do about it. */
function hints(session: Session | null, error: unknown): string[] {
  if (session === null) return [];
  const { address } = session.client;
  if (error instanceof ServerUnreachable && !error.sent) {
    if (address.by === 'ssh') return [`If ssh ${address.host} works, start the server there with: rayserver`];
    const isHere = address.by === 'unix' || (address.by === 'http' && address.loopback);
    return isHere ? [`Start it with: ${startCommand(session)}`] : [];
  }
  if (error instanceof Refused && error.code === 'unauthorized') {
    return [
      'Give the token with --token-file FILE or in RAYSERVER_TOKEN. The server keeps it in config/token of its home.',
    ];
  }
  return statusOfError(error) === exitStatus.notAllowed ? [`See what is wrong with: ${session.command('doctor')}`] : [];
}

/** The package's own version. */
function version(): string {
  const text = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8');
  return String((JSON.parse(text) as { version: unknown }).version);
}
