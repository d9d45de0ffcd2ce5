import { closeSync, openSync, writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { constants, setPriority } from 'node:os';
import { closeStrangersOnExec } from '../../unix/descriptors.ts';
import { forbidNewPrivileges, makeUndumpable, unblockSignals } from '../../unix/native.ts';
import { forgetNodeOptions } from '../../unix/node-options.ts';
import { becomeSubreaper, RLIMIT_CORE, setOwnLimit } from '../../unix/processes.ts';
import { endingSignals } from '../../unix/signals.ts';
import { Fallback } from './fallback.ts';
import { toSpawner } from './messages.ts';

const LINK = 3;
const NICE = 10;
/** The kernel lets ordinary users set an autogroup's niceness ten times a second, all together, ms. */
const AUTOGROUP_PAUSE = 150;

/**
 * The spawner where there was no compiler: serves procwrap on descriptor 3 until that closes. It changes the process
 * for good, as spawner.c does.
 * @returns the exit status
 */
export async function serveSpawner(): Promise<number> {
  setUp();
  const socket = new Socket({ fd: LINK, readable: true, writable: true });
  const fallback = new Fallback((bytes) => socket.write(bytes));
  process.on('SIGCHLD', () => fallback.reap());
  const status = await new Promise<number>((settle) => {
    const frames = toSpawner();
    socket.on('data', (portion: Buffer) => {
      try {
        for (const message of frames.push(portion)) fallback.obey(message);
      } catch (error) {
        process.stderr.write(`spawner: ${(error as Error).message}\n`);
        settle(1);
      }
    });
    socket.on('error', () => settle(0));
    socket.on('close', () => settle(0));
  });
  await fallback.end();
  return status;
}

/** Nobody ends us but procwrap, by closing the socket. */
function setUp(): void {
  for (const signal of ['SIGHUP', ...endingSignals] as const) {
    if (constants.signals[signal] !== undefined) process.on(signal, () => {});
  }
  unblockSignals();
  forgetNodeOptions(process.env);
  closeStrangersOnExec();
  setPriority(NICE);
  beNice();
  setOwnLimit(RLIMIT_CORE, { soft: 0n, hard: 0n });
  forbidNewPrivileges();
  becomeSubreaper();
  makeUndumpable();
}

/**
 * Procwrap gave us a session of our own, and so an autogroup, in which a process's niceness counts only among its own
 * kind: so the autogroup must be nice, too.
 */
function beNice(): void {
  let fd: number;
  try {
    fd = openSync('/proc/self/autogroup', 'w');
  } catch {
    // A kernel without autogroups.
    return;
  }
  const write = (): void => {
    try {
      writeSync(fd, String(NICE));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') {
        setTimeout(write, AUTOGROUP_PAUSE);
        return;
      }
    }
    closeSync(fd);
  };
  write();
}
