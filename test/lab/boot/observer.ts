import { appendFileSync, closeSync, constants, openSync, readFileSync } from 'node:fs';
import { tryLock } from '../../../src/unix/locks.ts';
import { isAlive } from '../../support/program.ts';
import { waitUntil } from '../../support/wait-until.ts';

/**
 * Sees how a simulation that uses an ambient file comes to its end, also when the machine goes down: it reads the file,
 * under a lock, when procwrap is told to end. Nobody may touch the simulation until it lets go. It writes down what it
 * sees, a word a line.
 */
const [file = '', log = '', pid = '', notes = ''] = process.argv.slice(2);
const note = (word: string) => appendFileSync(notes, `${word}\n`);
const lines = () => readFileSync(log, 'utf8').split('\n');

for (const signal of ['SIGTERM', 'SIGHUP', 'SIGINT', 'SIGCONT'] as const) process.on(signal, () => note(signal));
const fd = openSync(file, constants.O_RDONLY);
await waitUntil('the lock', () => tryLock(fd, 'read'));
const before = lines().length;
note('reads');
const told = () =>
  lines()
    .slice(before - 1)
    .some((line) => line.includes('ending all simulations'));
await waitUntil('the word that procwrap ends', told);
note('procwrap is told to end');
// Long enough for a signal to do its work, had there been one.
await new Promise((settle) => setTimeout(settle, 700));
note(isAlive(Number(pid)) ? 'the simulation is alive' : 'the simulation is gone');
closeSync(fd);
note('lets go');
await waitUntil('the end', () => !isAlive(Number(pid)));
note('it has ended');
