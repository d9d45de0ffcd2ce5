import { runProcwrap } from '../../src/executor/procwrap.ts';

/** A procwrap as bin/procwrap/start.js starts it, with its log on standard output. */
const [host = '', home = ''] = process.argv.slice(2);
const nothing = () => undefined;
const log = (level: string, text: string) => process.stdout.write(`${level} ${text}\n`);
process.exit(await runProcwrap({ host, home, log, reopen: nothing, stays: false, report: nothing }));
