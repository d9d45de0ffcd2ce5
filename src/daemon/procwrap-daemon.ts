import { homeAt } from '../config/home.ts';
import { LogFile } from '../log/file.ts';
import { openLog, type Tell } from '../log/log.ts';
import { noticeJournal, sayOnTerminal } from '../log/terminal.ts';
import { noServiceManager, takeServiceManager } from '../unix/service-manager.ts';
import { takeStays } from './kept-procwrap.ts';
import { Manager } from './manager.ts';
import { messages } from './messages.ts';
import { statusLines } from './status.ts';

/** What procwrap is told by, and tells, whoever started it. */
export interface ProcwrapDaemon {
  readonly host: string;
  readonly home: string;
  /** A service manager, or a person in the foreground, keeps it: it leaves when it is told to. */
  readonly stays: boolean;
  readonly log: Tell;
  readonly reopen: () => void;
  readonly report: (what: 'ready' | 'stopping' | 'counted', simulations: number) => void;
}

/** Takes out of the environment what is not for simulations, and opens the log. */
export function openProcwrapDaemon(
  host: string,
  home: string,
  environment: Record<string, string | undefined>,
): ProcwrapDaemon {
  const stays = takeStays(environment);
  const told = takeServiceManager(environment, process.pid);
  noticeJournal(told.journal);
  const log = openProcwrapLog(host, home, stays);
  return { host, home, stays, ...log, report: reporter(new Manager(stays ? told : noServiceManager)) };
}

function reporter(manager: Manager): ProcwrapDaemon['report'] {
  let count = 0;
  manager.watch({ check: () => Promise.resolve(), trouble: () => undefined });
  return (what, simulations) => {
    count = simulations;
    if (what === 'ready') manager.ready(() => statusLines.simulations(count));
    else if (what === 'counted') manager.changed();
    else manager.stopping(statusLines.ending(count));
  };
}

/** The same file as the server's, and the terminal if it is in the foreground. */
function openProcwrapLog(host: string, home: string, inForeground: boolean): Pick<ProcwrapDaemon, 'log' | 'reopen'> {
  const file: LogFile = new LogFile(homeAt(home).logs, host, {
    trouble: (reason) => {
      if (inForeground) sayOnTerminal(2, `Warning: ${messages.logNotWritable(file.path, reason)}`, 'warn');
    },
  });
  process.removeAllListeners('warning');
  const { tell, note } = openLog({ file, program: 'procwrap', terminal: inForeground });
  process.on('warning', (warning) => note('warn', `${warning.name}: ${warning.message}`));
  return { log: tell, reopen: () => void file.reopen() };
}
