import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { Home } from '../config/home.ts';
import type { LogFile } from '../log/file.ts';
import type { Tell } from '../log/log.ts';
import { withNodeOptions } from '../unix/node-options.ts';
import { isLive } from '../unix/processes.ts';
import { scripts } from './program.ts';

/** For so long the procwrap that the front has started is taken to be on its way to its socket: a machine may be busy. */
const onItsWayMilliseconds = 10_000;

export interface ProcwrapToStart {
  readonly host: string;
  readonly home: Home;
  readonly logFile: LogFile;
}

/** In a session of its own: it outlives the server, as the simulations do. */
function startProcwrap({ host, home, logFile }: ProcwrapToStart): ChildProcess {
  const output = logFile.descriptor ?? 'ignore';
  const child = spawn(process.execPath, [scripts.procwrap, host, home.path], {
    argv0: 'node',
    cwd: '/',
    env: withNodeOptions(process.env),
    detached: true,
    stdio: ['ignore', output, output],
  });
  child.unref();
  return child;
}

/**
 * By the front, so that procwrap starts while launcher and server do. Where something lies in the place of a socket,
 * somebody may serve the home, or the server will refuse to.
 * @returns its pid; null: that is left to the server
 */
export function startProcwrapEarly(wanted: ProcwrapToStart): number | null {
  const { procwrapSocket, submitSocket } = wanted.home;
  if (existsSync(procwrapSocket) || existsSync(submitSocket)) return null;
  const child = startProcwrap(wanted);
  // The server says why, when it cannot start one either.
  child.once('error', () => undefined);
  return child.pid ?? null;
}

/**
 * Starts a procwrap, unless the one that was started last is still there: then that one is on its way.
 * @param early - the pid of the one that the front has started, or null. It is not our child, so that it may have ended
 *   without our knowledge; one too many finds the lock of the home taken, and leaves.
 */
export function procwrapStarter(wanted: ProcwrapToStart, early: number | null, log: Tell): () => void {
  const began = performance.now();
  let last: ChildProcess | null = null;
  return () => {
    const isThere =
      last === null
        ? early !== null && performance.now() - began < onItsWayMilliseconds && isLive(early)
        : last.pid !== undefined && last.exitCode === null && last.signalCode === null;
    if (isThere) return;
    last = startProcwrap(wanted);
    last.once('error', (error) => log('error', `the control process does not start: ${error.message}`));
  };
}
