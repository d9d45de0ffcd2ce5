import { once } from 'node:events';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { expect } from 'chai';
import { isAlive } from '../../support/program.ts';
import { waitUntil } from '../../support/wait-until.ts';
import * as guest from './guest.ts';
import { install, settle } from './install.ts';
import type { sysv } from './names.ts';
import * as reboot from './reboot.ts';
import * as simulations from './simulations.ts';
import { stranger } from './stranger.ts';

/** The init script, called by sysvinit and as an administrator calls it. */

const script = '/etc/init.d/rayserver';
const pidFile = '/run/rayserver.pid';
const check = (name: (typeof sysv)[number], deed: () => unknown) =>
  guest.check(name, deed, async () => {
    const told = guest.root('tail', '-n', '40', guest.log);
    await init('start');
    await guest.cancelAll();
    return told;
  });

/** Exit status, and what was said. */
async function init(action: string, shell = '/bin/sh'): Promise<{ status: number | null; said: string }> {
  const { status, stdout, stderr } = await guest.attempt(...shell.split(' '), script, ...action.split(' '));
  return { status, said: stdout + stderr };
}

async function expectStatus(action: string, status: number, shell?: string): Promise<string> {
  const ended = await init(action, shell);
  expect(ended.status, `${action}: ${ended.said}`).to.equal(status);
  return ended.said;
}

const server = () => guest.pidOf('server');
const noServer = () => expect(guest.processes('server')).to.deep.equal([]);

async function first(): Promise<void> {
  await check('it comes up with the machine', async () => {
    expect(await guest.serves()).to.equal(true);
    const seconds = guest.sinceBoot(guest.modified(pidFile)).toFixed(2);
    guest.tell(`sysvinit: ${seconds} s from the start of process 1 to serving`);
    await expectStatus('status', 0);
  });
  await check('nothing of root is left in any thread, nor the way to process 1', async () => {
    const environment = (pid: number) => readFileSync(`/proc/${pid}/environ`, 'utf8');
    expect(environment(1)).to.match(/NOTIFY_SOCKET=/);
    for (const kind of ['server', 'procwrap'] as const) {
      const pid = await guest.pidOf(kind);
      await guest.expectDropped(pid);
      expect(environment(pid)).not.to.match(/NOTIFY_SOCKET/);
    }
  });
  await check('start of what runs changes nothing', async () => {
    const before = await server();
    expect(await expectStatus('start', 0)).to.include(`is running already, pid ${before}`);
    expect(await server()).to.equal(before);
  });
  await check('its answers have the numbers of LSB', numbers);
  await check('a pid file that nobody removed is known for what it is', stale);
  await check('reload opens the log anew', async () => {
    renameSync(guest.log, `${guest.log}.1`);
    await expectStatus('reload', 0);
    await guest.logsAnew();
  });
  await check('logrotate puts a log aside, and a new one is begun', async () => {
    guest.root('logrotate', '--force', '/etc/logrotate.d/rayserver');
    expect(readFileSync(guest.rotatedLog, 'utf8')).to.match(/caught signal 1/);
    await guest.logsAnew();
  });
  await check('a port that somebody else has is a failed start, whoever answers there', async () => {
    await expectStatus('stop', 0);
    const other = await stranger();
    await guest.withDefaults('RAYSERVER_RETRY_SECONDS=0', async () => {
      expect(await expectStatus('start', 1)).to.include('Address already in use');
    });
    noServer();
    await expectStatus('status', 3);
    other.kill();
    await once(other, 'exit');
    await expectStatus('start', 0);
  });
  await check('a user who does not exist is a program that is not configured', async () => {
    await expectStatus('stop', 0);
    await guest.withDefaults('RAYSERVER_USER=nemo', async () => {
      expect(await expectStatus('start', 6)).to.include('User name "nemo" not found.');
    });
    noServer();
    await expectStatus('start', 0);
  });
  await check('the shell of busybox does as well', async () => {
    const shell = 'busybox sh';
    // Where busybox is all there is, there are no functions of LSB either.
    const functions = '/lib/lsb/init-functions';
    renameSync(functions, `${functions}.away`);
    try {
      await expectStatus('status', 0, shell);
      await expectStatus('stop', 0, shell);
      await expectStatus('status', 3, shell);
      await expectStatus('start', 0, shell);
      const said = await expectStatus('restart', 0, shell);
      expect(said).to.match(/^Stopping lighting .*: rayserver\.\nStarting lighting .*: rayserver\.\n$/);
    } finally {
      renameSync(`${functions}.away`, functions);
    }
  });
  await running();
}

async function numbers(): Promise<void> {
  for (const action of ['', 'stopp', 'start now']) await expectStatus(action, 2);
  for (const action of ['start', 'stop', 'restart', 'reload']) {
    const asAnna = await guest.attempt('runuser', '-u', 'anna', '--', script, action);
    expect(asAnna.status, action).to.equal(4);
  }
  expect((await guest.attempt('runuser', '-u', 'anna', '--', script, 'status')).status).to.equal(0);
  await expectStatus('stop', 0);
  await expectStatus('stop', 0);
  await expectStatus('status', 3);
  await expectStatus('reload', 7);
  await expectStatus('try-restart', 0);
  noServer();
  renameSync('/usr/bin/rayserver', '/usr/bin/rayserver.away');
  await expectStatus('start', 5);
  await expectStatus('stop', 0);
  renameSync('/usr/bin/rayserver.away', '/usr/bin/rayserver');
  await expectStatus('force-reload', 0);
  await expectStatus('status', 0);
  await expectStatus('try-restart', 0);
}

async function stale(): Promise<void> {
  process.kill(await server(), 'SIGKILL');
  await waitUntil('its end', () => guest.processes('server').length === 0);
  await expectStatus('status', 1);
  // By now the number may be anybody's.
  for (const other of [String(process.pid), '1', '', 'nonsense', '999999']) {
    writeFileSync(pidFile, other);
    await expectStatus('stop', 0);
    expect(existsSync(pidFile)).to.equal(false);
  }
  writeFileSync(pidFile, `${process.pid}\n`);
  await expectStatus('status', 1);
  await expectStatus('start', 0);
  expect(Number(readFileSync(pidFile, 'utf8'))).to.equal(await server());
}

/** With simulations, the last of which is there when the machine goes down. */
async function running(): Promise<void> {
  await check('a simulation is contained, and goes on through a stop and a start', async () => {
    const slow = await simulations.slowPicture(guest.makeProject('stop'));
    simulations.expectContained(slow, await guest.pidOf('procwrap'));
    await expectStatus('stop', 0);
    expect(isAlive(slow.pid)).to.equal(true);
    await expectStatus('start', 0);
    await simulations.expectRunsOn(slow);
    await simulations.cancel(slow.id);
  });
  await check('a simulation goes on through a restart, and through a server that is killed', async () => {
    const slow = await simulations.slowPicture(guest.makeProject('restart'));
    await expectStatus('restart', 0);
    await simulations.expectRunsOn(slow);
    process.kill(await server(), 'SIGKILL');
    await waitUntil('its end', () => guest.processes('server').length === 0);
    await expectStatus('start', 0);
    await simulations.expectRunsOn(slow);
    await simulations.cancel(slow.id);
  });
  await check('force-stop ends simulations when their ambient file is free, and start goes on with them', async () => {
    const slow = await simulations.slowPicture(guest.makeProject('force-stop'));
    await simulations.observe(slow);
    await expectStatus('force-stop', 0);
    await simulations.expectEndedUnderLock(slow.project);
    expect(guest.processes('procwrap')).to.deep.equal([]);
    await expectStatus('start', 0);
    await simulations.expectGoesOn(slow);
  });
  await reboot.leave('defaults');
}

async function second(): Promise<void> {
  const { slow } = reboot.left();
  await check('going down ends simulations before init signals anybody', () =>
    simulations.expectEndedUnderLock(slow.project),
  );
  await check('after the reboot a job goes on where it was', () => simulations.expectGoesOn(slow));
  await check('a project on a file system that is mounted at boot goes on', reboot.expectLateIsDone);
  await check(
    'a project that is not mounted is said to be missing, and its job goes on by itself when it is there',
    () => reboot.expectAbsentIsDone(),
  );
}

if (guest.boot === 0) {
  install();
  settle();
} else if (guest.boot === 1) await first();
else await second();
process.exit(guest.boot === 1 ? guest.rebootPlease : 0);
