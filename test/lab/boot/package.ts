import { appendFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { waitUntil } from '../../support/wait-until.ts';
import * as guest from './guest.ts';
import { packageOf, settle } from './install.ts';
import type { packaged } from './names.ts';
import * as simulations from './simulations.ts';

/** The package in a Debian that never saw it: it comes, is renewed, goes, comes back, and leaves nothing. */

const note = '/var/lib/lab-package';
const isSystemd = existsSync('/run/systemd/system');
const check = (name: (typeof packaged)[number], deed: () => unknown) =>
  guest.check(name, deed, async () => (existsSync(guest.log) ? guest.root('tail', '-n', '40', guest.log) : ''));

const dpkg = (...words: string[]) => guest.root('dpkg', ...words);
const field = (name: string) => dpkg('--status', 'rayserver').match(new RegExp(`^${name}: (.*)$`, 'm'))?.[1];

/** Not looked at: what a machine changes anyway, what the lab has laid there, and who is who. */
const others = [
  '/(proc|sys|run|tmp|dev|lab|rayserver|node|root|home|srv)/',
  '/var/(cache|log|lib/(dpkg|lab|systemd))',
  '/var/lib/rayserver-observer',
  '/etc/(group|passwd|shadow|gshadow|subuid|subgid)',
];

const everything = () => guest.root('sh', '-c', `find / -xdev | grep -Ev '^(${others.join('|')})' | sort`).split('\n');

interface Left {
  readonly before: string[];
  readonly slow: simulations.Slow;
}

async function first(): Promise<void> {
  const before = everything();
  await check('it is installed, and serves', async () => {
    dpkg('--install', packageOf(1));
    await waitUntil('it to serve', guest.serves);
    for (const kind of ['server', 'procwrap'] as const) await guest.expectDropped(await guest.pidOf(kind));
    expect((await guest.attempt('/etc/init.d/rayserver', 'status')).status).to.equal(0);
    const bytes = dpkg('--field', packageOf(1), 'Installed-Size');
    guest.tell(`installed, the package takes ${(Number(bytes) / 1024).toFixed(0)} MB`);
  });
  settle();
  if (isSystemd) guest.root('systemctl', 'restart', 'rayserver');
  else guest.root('/etc/init.d/rayserver', 'restart');
  const slow = await simulations.slowPicture(guest.makeProject('upgrade'));
  await check('an upgrade keeps settings and state, and simulations run on', async () => {
    const [server, procwrap] = [await guest.pidOf('server'), await guest.pidOf('procwrap')];
    appendFileSync(guest.defaults, '# ours\n');
    const token = readFileSync(`${guest.home}/config/token`, 'utf8');
    dpkg('--install', packageOf(2));
    await waitUntil('the new server', async () => guest.processes('server').some((pid) => pid !== server));
    await waitUntil('it to serve', guest.serves);
    expect(await guest.pidOf('procwrap')).to.equal(procwrap);
    await simulations.expectRunsOn(slow);
    expect([field('Status'), field('Version')?.slice(-2)]).to.deep.equal(['install ok installed', '-2']);
    expect(readFileSync(guest.defaults, 'utf8')).to.match(/# ours\n$/);
    expect(readFileSync(`${guest.home}/config/token`, 'utf8')).to.equal(token);
    expect(readFileSync(`${guest.home}/config/rayserver.yaml`, 'utf8')).to.match(/slots: 6/);
  });
  await check(
    'removing it ends simulations when their ambient file is free, and keeps settings and state',
    async () => {
      await simulations.observe(slow);
      dpkg('--remove', 'rayserver');
      await simulations.expectEndedUnderLock(slow.project);
      for (const kind of ['server', 'procwrap'] as const) expect(guest.processes(kind)).to.deep.equal([]);
      expect(field('Status')).to.equal('deinstall ok config-files');
      expect(readFileSync(guest.defaults, 'utf8')).to.match(/# ours\n$/);
      expect(readdirSync(guest.home)).to.include.members(['config', 'state', 'srvlogs']);
      for (const path of ['/usr/lib/rayserver', '/usr/bin/rayserver']) expect(existsSync(path), path).to.equal(false);
    },
  );
  writeFileSync(note, JSON.stringify({ before, slow } satisfies Left));
}

async function second(): Promise<void> {
  const { before, slow } = JSON.parse(readFileSync(note, 'utf8')) as Left;
  await check('a machine from which it was removed comes up without complaint', async () => {
    if (isSystemd) expect(guest.root('systemctl', '--failed', '--no-legend', '--plain')).to.equal('');
    else expect((await guest.attempt('/etc/init.d/rayserver', 'status')).status).to.equal(3);
  });
  await check('installed again, it goes on where it was', async () => {
    dpkg('--install', packageOf(2));
    await waitUntil('it to serve', guest.serves);
    await simulations.expectGoesOn(slow);
  });
  await check('purging it leaves projects, and nothing of its own', async () => {
    const work = join(guest.home, 'somebody', 'work');
    guest.root('mkdir', '-p', work);
    dpkg('--purge', 'rayserver');
    const after = new Set(everything());
    const known = new Set(before);
    const more = [guest.home, join(guest.home, 'somebody'), work];
    expect([...after].filter((path) => !known.has(path))).to.deep.equal(more);
    expect(before.filter((path) => !after.has(path))).to.deep.equal([]);
    expect(existsSync(join(slow.project, 'logfiles/room.door.log'))).to.equal(true);
    for (const kind of ['server', 'procwrap'] as const) expect(guest.processes(kind)).to.deep.equal([]);
  });
  await check('purging it leaves not even its home where nobody has put anything', async () => {
    dpkg('--install', packageOf(2));
    await waitUntil('it to serve', guest.serves);
    guest.root('rm', '-r', join(guest.home, 'somebody'));
    dpkg('--purge', 'rayserver');
    const known = new Set(before);
    expect(everything().filter((path) => !known.has(path))).to.deep.equal([]);
  });
}

if (guest.boot === 1) await first();
else if (guest.boot === 2) await second();
process.exit(guest.boot === 1 ? guest.rebootPlease : 0);
