import { runProcwrap } from '../../src/executor/procwrap.ts';

/** A procwrap as bin/procwrap/start.js starts it, with its log on standard output. */
const [host = '', home = ''] = process.argv.slice(2);
process.exit(await runProcwrap({ host, home, log: (level, text) => process.stdout.write(`${level} ${text}\n`) }));
