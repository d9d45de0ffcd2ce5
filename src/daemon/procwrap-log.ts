import { homeAt } from '../config/home.ts';
import { LogFile } from '../log/file.ts';
import { openLog, type Tell } from '../log/log.ts';

/** The log of this host as procwrap writes it: the same file as the server's, never the terminal. */
export function openProcwrapLog(host: string, home: string): Tell {
  const file = new LogFile(homeAt(home).logs, host);
  process.removeAllListeners('warning');
  const { note } = openLog({ file, program: 'procwrap', terminal: false });
  process.on('warning', (warning) => note('warn', `${warning.name}: ${warning.message}`));
  return note;
}
