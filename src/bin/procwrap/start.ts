import { openProcwrapLog } from '../../daemon/procwrap-log.ts';
import { runProcwrap } from '../../executor/procwrap.ts';

const [host = '', home = ''] = process.argv.slice(2);
if (home === '') {
  process.stderr.write('usage: procwrap/start.js HOST HOME (rayserver starts it)\n');
  process.exit(2);
}
void runProcwrap({ host, home, log: openProcwrapLog(host, home) }).then(process.exit);
