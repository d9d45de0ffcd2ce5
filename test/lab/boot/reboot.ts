import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { JobView } from '../../../src/protocol/api.ts';
import { waitUntil } from '../../support/wait-until.ts';
import { job, log, makeProject, rayctl, root } from './guest.ts';
import * as simulations from './simulations.ts';

/**
 * What is under way when the machine goes down, and what becomes of it. A bind mount stands for NFS, which a container
 * cannot mount: it is the init system's to mount in time, and one that is `noauto` is not there.
 */

interface Film {
  readonly id: number;
  readonly project: string;
}

interface Left {
  readonly slow: simulations.Slow;
  readonly late: Film;
  readonly absent: Film;
}

const note = '/var/lib/lab-left';
const [late, absent] = ['/srv/late', '/srv/absent'];
const [first, frames] = [4, 9];

/** A directory elsewhere, seen there. @param options - of fstab */
function mountable(at: string, options: string): void {
  const from = at.replace('/srv/', '/var/lib/lab-');
  for (const path of [at, from]) mkdirSync(path);
  appendFileSync('/etc/fstab', `${from} ${at} none bind,${options} 0 0\n`);
  root('mount', at);
}

/** @param options - of fstab, for the mount that is late */
export async function leave(options: string): Promise<void> {
  mountable(late, options);
  mountable(absent, 'noauto');
  const films = { late: await begin(late), absent: await begin(absent) };
  const slow = await simulations.slowPicture(makeProject('reboot'));
  const left: Left = { slow, ...films };
  await simulations.observe(slow);
  writeFileSync(note, JSON.stringify(left));
}

/** A job of frames, the first of which are done; the others wait for a word. */
async function begin(parent: string): Promise<Film> {
  const project = makeProject('film', parent);
  const waits = `until [ %d -le ${first} ] || [ -e go ]; do sleep .1; done`;
  const command = ['sh', '-c', `echo begins >>frame.%d; ${waits}; echo ends >>frame.%d`];
  const words = ['run', '--project', project, '--frames', `1-${frames}`, '--slots', '2', '--json', '--', ...command];
  const { id } = JSON.parse(await rayctl(...words)) as JobView;
  await waitUntil('the first frames', async () => {
    const { tasks } = await job(id);
    return tasks.done === first && tasks.running === 2;
  });
  return { id, project };
}

const linesOf = (path: string) => (existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n') : []);

export const left = (): Left => JSON.parse(readFileSync(note, 'utf8')) as Left;

/** All frames in the end, and those that were done were not run again. */
async function expectDone({ id, project }: Film): Promise<void> {
  writeFileSync(join(project, 'go'), '');
  await rayctl('wait', String(id));
  for (let frame = 1; frame <= frames; frame++) {
    const lines = linesOf(join(project, `frame.${frame}`));
    expect(lines.at(-1), `frame ${frame}`).to.equal('ends');
    if (frame <= first) expect(lines, `frame ${frame}`).to.deep.equal(['begins', 'ends']);
  }
}

/** It was mounted before the daemon looked. */
export async function expectLateIsDone(): Promise<void> {
  const film = left().late;
  await waitUntil('the others', async () => (await job(film.id)).tasks.running === 2);
  expect((await job(film.id)).tasks.failed).to.equal(0);
  await expectDone(film);
}

/** It says what is missing, loses nothing, and goes on by itself when that is there. */
export async function expectAbsentIsDone(): Promise<void> {
  const { absent: film } = left();
  const { state, reason, tasks } = await waitUntil('a reason', async () => {
    const view = await job(film.id);
    // The other one that was started may be still there.
    return view.reason !== null && view.tasks.running === 0 && view;
  });
  expect(reason).to.match(new RegExp(`^The project ${film.project} is not there\\. Mount it, `));
  expect({ state, ...tasks }).to.include({ state: 'running', done: first, waiting: frames - first, failed: 0 });
  root('mount', absent);
  await waitUntil('its frames', async () => (await job(film.id)).tasks.running === 2);
  await expectDone(film);
  expect((await job(film.id)).state).to.equal('done');
  const lines = readFileSync(log, 'utf8').split('\n');
  for (const says of [`jobs wait: ${reason}`, `the project ${film.project} is there again`])
    expect(lines.filter((line) => line.includes(says))).to.have.length(1);
}
