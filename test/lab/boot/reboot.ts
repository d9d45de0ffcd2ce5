import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { JobView } from '../../../src/protocol/api.ts';
import { waitUntil } from '../../support/wait-until.ts';
import { job, makeProject, rayctl, root } from './guest.ts';
import * as simulations from './simulations.ts';

/**
 * What is under way when the machine goes down, and what becomes of it. A bind mount stands for NFS, which a container
 * cannot mount: as a network's (_netdev) it is the init system's to mount in time; one that is `noauto` is not there.
 */

interface Frames {
  readonly id: number;
  readonly project: string;
  /** Frames that were done before. */
  readonly done: readonly string[];
}

interface Left {
  readonly slow: simulations.Slow;
  readonly late: Frames;
  readonly absent: Frames;
}

const note = '/var/lib/lab-left';
const [late, absent] = ['/srv/late', '/srv/absent'];
const frames = 40;
const slots = 4;

/** A directory elsewhere, seen there. @param options - of fstab */
function mountable(at: string, options: string): void {
  const from = at.replace('/srv/', '/var/lib/lab-');
  for (const path of [at, from]) mkdirSync(path);
  appendFileSync('/etc/fstab', `${from} ${at} none bind,${options} 0 0\n`);
  root('mount', at);
}

/** @param options - more for the mount that is late */
export async function leave(options = ''): Promise<void> {
  mountable(late, `_netdev${options}`);
  mountable(absent, 'noauto');
  const films = { late: await begin(late), absent: await begin(absent) };
  const slow = await simulations.slowPicture(makeProject('reboot'));
  const left: Left = { slow, ...films };
  await simulations.observe(slow);
  writeFileSync(note, JSON.stringify(left));
}

/** A job of frames, some of which are done. */
async function begin(parent: string): Promise<Frames> {
  const project = makeProject('film', parent);
  const command = ['sh', '-c', 'echo begins >>frame.%d; sleep .7; echo ends >>frame.%d'];
  const words = ['run', '--project', project, '--frames', `1-${frames}`, '--slots', '2', '--json', '--', ...command];
  const { id } = JSON.parse(await rayctl(...words)) as JobView;
  const ended = () =>
    readdirSync(project).filter((name) => name.startsWith('frame.') && linesOf(join(project, name)).includes('ends'));
  const done = await waitUntil('frames', () => ended().length > 1 && ended());
  // What was seen to end is on disk when as many more are.
  await waitUntil('more frames', async () => ((await job(id)).tasks.done ?? 0) >= done.length + slots);
  return { id, project, done };
}

const linesOf = (path: string) => (existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n') : []);

export const left = (): Left => JSON.parse(readFileSync(note, 'utf8')) as Left;

/** All frames in the end, and those that were done were not run again. */
async function expectDone({ id, project, done }: Frames): Promise<void> {
  await rayctl('wait', String(id));
  const all = Array.from({ length: frames }, (_, at) => linesOf(join(project, `frame.${at + 1}`)).at(-1));
  expect(all).to.deep.equal(Array(frames).fill('ends'));
  for (const name of done) expect(linesOf(join(project, name)), name).to.deep.equal(['begins', 'ends']);
}

/** It was mounted before the daemon looked. */
export async function expectLateIsDone(): Promise<void> {
  const { late } = left();
  expect((await job(late.id)).tasks.failed).to.equal(0);
  await expectDone(late);
}

/** It says what is missing, loses nothing, and goes on when that is there. */
export async function expectAbsentIsDone(): Promise<void> {
  const { absent: film } = left();
  const { state, reason } = await waitUntil('a reason', async () => {
    const view = await job(film.id);
    return view.reason !== null && view;
  });
  expect(reason).to.include(film.project);
  root('mount', absent);
  if (state === 'failed') await rayctl('retry', String(film.id));
  await expectDone(film);
}
