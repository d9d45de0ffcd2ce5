import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  fsyncSync,
  openSync,
  readFileSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { Gate } from '../../src/ambient/gate.ts';
import { parametersOf } from '../../src/ambient/parameters.ts';
import type { Passage } from '../../src/ambient/passage.ts';
import { realClock } from '../../src/executor/clock.ts';
import { ambient, lockedAmbient, Seen } from './seen.ts';

/**
 * Real rpict through the gate, on one of two hosts: a deed, a project, and how many rounds or after what.
 * It says what it does in lines, and at the end what came of it as JSON.
 */
const [verb, project = '.', rest = ''] = process.argv.slice(2);
const octree = join(project, 'room.oct');
const radiance = join(import.meta.dirname, '../../../.radiance');
const options = ['-t', '1', '-ab', '1', '-ad', '256', '-as', '0', '-aa', '.12', '-ar', '64', '-x', '96', '-y', '96'];
const ends: {
  killed: boolean;
  status: number | null;
  damage: string | null;
  notes: readonly string[];
  bytes: number;
}[] = [];
const problems: string[] = [];
/** After each passage. */
const seen = new Seen(project);

/** @param waits called when somebody else keeps us out */
async function enter(gate: Gate, waits: () => void): Promise<Passage> {
  const directory = openSync(project, constants.O_RDONLY);
  const wanted = {
    directory,
    path: ambient,
    octree: {
      path: 'room.oct',
      sha256: createHash('sha256').update(readFileSync(octree)).digest('hex'),
      modified: statSync(octree).mtimeMs,
    },
    parameters: parametersOf('rpict', options),
    radiance: 'RADIANCE 6.0a',
  };
  let asked = 0;
  try {
    return await gate.enter(wanted, () => {
      if (++asked === 20) waits();
      return false;
    });
  } finally {
    closeSync(directory);
  }
}

/** One picture; one that is to be killed is killed in its middle. `ready` when it has been let in, before it starts. */
async function picture(gate: Gate, number: number, kill: boolean, ready = async () => {}): Promise<void> {
  const passage = await enter(gate, () => console.log('waits'));
  await ready();
  const from = [(1 + ((number * 37) % 100) / 50).toFixed(3), (0.5 + ((number * 53) % 100) / 60).toFixed(3), '1.2'];
  const view = ['-vp', ...from, '-vd', Math.cos(number).toFixed(3), Math.sin(number).toFixed(3), '-.1'];
  // One that is to be killed must not be done before.
  const size = kill ? ['-x', '400', '-y', '400'] : [];
  const child = startRpict([...size, ...view]);
  let errors = '';
  let killed = false;
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
    if (!errors.includes('\n')) return;
    passage.opened();
    if (kill && !killed) void passage.alone(() => void child.kill('SIGKILL'));
    killed ||= kill;
  });
  const status = await new Promise<number | null>((settle) => child.once('close', settle));
  await seen.look();
  const { damage } = await passage.leave();
  // One that is killed may be in the middle of a line.
  const lines = errors.split('\n').slice(0, kill ? -1 : undefined);
  const trouble = lines.filter((line) => !/^$| rays, /.test(line));
  problems.push(...trouble);
  ends.push({ killed: kill, status, damage, notes: passage.notes, bytes: seen.bytes });
}

async function share(): Promise<unknown> {
  const gate = new Gate(realClock);
  const offset = process.env['HOST'] === 'c1' ? 0 : 1000;
  for (let round = 0; round < Number(rest); round++) {
    const number = offset + 10 * round;
    await Promise.all([picture(gate, number, false), picture(gate, number + 1, round % 2 === 1)]);
  }
  seen.keep();
  return { ends, problems: [...problems, ...seen.problems] };
}

/** One picture, of which the program starts when there is a file of this name. */
async function make(): Promise<unknown> {
  await picture(new Gate(realClock), 1, false, async () => {
    console.log('is let in');
    while (!existsSync(rest)) await pause(200);
  });
  return { ends, problems };
}

/** Comes in, and says whether it had to wait. */
async function come(): Promise<unknown> {
  const passage = await enter(new Gate(realClock), () => console.log('waits'));
  await passage.leave();
  return { notes: passage.notes };
}

/** In the middle of a write, with the lock, until it is killed: rpict's buffer may end anywhere. */
async function half(): Promise<unknown> {
  const fd = await lockedAmbient(project, 'write');
  writeSync(fd, Buffer.alloc(30));
  fsyncSync(fd);
  console.log(fstatSync(fd).size);
  return await new Promise(() => setInterval(() => {}, 60_000));
}

/** Without the gate, until it has loaded the file; whether what {@link half} has written is still there. */
async function raw(): Promise<unknown> {
  const size = Number(rest);
  const child = startRpict(['-vp', '1', '1', '1', '-vd', '1', '0', '0']);
  for await (const line of createInterface({ input: child.stderr })) if (line.includes(' rays, ')) break;
  child.kill('SIGKILL');
  await once(child, 'exit');
  // It may have begun to write its own there.
  const end = readFileSync(join(project, ambient)).subarray(size - 30, size);
  return { isThere: end.equals(Buffer.alloc(30)) };
}

function startRpict(args: readonly string[]) {
  const env = { RAYPATH: `.:${join(radiance, 'lib')}` };
  const all = [...options, ...args, '-af', ambient, 'room.oct'];
  return spawn(join(radiance, 'bin/rpict'), all, { cwd: project, env, stdio: ['ignore', 'ignore', 'pipe'] });
}

const deeds: Readonly<Record<string, () => Promise<unknown>>> = { share, make, come, half, raw };
console.log(JSON.stringify(await deeds[verb ?? '']?.()));
process.exit();
