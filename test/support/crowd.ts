import { spawn } from 'node:child_process';
import { realClock } from '../../src/executor/clock.ts';
import { SpawnerLab } from './spawner.ts';

/**
 * An ordinary user starts a simulation, then very much else, then another simulation: prints what that one says, which
 * has a process of its own.
 */
const kind = process.argv[2] === 'c' ? 'c' : 'node';
let later = 0;
const lab = new SpawnerLab(kind, undefined, { ...realClock, passed: () => realClock.passed() + later });
if (process.argv[3] === 'in a cell') await lab.enterCell();
const { run } = await lab.start('true', [], { processes: 20 });
await run.ended;
const others = Array.from({ length: 40 }, () => spawn('sleep', ['1000'], { stdio: 'ignore' }));
later = 60_000;
const { run: next, said } = await lab.start('sh', ['-c', '(echo on we go); echo'], { processes: 20 });
await next.ended;
for (const other of others) other.kill('SIGKILL');
console.log(JSON.stringify(said));
await lab.close();
process.exit(0);
