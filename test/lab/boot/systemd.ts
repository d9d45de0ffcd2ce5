import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { expect } from 'chai';
import { waitUntil } from '../../support/wait-until.ts';
import * as guest from './guest.ts';
import { install, settle } from './install.ts';
import * as reboot from './reboot.ts';
import * as simulations from './simulations.ts';
import { examples } from './systemd-examples.ts';
import { running } from './systemd-running.ts';
import { troubles } from './systemd-troubles.ts';
import { check, error, isActive, journal, must, now, says, services, show, units } from './units.ts';

/** The units, as systemd runs them. */

async function comingUp(): Promise<void> {
  await check('it comes up with the machine, and is ready when it serves', async () => {
    await waitUntil('its readiness', () => show('rayserver.service', 'SubState') === 'running');
    expect(await guest.serves()).to.equal(true);
    for (const unit of units.slice(0, 3)) expect(isActive(unit), unit).to.equal(true);
    const boot = Number(guest.root('systemctl', 'show', '--property', 'UserspaceTimestampMonotonic', '--value'));
    const at = (property: string) => Number(show('rayserver.service', property));
    const ready = at('ActiveEnterTimestampMonotonic');
    const own = ready - at('InactiveExitTimestampMonotonic');
    guest.tell(
      `systemd: ${((ready - boot) / 1e6).toFixed(2)} s from its start to serving, ${own / 1e6} s of them ours`,
    );
  });
  await check('no unit has failed, and systemd-analyze verify has nothing to say', async () => {
    expect(guest.root('systemctl', '--failed', '--no-legend', '--plain')).to.equal('');
    const { status, stdout, stderr } = await guest.attempt('systemd-analyze', 'verify', '--man=no', ...units);
    expect({ status, said: stdout + stderr }).to.deep.equal({ status: 0, said: '' });
    const { stdout: overall } = await guest.attempt('systemd-analyze', 'security', '--no-pager', 'rayserver.service');
    guest.tell(overall.trim().split('\n').at(-1)?.replace(/^\S+ /, '') ?? '');
  });
  await check('nothing of root is left in any thread', async () => {
    for (const kind of ['server', 'procwrap'] as const) {
      const pid = await guest.pidOf(kind);
      await guest.expectDropped(pid);
      for (const thread of guest.threadsOf(pid)) expect(thread['NoNewPrivs']).to.equal('1');
    }
  });
  await check('systemd is told what runs, and that is contained', async () => {
    await waitUntil('a status', () => show('rayserver.service', 'StatusText') === '0 running, 0 queued');
    const slow = await simulations.slowPicture(guest.makeProject('status'));
    await waitUntil('the status', () => show('rayserver.service', 'StatusText').startsWith('1 running, '));
    simulations.expectContained(slow, await guest.pidOf('procwrap'));
    await simulations.cancel(slow.id);
    await waitUntil('the status', () => show('rayserver.service', 'StatusText') === '0 running, 0 queued');
  });
  await check('the journal has what the log has, warnings as warnings', async () => {
    const started = journal('rayserver.service').map((entry) => entry.text);
    expect(started).to.include('render_server: Async Rayfront Server started on port 9182');
    expect(started.filter((text) => /^Rayserver \d+ running\.$/.test(text))).to.have.length(1);
    const since = now();
    writeFileSync(`${guest.home}/config/hosts`, 'nonsense\n');
    await must('reload', 'rayserver.service');
    const { text, priority } = await says('rayserver.service', /hosts:1: /, since);
    expect(priority).to.equal(error);
    expect(readFileSync(guest.log, 'utf8')).to.include(text);
    rmSync(`${guest.home}/config/hosts`);
    await must('reload', 'rayserver.service');
    expect(
      journal('rayserver-procwrap.service')
        .map((entry) => entry.text)
        .join('\n'),
    ).to.match(/procwrap lab: started/);
  });
}

async function second(): Promise<void> {
  const { slow } = reboot.left();
  await check('going down ends simulations before anybody is signalled', () =>
    simulations.expectEndedUnderLock(slow.project),
  );
  await check('after the reboot a job goes on where it was', () => simulations.expectGoesOn(slow));
  await check('a project whose file system is mounted late is waited for', async () => {
    const entered = (unit: string) => Number(show(unit, 'InactiveExitTimestampMonotonic'));
    for (const unit of services) expect(entered(unit)).to.be.greaterThan(entered('lab-slowly.service') + 2e6);
    await reboot.expectLateIsDone();
  });
  await check(
    'a project that is not mounted is said to be missing, and its job goes on by itself when it is there',
    () => reboot.expectAbsentIsDone(),
  );
}

if (guest.boot === 0) {
  install();
  settle();
} else if (guest.boot === 1) {
  await comingUp();
  await troubles();
  await examples();
  await running();
} else await second();
process.exit(guest.boot === 1 ? guest.rebootPlease : 0);
