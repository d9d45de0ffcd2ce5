import { chooseHome, homeAt } from '../config/home.ts';
import { LogFile } from '../log/file.ts';
import { openLog, type Tell } from '../log/log.ts';
import { sayOnTerminal } from '../log/terminal.ts';
import { makeWithParents } from '../unix/directories.ts';
import { asOwnerOf } from '../unix/owner.ts';
import { shortName } from './configuration.ts';
import type { Options } from './options.ts';
import { watchSignals } from './signals.ts';
import type { Stop } from './stop.ts';

/** A signal that ends the program before it serves. */
export function interrupted(options: Options): Promise<number> {
  return new Promise((end) => {
    watchSignals(({ message, status }) => {
      sayOnTerminal(1, message);
      logOnly(options.home)('info', message);
      end(status);
    });
  });
}

export function refuse(stop: Stop, home: string | null, host = shortName()): number {
  sayOnTerminal(2, stop.message);
  if (stop.logged) for (const line of stop.message.split('\n')) logOnly(home, host)('error', line);
  return 1;
}

/** The log, as far as the caller may write there. Root makes no home on the way: it does not know yet for whom. */
export function logOnly(option: string | null, host = shortName()): Tell {
  try {
    const uid = process.getuid?.() ?? -1;
    const { path, logs } = homeAt(chooseHome({ option, env: process.env, uid }));
    if (uid !== 0) makeWithParents(logs, 0o755);
    const { note } = openLog({ file: new LogFile(logs, host), program: 'rayserver', terminal: false });
    return (level, text) => {
      try {
        asOwnerOf([path, logs], () => note(level, text));
      } catch {
        // Root that may not become anybody: the terminal has it.
      }
    };
  } catch {
    return () => undefined;
  }
}
