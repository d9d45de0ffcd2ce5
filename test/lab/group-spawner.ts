import { constants, openSync } from 'node:fs';
import { realClock } from '../../src/executor/clock.ts';
import { start, useSpawner } from '../../src/executor/run.ts';
import { limitsFinding } from '../../src/executor/sandbox/limits-finding.ts';
import { markOfHome } from '../../src/executor/spawner/mark.ts';
import { Spawner } from '../../src/executor/spawner/spawner.ts';
import { givenGroup } from '../../src/unix/control-group.ts';

/** The spawner alone, in the control group that this process was started in: says as JSON what it makes of that. */
const directory = openSync('/', constants.O_RDONLY | constants.O_DIRECTORY);
const spawner = new Spawner({ home: markOfHome('/proc/self'), log: (_, text) => console.error(text), asked: 'c' });
await spawner.open();
useSpawner(spawner);
const env = { PATH: process.env['PATH'] ?? '' };
const files = { env, directory, stdin: null, stdout: 'heard' } as const;
let said = '';
const hear = async (_: string, portion: Buffer) => {
  said += portion.toString();
};
const script = 'cat /proc/self/cgroup; sed -En "s/^Max (data size|processes) +([0-9]+) .*/\\2/p" /proc/self/limits';
const command = { program: 'sh', args: ['-c', script], ...files };
const { ended } = await start({ ...command, processes: 40, memory: 2 ** 25 }, hear, realClock);
const { exit } = await ended;
const { says } = limitsFinding(spawner, givenGroup());
const lines = said.trim().split('\n');
// One that cannot be started, and one without a limit in its place.
const refused = start({ ...command, program: '/none', memory: 2 ** 25 }, hear, realClock);
await refused.catch(() => undefined);
said = '';
const limit = 'cat "/sys/fs/cgroup$(cut -c4- /proc/self/cgroup)/memory.max"';
await (await start({ ...command, args: ['-c', limit] }, hear, realClock)).ended;
await spawner.close();
console.log(JSON.stringify({ exit, said: lines, next: said.trim(), says }));
