import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { begin, done, killFarm, startFarm, submit } from './farm.ts';
import { asRay, flag, flagged, host, startAsRay, together, until } from './machine.ts';
import { keptBy } from './seen.ts';
import { checked, look, node } from './sharing.ts';

/** Whole daemons, one on each host, of which each renders one view of a project that they share. */
const view = host === 'c1' ? 'door' : 'window';

const making = `
  umask 002 && cp -R --no-preserve=mode /rayserver/test/fixtures/room "$1" && cd "$1" && mkdir octrees ambfiles &&
  PATH=/rayserver/.radiance/bin:$PATH && oconv -f materials.rad room.rad >octrees/room.oct`;

/** With its octree: two daemons know nothing of each other, and would both make it. */
export async function makeScene(name: string): Promise<string> {
  const project = `/mnt/${name}`;
  if (host === 'c1') expect(await asRay('sh', ['-ec', making, 'sh', project])).to.deep.equal({ status: 0, text: '' });
  await together(`${name} is there`);
  return project;
}

/** c1 loses its daemon in the middle of its picture, while c2 renders. */
export async function sharedByFarms(project: string): Promise<void> {
  const called = (sign: string) => `${project.slice(5)}.${sign}`;
  const looks: string[] = [];
  startAsRay(node, [look, 'watch', project, `/share/flags/${called('over')}.${host}`], (line) => looks.push(line));
  await startFarm();
  if (host === 'c1') await flagged(called('window'));
  const job = begin(project, '--view', view, '--set', 'RESOLUTION=300', '--set', 'PENUMBRAS=T');
  const half = join(project, `images/room_${view}.unf`);
  await until('half a picture', () => {
    if (job.isOver()) throw new Error('the job was over before half a picture was seen');
    return existsSync(half) && statSync(half).size > 10_000;
  });
  await job.leave();
  flag(called(view));
  if (host === 'c1') {
    await killFarm();
    await startFarm();
  }
  const { notes } = await done();
  expect(notes.filter((note) => !/ The last \d+ bytes were cut off\.$/.test(note))).to.deep.equal([]);
  const log = logOf(project);
  expect(log).to.match(/ -af ambfiles\/room\.amb /);
  if (host === 'c1') expect(log).to.match(/^# goes on after scan line \d+ of /m);
  await together(called('done'));
  flag(`${called('over')}.${host}`);
  const seen = await until('what was seen', () => looks.at(-1) ?? false);
  console.log(`# ${seen}`);
  expect((JSON.parse(seen) as { problems: string[] }).problems).to.deep.equal([]);
  await together(called('seen'));
  expect(await checked(project)).to.be.greaterThan(500);
  expect(readdirSync(join(project, 'ambfiles')).sort()).to.deep.equal(['room.amb', 'room.amb.json']);
}

/** Where locks do not hold: c2 renders after c1, and adds to what it finds. */
export async function apart(project: string, option: string): Promise<void> {
  const called = (sign: string) => `${project.slice(5)}.${sign}`;
  await startFarm();
  await together(called('begun'));
  if (host === 'c2') await flagged(called('first'));
  const { notes } = await submit(project, '--view', view);
  expect(notes.join(' ')).to.match(new RegExp(`is mounted with ${option}: .* had an ambient file of its own: `));
  expect(logOf(project)).to.match(/ -af \/tmp\/rayserver-\w+\/own\.amb /);
  // What there is now is kept.
  await asRay(node, [look, 'watch', project, '/proc']);
  flag(called(host === 'c1' ? 'first' : 'second'));
  await flagged(called('second'));
  await checked(project);
  const [first = 0, second = 0] = ['c1', 'c2'].map((one) => statSync(keptBy(project, one)).size);
  expect(second).to.be.greaterThan(first);
}

/** Both at the same time: the one that is done later may take out what the other has added, but no more than that. */
export async function apartAtOnce(project: string): Promise<void> {
  await startFarm();
  await together(`${project.slice(5)}.begun again`);
  await submit(project, '--view', view, '--force');
  await together(`${project.slice(5)}.again`);
  const { text } = await asRay(node, [look, 'check', project]);
  console.log(`# ${text.trim()}`);
  expect(JSON.parse(text)).to.include({ is: 'sound' });
  expect(readdirSync(join(project, 'ambfiles')).sort()).to.deep.equal(['room.amb', 'room.amb.json']);
}

function logOf(project: string): string {
  return readFileSync(join(project, `logfiles/room.${view}.log`), 'utf8');
}
