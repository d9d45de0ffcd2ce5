import { closeSync, constants, mkdirSync, openSync } from 'node:fs';
import { constants as system } from 'node:os';
import { join } from 'node:path';
import type { Log } from '../protocol/end.ts';
import { type LinkServer, listenLink } from '../protocol/link.ts';
import { closeStrangersOnExec } from '../unix/descriptors.ts';
import { tryLock } from '../unix/locks.ts';
import { forbidNewPrivileges, makeUndumpable, unblockSignals } from '../unix/native.ts';
import { forgetNodeOptions } from '../unix/node-options.ts';
import { becomeSubreaper } from '../unix/processes.ts';
import { endingSignals } from '../unix/signals.ts';
import { type Clock, realClock } from './clock.ts';
import { Control } from './control.ts';
import { ownVersion } from './installation.ts';
import { endMarked } from './leftovers.ts';
import { useSpawner } from './run.ts';
import { markOfHome } from './spawner/mark.ts';
import { Spawner } from './spawner/spawner.ts';

export interface ProcwrapOptions {
  /** Name of this host, for the log. */
  readonly host: string;
  /** Directory of the home. */
  readonly home: string;
  readonly log: Log;
  /** Opens the log anew. */
  readonly reopen: () => void;
  /** Somebody keeps us: we stay until we are told to leave. Else we leave when nobody needs us. */
  readonly stays: boolean;
  /** Tells whoever keeps us that we serve, that we leave, and how many simulations there are. */
  readonly report: (what: 'ready' | 'stopping' | 'counted', simulations: number) => void;
  readonly clock?: Clock;
}

/**
 * The control process of simulations: serves one home until it is not needed any more, and outlives servers.
 * It changes the process for good: no new privileges, undumpable, signals handled.
 * @returns the exit status
 */
export async function runProcwrap(options: ProcwrapOptions): Promise<number> {
  const { home, host, log, stays } = options;
  const inner = join(home, 'run/inner');
  heedHangUp(options);
  forgetNodeOptions(process.env);
  closeStrangersOnExec();
  forbidNewPrivileges();
  makeUndumpable();
  becomeSubreaper();
  let lock: number | null = null;
  try {
    mkdirSync(inner, { recursive: true, mode: 0o700 });
    lock = takeLock(join(inner, 'procwrap.lock'));
    if (lock === null) {
      log(stays ? 'error' : 'info', `procwrap ${host}: another one serves this home already, leaving`);
      return stays ? 1 : 0;
    }
    return await serve(options, inner);
  } catch (error) {
    log('error', `procwrap ${host}: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  } finally {
    if (lock !== null) closeSync(lock);
  }
}

/** The lock's descriptor, which holds it until it is closed; null if another process has it. */
function takeLock(path: string): number | null {
  const fd = openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
  if (tryLock(fd)) return fd;
  closeSync(fd);
  return null;
}

async function serve(options: ProcwrapOptions, inner: string): Promise<number> {
  const { home, host, log, stays, report } = options;
  const clock = options.clock ?? realClock;
  const mark = markOfHome(inner);
  for (const pid of await endMarked(mark, clock))
    log('warn', `procwrap ${host}: ended process ${pid}, left by an earlier procwrap`);
  const spawner = new Spawner({ home: mark, log, clock, asked: process.env['RAYSERVER_SPAWNER'] });
  await spawner.open();
  useSpawner(spawner);
  let simulations = 0;
  const counted = (count: number): void => {
    if (count !== simulations) report('counted', count);
    simulations = count;
  };
  const control = new Control({ home, log, clock, stays, counted, installed: ownVersion });
  const server: LinkServer = await listenLink(join(inner, 'procwrap.sock'), {
    connected: () => {},
    message: (message, link) => control.hear(message, link),
    closed: (link, reason) => control.lost(link, reason),
    log,
  });
  onEndingSignals((signal) => {
    log('info', `procwrap ${host}: ${signal}, ending all simulations`);
    report('stopping', simulations);
    control.end();
  });
  log('info', `procwrap ${host}: started, pid ${process.pid}, spawner ${spawner.pid} (${spawner.kind})`);
  report('ready', 0);
  control.consider();
  const status = await control.over;
  await server.close();
  await spawner.close();
  log('info', `procwrap ${host}: left`);
  return status;
}

/** Left alone, it would open Node's debugger. */
const ignoredSignal = 'SIGUSR1';

/** There is no terminal to hang up and no configuration of our own: it is about the log. */
function heedHangUp({ reopen, log }: ProcwrapOptions): void {
  process.on(ignoredSignal, () => {});
  process.on('SIGHUP', () => {
    reopen();
    log('info', 'caught signal 1: log opened again');
  });
  unblockSignals();
}

/** Until the process is gone: one more signal on its way out must not cut it short. */
function onEndingSignals(end: (signal: string) => void): void {
  for (const signal of endingSignals) {
    if (system.signals[signal] === undefined || signal === ignoredSignal) continue;
    process.on(signal, end);
  }
}
