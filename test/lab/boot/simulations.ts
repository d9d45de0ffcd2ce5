import { spawn } from 'node:child_process';
import { closeSync, constants, existsSync, openSync, readFileSync, readlinkSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { checkAmbient } from '../../../src/ambient/check.ts';
import type { JobView } from '../../../src/protocol/api.ts';
import { commandOf } from '../../support/daemon.ts';
import { processesWith } from '../../support/lab.ts';
import { isAlive } from '../../support/program.ts';
import { waitUntil } from '../../support/wait-until.ts';
import { job, log, rayctl } from './guest.ts';

/** Real simulations in a guest: some that take a while, what becomes of them, and how they ended. */

export interface Slow {
  readonly id: number;
  readonly project: string;
  /** Of its rpict. */
  readonly pid: number;
}

const notes = '/var/lib/rayserver-observer';
const observer = join(import.meta.dirname, 'observer.js');

/** A picture that takes long and shares its ambient file, somewhere in its middle. */
export async function slowPicture(project: string): Promise<Slow> {
  const set = ['QUALITY=Medium', 'RESOLUTION=3000'].flatMap((one) => ['--set', one]);
  const words = ['submit', join(project, 'room.rif'), '--view', 'door', ...set, '--json'];
  const { id } = JSON.parse(await rayctl(...words)) as JobView;
  return { id, project, pid: await pictureOf(project) };
}

/** The rpict that is in the middle of its picture. */
export async function pictureOf(project: string): Promise<number> {
  const half = join(project, 'images/room_door.unf');
  await waitUntil('half a picture', () => existsSync(half) && statSync(half).size > 50_000);
  return waitUntil('its rpict', () => rpicts()[0]);
}

/** One job at a time has a picture here. */
function rpicts(): number[] {
  return processesWith((words) => words[0]?.endsWith('rpict') === true).filter(isAlive);
}

/** Somebody reads its ambient file from now on, and watches. */
export async function observe(slow: Slow): Promise<void> {
  rmSync(notes, { force: true });
  const args = [observer, join(slow.project, 'ambfiles/room.amb'), log, String(slow.pid), notes];
  spawn(process.execPath, args, { detached: true, stdio: 'ignore', cwd: '/' }).unref();
  await waitUntil('the observer', () => existsSync(notes));
}

/** The simulation was let alone until its ambient file was free, and then ended; init's signals came later. */
export async function expectEndedUnderLock(project: string): Promise<void> {
  const seen = await waitUntil('the observer', () => {
    const lines = readFileSync(notes, 'utf8').trim().split('\n');
    return lines.includes('it has ended') && lines;
  });
  const order = ['reads', 'procwrap is told to end', 'the simulation is alive', 'lets go', 'it has ended'];
  expect(seen.slice(0, order.length)).to.deep.equal(order);
  expect(readFileSync(join(project, 'logfiles/room.door.log'), 'utf8')).not.to.match(/signal - /);
  const fd = openSync(join(project, 'ambfiles/room.amb'), constants.O_RDONLY);
  const { is, records } = await checkAmbient(fd);
  closeSync(fd);
  expect(is).to.equal('sound');
  expect(records).to.be.greaterThan(0);
}

/** It is in a cell: in namespaces of its own, without the network and the processes of others. */
export function expectContained({ pid }: Slow, procwrap: number): void {
  for (const kind of ['user', 'mnt', 'pid', 'net', 'ipc']) {
    const [own, others] = [pid, procwrap].map((process) => readlinkSync(`/proc/${process}/ns/${kind}`));
    expect(own, kind).not.to.equal(others);
  }
}

/** The job was not begun anew: it says where it goes on; it is not needed further. */
export async function expectGoesOn({ id, project }: Pick<Slow, 'id' | 'project'>): Promise<void> {
  const path = join(project, 'logfiles/room.door.log');
  const text = () => (existsSync(path) ? readFileSync(path, 'utf8') : '');
  await waitUntil('the picture to go on', () => /^# goes on after scan line \d+ of /m.test(text()));
  await cancel(id);
}

export async function cancel(id: number): Promise<void> {
  await rayctl('cancel', String(id));
  await waitUntil('the end of the job', async () => (await job(id)).state === 'cancelled');
}

/** Still the same process, still at work for its job. */
export async function expectRunsOn({ id, pid }: Slow): Promise<void> {
  expect(isAlive(pid), 'the simulation').to.equal(true);
  expect(commandOf(pid)[0]).to.match(/rpict$/);
  const { state, tasks } = await waitUntil('the server', () => job(id).catch(() => null));
  expect({ state, running: tasks.running }).to.deep.equal({ state: 'running', running: 1 });
}
