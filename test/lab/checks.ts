import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { apart, apartAtOnce, makeScene, sharedByFarms } from './daemons.ts';
import { asRay, asRoot, attempt, flag, flagged, host, mount, startAsRay, together } from './machine.ts';
import type { Name } from './names.ts';
import { found, halfWritten, makeProject, sharing } from './sharing.ts';

/**
 * The matrix, on both clients at once: what holds on which mount. Each check has a line of its own, `ok NAME` or
 * `not ok NAME: WHY`, of which nfs.test.ts makes a test.
 */
const here = import.meta.dirname;
const lockChild = join(here, '../../src/bin/lock-probe.js');
const node = process.execPath;

/** What to look at: all, or those whose names hold these words; some need what those before them have made. */
const wanted = process.argv[2] ?? '';

async function check(name: Name, deed: (name: Name) => Promise<void>): Promise<void> {
  if (!name.includes(wanted)) return;
  const before = performance.now();
  const why = await attempt(name, () => deed(name));
  const seconds = ((performance.now() - before) / 1000).toFixed(1);
  console.log(why === null ? `ok ${name} (${seconds} s)` : `not ok ${name}: ${why}`);
  await together(`after ${name}`);
}

interface Answer {
  holds: boolean;
  why: string | null;
  mend: string | null;
  seconds: number;
}

async function ask(): Promise<Answer> {
  const { text } = await asRay(node, [join(here, 'ask.js'), '/mnt']);
  console.log(`# ${text.trim()}`);
  return JSON.parse(text) as Answer;
}

/** What c2 is told of a lock that c1 holds; the holder is killed at the end, and then c2 must get it, sooner or later. */
async function between(name: string, expected: 'refused' | 'obtained'): Promise<void> {
  const file = `lock.${name.replaceAll(/\W/g, '-')}`;
  const tried = async () => (await asRay(node, [lockChild, 'try', '/mnt', file])).text.split('\n')[1];
  if (host === 'c1') {
    const holder = startAsRay(node, [lockChild, 'hold', '/mnt', file], (line) => {
      if (line !== 'started') flag(`${file}.${line}`);
    });
    await flagged(`${file}.held`);
    await flagged(`${file}.tried`);
    await holder.kill();
    flag(`${file}.killed`);
    await flagged(`${file}.obtained`);
  } else {
    await flagged(`${file}.held`);
    const first = await tried();
    flag(`${file}.tried`);
    await flagged(`${file}.killed`);
    // The client's kernel may tell the server later that nobody has it any more.
    for (let again = await tried(); again !== 'obtained'; again = await tried()) expect(again).to.equal('refused');
    flag(`${file}.obtained`);
    expect(first).to.equal(expected);
  }
}

/** Both hosts probe in one directory, each with a file of its own. */
async function nothingIsLeft(name: Name): Promise<void> {
  await together(`probed ${name}`);
  expect(readdirSync('/mnt').filter((file) => file.startsWith('.rayserver-locks'))).to.deep.equal([]);
}

const hasRadiance = existsSync('/rayserver/.radiance/bin/rpict');

mount('vers=3');
await check('NFS 3, server without rpc.statd: the probe says so in time, and leaves nothing', async (name) => {
  const { holds, why, mend, seconds } = await ask();
  expect(holds).to.equal(false);
  expect(why).to.equal(
    'File locks on /mnt (nfs) do not answer: rpc.statd does probably not run, here or on the NFS server srv.',
  );
  expect(mend).to.equal('sudo systemctl restart rpc-statd; ssh srv sudo systemctl restart rpc-statd');
  // Two processes one after another, each of which has 30 s to start and 5 s to answer.
  expect(seconds).to.be.lessThan(75);
  await nothingIsLeft(name);
});
flag('srv.statd');
await flagged('srv.locks');

for (const version of ['3', '4.2'] as const) {
  const name = `NFS ${version}` as const;
  mount(`vers=${version}`);
  await check(`${name}: the probe says that locks hold, and leaves nothing`, async (check) => {
    expect(await ask()).to.deep.include({ holds: true, why: null });
    await nothingIsLeft(check);
  });
  await check(`${name}: what one host holds another one is refused, until the holder is killed`, () =>
    between(name, 'refused'),
  );
  if (!hasRadiance) continue;
  const project = await makeProject(version);
  await check(`${name}: rpict on both hosts shares an ambient file through the gate`, () => sharing(project));
  await check(`${name}: bare rpict cuts off what another host is writing; the gate waits`, () => halfWritten(project));
  const scene = await makeScene(`scene-${version}`);
  await check(`${name}: rpict of two daemons shares an ambient file, while one of them is killed`, () =>
    sharedByFarms(scene),
  );
  mount(`vers=${version},actimeo=600`);
  const fresh = await makeProject(`fresh-${version}`);
  await check(`${name}: what rpict of one host has made another host finds`, () => found(fresh));
}

for (const option of ['nolock', 'local_lock=posix'] as const) {
  const name = `NFS 3 with ${option}` as const;
  mount(`vers=3,${option}`);
  await check(`${name}: the probe refuses it, and says what to change`, async () => {
    const { holds, why, mend } = await ask();
    expect(holds).to.equal(false);
    expect(why).to.include(`is mounted with ${option}: `);
    expect(mend).to.match(/^sudo sed /);
  });
  // Without this the refusal above would prove nothing.
  await check(`${name}: two hosts do get the same lock`, () => between(name, 'obtained'));
  if (!hasRadiance) continue;
  const scene = await makeScene(`scene-${option}`);
  await check(`${name}: rpict of each host has a file of its own, merged afterwards`, () => apart(scene, option));
  // It is the same on both.
  if (name === 'NFS 3 with nolock')
    await check(`${name}: rpict of both at the same time leaves a sound file`, () => apartAtOnce(scene));
}
asRoot('umount', '/mnt');
