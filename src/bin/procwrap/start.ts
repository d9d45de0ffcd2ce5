import { openProcwrapDaemon } from '../../daemon/procwrap-daemon.ts';
import { runProcwrap } from '../../executor/procwrap.ts';

const [host = '', home = ''] = process.argv.slice(2);
if (home === '') {
  process.stderr.write('usage: procwrap/start.js HOST HOME (rayserver starts it)\n');
  process.exit(2);
}
void runProcwrap(openProcwrapDaemon(host, home, process.env)).then(process.exit);
