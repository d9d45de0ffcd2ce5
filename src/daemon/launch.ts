import { spawn } from 'node:child_process';
import type { Server } from 'node:net';
import type { Readable } from 'node:stream';
import { homeAt } from '../config/home.ts';
import type { LogFile } from '../log/file.ts';
import { sayOnTerminal } from '../log/terminal.ts';
import { keepAcrossExec } from '../unix/descriptors.ts';
import type { Environment } from '../unix/environment.ts';
import { withNodeOptions } from '../unix/node-options.ts';
import { type ServiceManager, withServiceManager } from '../unix/service-manager.ts';
import { type Handover, readWord, type Word, withHandover } from './handover.ts';
import { staysVariable } from './kept-procwrap.ts';
import { passed } from './launcher.ts';
import { messages } from './messages.ts';
import { scripts } from './program.ts';
import { startProcwrapEarly } from './start-procwrap.ts';
import { Stop } from './stop.ts';

/** The name that `ps` shows; no Node option may stand between it and the path of the script. */
const name = 'node';

/** Replaces this program by the server, in the same process and with the same sockets. Returns only by an error. */
export function becomeServer(handover: Handover): never {
  // Node warns that execve is experimental; nobody at the terminal can do anything about that.
  process.removeAllListeners('warning');
  for (const fd of [handover.listen, handover.submit, handover.pidFile?.fd])
    if (typeof fd === 'number') keepAcrossExec(fd);
  return replaceBy([scripts.server, handover.home], withHandover(withNodeOptions(process.env), handover));
}

/** Replaces this program by a procwrap that stays until it is told to leave. Returns only by an error. */
export function becomeProcwrap(host: string, home: string, manager: ServiceManager): never {
  process.removeAllListeners('warning');
  const environment = withServiceManager(withNodeOptions(process.env), manager);
  return replaceBy([scripts.procwrap, host, home], { ...environment, [staysVariable]: '1' });
}

function replaceBy(words: readonly string[], environment: Environment): never {
  const replace = process.execve;
  if (replace === undefined) throw new Stop('This platform cannot replace one program by another.');
  return replace(process.execPath, [name, ...words], environment);
}

/**
 * Starts the server in the background, by way of the launcher, and waits until it serves or has said why not.
 * Resolves with this process's exit status.
 */
export async function goToBackground(handover: Handover, own: { log: LogFile; server: Server }): Promise<number> {
  own.log.reopen();
  const word = await launched({ ...handover, procwrap: procwrapFor(handover, own.log) }, own);
  own.log.close();
  if (word !== null && 'ready' in word) {
    sayOnTerminal(1, messages.switching(word.ready));
    return 0;
  }
  // The server has logged its reason itself.
  sayOnTerminal(2, word === null ? messages.diedEarly(own.log.path) : word.failed);
  return 1;
}

function procwrapFor({ startsProcwrap, host, home }: Handover, logFile: LogFile): number | null {
  return startsProcwrap ? startProcwrapEarly({ host, home: homeAt(home), logFile }) : null;
}

async function launched(handover: Handover, { log, server }: { log: LogFile; server: Server }): Promise<Word | null> {
  const pidFile = handover.pidFile === null ? null : { ...handover.pidFile, fd: passed.pidFile };
  const theirs: Handover = { ...handover, ready: passed.ready, listen: passed.listen, pidFile };
  const child = spawn(process.execPath, [scripts.launcher, scripts.server, handover.home], {
    argv0: name,
    cwd: '/',
    env: withHandover(withNodeOptions(process.env), theirs),
    stdio: [
      'ignore',
      'ignore',
      'inherit',
      'pipe',
      handover.listen,
      log.descriptor ?? 'ignore',
      handover.pidFile?.fd ?? 'ignore',
    ],
  });
  // From here on the socket is the server's: this process must not take anybody in.
  server.close();
  const failed = new Promise<never>((_, fail) => child.once('error', fail));
  return Promise.race([failed, wordOn(child.stdio[passed.ready] as Readable)]);
}

/** Reads until the server has said its word, or all who could say it are gone. */
async function wordOn(pipe: Readable): Promise<Word | null> {
  let text = '';
  for await (const part of pipe.setEncoding('utf8')) {
    text += part;
    const word = readWord(text);
    if (word !== null) return word;
  }
  return null;
}
