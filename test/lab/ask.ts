import { closeSync, constants, openSync } from 'node:fs';
import { realClock } from '../../src/executor/clock.ts';
import { lockProbe } from '../../src/executor/lock-probe.ts';

// What the lock probe says of a directory, as JSON.
const fd = openSync(process.argv[2] ?? '.', constants.O_RDONLY);
const before = performance.now();
const { holds, why, mend } = await lockProbe(realClock).ask(fd);
closeSync(fd);
process.stdout.write(`${JSON.stringify({ holds, why, mend, seconds: (performance.now() - before) / 1000 })}\n`);
process.exit();
