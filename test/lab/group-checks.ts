import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'chai';
import type { JobView } from '../../src/protocol/api.ts';
import * as farm from './group-farm.ts';
import type { Name } from './group-names.ts';
import { attempt, until } from './machine.ts';

/** What limits and shares of whole simulations come to, on a kernel of our own. Each check has a line, as in checks.ts. */
async function check(name: Name, deed: () => Promise<void>): Promise<void> {
  const before = performance.now();
  const why = await attempt(name, deed);
  const seconds = ((performance.now() - before) / 1000).toFixed(1);
  console.log(why === null ? `ok ${name} (${seconds} s)` : `not ok ${name}: ${why}`);
}

const all = ['cpu', 'memory', 'pids'];
const settings = 'slots: 4\nretries: 1\nlimits.memory: 48 MB\nlimits.processes: 40\n';
/** How long shares are measured, ms. */
const LONG = 2000;

/** Takes so many MB, says so by a file, and waits. */
const takes = (megabytes: number) =>
  `perl -e '$x .= "x" x 1000000 for 1..${megabytes}; open F, ">taken.$$"; close F; sleep 1000'`;
const spins = (word: string) => `sh -c 'while :; do :; done' spin-${word}`;

async function cancel(...ids: readonly number[]): Promise<void> {
  for (const id of ids) await farm.client.cancel(id);
  for (const id of ids) await farm.over(id);
}

/** What one with eight busy processes gets, each in a session of its own, for what one with a single one gets. */
async function shares(used: (pids: readonly number[]) => number): Promise<number> {
  const script = `for n in 1 2 3 4 5 6 7; do setsid ${spins('many')} & done; exec ${spins('many')}`;
  const ids = [await farm.begin('many', script), await farm.begin('one', `exec ${spins('one')}`)];
  const [many = [], one = []] = await until('all that spin', () => {
    // The shells that start them have the word, too.
    const found = ['spin-many', 'spin-one'].map((word) => farm.called(word).filter((pid) => farm.timeOf(pid) > 0));
    return found[0]?.length === 8 && found[1]?.length === 1 && found;
  });
  const before = [used(many), used(one)] as const;
  await pause(LONG);
  const [a, b] = [used(many) - before[0], used(one) - before[1]];
  console.log(`# processor time in ${LONG / 1000} s: ${a.toFixed(2)} s and ${b.toFixed(2)} s`);
  await cancel(...ids);
  return a / b;
}

/** One that needs more memory with all its processes than it may have, when it has ended. */
async function tooMuch(): Promise<JobView> {
  const ended = await farm.over(await farm.begin('large', `${takes(20)} & ${takes(20)} & ${takes(20)} & wait`));
  expect(ended.reason).to.equal('It was ended because it needed more memory than 48 MB (setting "limits.memory").');
  expect(ended.state).to.equal('failed');
  return ended;
}

async function memoryTogether(): Promise<void> {
  const neighbour = await farm.begin('small', takes(20));
  await until('the neighbour', () => farm.files('small', 'taken').length === 1);
  const ended = await tooMuch();
  // Tried again as often as anything that fails.
  const { tasks } = await farm.client.tasks(ended.id);
  expect(tasks.map(({ attempts }) => attempts)).to.deep.equal([2]);
  expect((await farm.client.job(neighbour)).state).to.equal('running');
  await cancel(neighbour);
}

async function memoryApart(): Promise<void> {
  const id = await farm.begin('large', `${takes(20)} & ${takes(20)} & ${takes(20)} & wait`);
  await until('all three', () => farm.files('large', 'taken').length === 3);
  await cancel(id);
  const ended = await farm.over(await farm.begin('huge', `exec ${takes(60)}`));
  expect(ended.state).to.equal('failed');
  expect(ended.reason).to.match(/^perl|^sh/);
}

async function planning(): Promise<void> {
  const path = farm.makeProject('scene', {
    'hog.rad': `!${takes(20)} & ${takes(20)} & ${takes(20)} & wait\n`,
    'hog.rif': 'scene= hog.rad\nOCTREE= hog.oct\nPICTURE= hog\nview= here -vp 0 0 0 -vd 1 0 0\n',
  });
  const refused = farm.client.submit({ kind: 'radiance', project: { path }, rif: 'hog.rif' });
  const why = await refused.then(
    () => 'not refused',
    (error: Error) => error.message,
  );
  expect(why).to.equal(
    'rad did not plan hog.rif. It was ended because it needed more memory than 48 MB (setting "limits.memory").',
  );
}

async function bomb(): Promise<void> {
  const bomb = await farm.begin(
    'bomb',
    `exec perl -e '$n = 0; while (defined($p = fork)) { if (!$p) { sleep 1000; exit } last if ++$n > 200 }
      open F, ">forking"; print F $n; close F; rename "forking", "forked"; sleep 1000'`,
  );
  await until('the end of forking', () => farm.files('bomb', 'forked').length === 1);
  expect(Number(farm.textOf('bomb', 'forked'))).to.equal(39);
  const script = 'for n in 1 2 3 4 5 6 7 8 9 10; do sleep 1 & done; wait; exec ls';
  // One that shares its cell, and one that does not.
  const { path } = (await farm.client.job(bomb)).project;
  for (const project of [path, farm.makeProject('other', {})])
    expect((await farm.over(await farm.begin('other', script, project))).reason).to.equal(null);
  expect((await farm.client.job(bomb)).state).to.equal('running');
  await cancel(bomb);
}

async function pausedAndCancelled(): Promise<void> {
  const id = await farm.begin('rests', `setsid ${spins('rests')} & exec ${spins('rests')}`);
  const busy = () => farm.called('spin-rests').filter((pid) => farm.timeOf(pid) > 0);
  const pids = await until('both', () => busy().length === 2 && busy());
  await farm.client.pause(id);
  await until('both to stand still', () => pids.every(farm.isStopped));
  const used = () => pids.map(farm.timeOf);
  const before = used();
  await farm.client.resume(id);
  await until('them to go on', () => used().every((time, at) => time > (before[at] ?? 0)));
  await cancel(id);
  await until('its end', () => farm.called('spin-rests').length === 0);
}

async function nextSpawner(): Promise<void> {
  const first = farm.processOf('spawner') ?? 0;
  process.kill(first, 'SIGKILL');
  await until('its end', () => farm.processOf('spawner') !== first);
  await memoryTogether();
  expect(farm.processOf('spawner')).to.not.equal(null);
  const [, uses] = await farm.containment();
  expect(uses?.level).to.equal('ok');
}

async function divided(): Promise<void> {
  const divides = `g=${farm.top}$(sed s/0::// /proc/self/cgroup)
    mkdir $g/one && echo 0 >$g/one/cgroup.procs && echo +pids >$g/cgroup.subtree_control`;
  expect((await farm.over(await farm.begin('divides', divides))).reason).to.equal(null);
  await tooMuch();
  await farm.begin('divides', `${divides} && echo >divided && exec sleep 1000`);
  await until('its groups', () => farm.files('divides', 'divided').length === 1);
  await nothingIsLeft();
}

async function nothingIsLeft(): Promise<void> {
  await farm.endProcwrap();
  expect(farm.groups()).to.deep.equal([]);
  expect(readFileSync(join(farm.group, 'cgroup.subtree_control'), 'utf8').trim()).to.equal('');
}

farm.addCells();
await farm.startFarm('marked', all, settings);
await check(
  'delegated: procwrap and its spawner leave their group, and doctor says what simulations are held to',
  async () => {
    const places = (['procwrap', 'spawner'] as const).map((name) => farm.groupOf(farm.processOf(name) ?? 0));
    const own = join(farm.group, 'rayserver-own');
    expect(places).to.deep.equal([own, own]);
    const [sees, uses] = await farm.containment();
    expect(sees?.says).to.match(/^Simulations run in cells/);
    expect(uses).to.deep.include({
      level: 'ok',
      says: 'Memory, processes and processor time are limited for each simulation as a whole (control groups).',
    });
    // Nobody has asked for it.
    expect(readFileSync(join(farm.group, 'cgroup.subtree_control'), 'utf8').trim()).to.equal('cpu pids');
  },
);
await check(
  'delegated: who needs more memory with all its processes than it may have ends with the reason, its neighbour lives',
  memoryTogether,
);
if (existsSync('/rayserver/.radiance/bin/rad'))
  await check('delegated: a scene that needs too much while it is planned is refused with the reason', planning);
await check('delegated: a fork bomb comes to its own limit, and its neighbour can fork', bomb);
await check('delegated: a simulation gets as much processor time as another one, whatever it starts', async () => {
  expect(await shares((pids) => farm.usage(farm.groupOf(pids[0] ?? 0)))).to.be.within(1 / 2, 2);
});
await check('delegated: a paused simulation stands still, and a cancelled one leaves nothing', pausedAndCancelled);
await check('delegated: when the spawner was killed, the next one limits as before', nextSpawner);
await check('delegated: nothing of it is left at the end', nothingIsLeft);
await farm.endFarm();

await check('delegated: a limit does not hold for the next one where its program could not be started', async () => {
  const { said, next } = farm.spawnerAlone('marked', all);
  expect(said[1]).to.equal(String(2 ** 25));
  expect(next).to.equal('max');
});
await check('without the controller memory: doctor says so, and the rest holds', async () => {
  const { exit, said, says } = farm.spawnerAlone('marked', ['cpu', 'pids']);
  expect(exit).to.equal(0);
  expect(says).to.equal(
    'Simulations are not limited as a whole: "limits.memory" holds for each process only. ' +
      `The control group ${farm.group} has no controller memory.`,
  );
  const [, memory, processes] = said;
  expect(memory).to.equal(String(2 ** 25));
  // Counted in its group, not by its user.
  expect(Number(processes)).to.be.greaterThan(1000);
});
await check('without the right to switch controllers on: doctor says so, and simulations run', async () => {
  const { exit, said, says } = farm.spawnerAlone('owned', all);
  expect(exit).to.equal(0);
  expect(says).to.match(/The controllers of the control group \S+ cannot be switched on: permission denied\.$/);
  const [group, memory, processes] = said;
  expect(group).to.match(/\/rayserver-\w+-\w+\/\d+$/);
  expect(memory).to.equal(String(2 ** 25));
  expect(Number(processes)).to.be.within(40, 1000);
});

await farm.startFarm('kept', all, settings);
await check('not delegated: doctor says so', async () => {
  const [, uses] = await farm.containment();
  expect(uses?.says).to.equal(
    'Simulations are not limited as a whole: one that starts many processes gets more processor time than others; ' +
      '"limits.processes" holds for all of them together; "limits.memory" holds for each process only. ' +
      `The control group ${farm.group} is not delegated to procwrap's user.`,
  );
});
// Without these the checks above would prove nothing.
await check('not delegated: a simulation gets the processor time of all that it starts', async () => {
  expect(await shares((pids) => pids.reduce((sum, pid) => sum + farm.timeOf(pid), 0))).to.be.greaterThan(4);
});
await check('not delegated: each process is held to the memory, all together are not', memoryApart);
await farm.endFarm();

await farm.startFarm('marked', all, `${settings}sandbox.mode: off\n`);
await check(
  'without cells: groups that a simulation has made in its own are removed with it, and the next one is limited as before',
  divided,
);
await farm.endFarm();
