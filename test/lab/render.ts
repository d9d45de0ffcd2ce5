import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, constants, openSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkAmbient } from '../../src/ambient/check.ts';
import { Gate } from '../../src/ambient/gate.ts';
import { parametersOf } from '../../src/ambient/parameters.ts';
import type { Passage } from '../../src/ambient/passage.ts';
import { Patience } from '../../src/ambient/waiting.ts';
import { realClock } from '../../src/executor/clock.ts';
import { tryLock } from '../../src/unix/locks.ts';

/**
 * Real rpict through the gate, on one of two hosts: `share PROJECT ROUNDS`, `hold PROJECT`, `check PROJECT`. It says
 * what it does in lines, and at the end what came of it as JSON.
 */
const [verb, project = '.', rounds = '1'] = process.argv.slice(2);
const ambient = 'ambfiles/room.amb';
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
/** What was in the file when a passage ended: nobody may take that out again. */
let seen = Buffer.alloc(0);

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

/** One picture; one that is to be killed is killed in its middle. */
async function picture(gate: Gate, number: number, kill: boolean): Promise<void> {
  const passage = await enter(gate, () => console.log('waits'));
  const from = [(1 + ((number * 37) % 100) / 50).toFixed(3), (0.5 + ((number * 53) % 100) / 60).toFixed(3), '1.2'];
  const view = ['-vp', ...from, '-vd', Math.cos(number).toFixed(3), Math.sin(number).toFixed(3), '-.1'];
  // One that is to be killed must not be done before.
  const size = kill ? ['-x', '700', '-y', '700'] : [];
  const args = [...options, ...size, ...view, '-af', ambient, 'room.oct'];
  const env = { RAYPATH: `.:${join(radiance, 'lib')}` };
  const child = spawn(join(radiance, 'bin/rpict'), args, { cwd: project, env, stdio: ['ignore', 'ignore', 'pipe'] });
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
  await remember();
  const { damage } = await passage.leave();
  const trouble = errors.split('\n').filter((line) => !/^$| rays, /.test(line));
  problems.push(...trouble);
  ends.push({ killed: kill, status, damage, notes: passage.notes, bytes: seen.length });
}

/** Under a lock: without one, an NFS client shows others what was in the file before, too. */
async function remember(): Promise<void> {
  const fd = openSync(join(project, ambient), constants.O_RDWR);
  await new Patience(realClock, 60_000).until(() => tryLock(fd, 'read'));
  const now = readFileSync(fd);
  closeSync(fd);
  if (!now.subarray(0, seen.length).equals(seen))
    problems.push(`${seen.length} bytes of the file were changed or lost; it has ${now.length}.`);
  seen = now;
}

async function check(): Promise<unknown> {
  const fd = openSync(join(project, ambient), constants.O_RDONLY);
  const { is, records, problem, fileBytes } = await checkAmbient(fd);
  closeSync(fd);
  const lost = ['c1', 'c2'].filter((host) => {
    const kept = readFileSync(join(project, `seen.${host}`));
    return !readFileSync(join(project, ambient)).subarray(0, kept.length).equals(kept);
  });
  return { is, records, problem, fileBytes, lost };
}

async function share(): Promise<unknown> {
  const gate = new Gate(realClock);
  const offset = process.env['HOST'] === 'c1' ? 0 : 1000;
  for (let round = 0; round < Number(rounds); round++) {
    const number = offset + 10 * round;
    await Promise.all([picture(gate, number, false), picture(gate, number + 1, round % 2 === 1)]);
  }
  writeFileSync(join(project, `seen.${process.env['HOST']}`), seen);
  return { ends, problems };
}

/** Stays inside, with the lock, until it is killed. */
async function hold(): Promise<unknown> {
  const passage = await enter(new Gate(realClock), () => console.log('waits'));
  console.log(passage.fd === null ? 'makes' : 'inside');
  return await new Promise(() => setInterval(() => {}, 60_000));
}

const deeds: Readonly<Record<string, () => Promise<unknown>>> = { share, hold, check };
console.log(JSON.stringify(await deeds[verb ?? '']?.()));
process.exit();
