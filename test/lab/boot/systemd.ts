import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { expect } from 'chai';
import { isAlive } from '../../support/program.ts';
import { waitUntil } from '../../support/wait-until.ts';
import * as guest from './guest.ts';
import { install, settle } from './install.ts';
import type { systemd } from './names.ts';
import * as reboot from './reboot.ts';
import * as simulations from './simulations.ts';

/** The units, as systemd runs them. */

const check = (name: (typeof systemd)[number], deed: () => unknown) =>
  guest.check(name, deed, async (since) => {
    const told = guest.root('journalctl', '--boot', '--since', `@${since}`, '--output', 'short-precise', '--no-pager');
    await must('start', 'rayserver.target');
    await waitUntil('it to serve', guest.serves);
    await guest.cancelAll();
    return told;
  });

const units = ['rayserver.service', 'rayserver-procwrap.service', 'rayserver.target', 'rayserver.socket'];

const show = (unit: string, property: string) =>
  guest.root('systemctl', 'show', unit, '--property', property, '--value');
const isActive = (unit: string) => show(unit, 'ActiveState') === 'active';
const systemctl = async (...words: string[]): Promise<number | null> =>
  (await guest.attempt('systemctl', ...words)).status;

async function must(...words: string[]): Promise<void> {
  // The checks start it more often than an administrator would.
  if (words[0]?.includes('start')) await systemctl('reset-failed');
  expect(await systemctl(...words), words.join(' ')).to.equal(0);
}

interface Entry {
  readonly text: string;
  readonly priority: number;
}

/** What the journal has of a unit since a moment, in seconds since 1970. */
function journal(unit: string, since = 0): Entry[] {
  const words = ['--boot', '--unit', unit, '--since', `@${since}`, '--output', 'json', '--no-pager', '--quiet'];
  return guest
    .root('journalctl', ...words)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as { MESSAGE: string; PRIORITY: string })
    .map((entry) => ({ text: entry.MESSAGE, priority: Number(entry.PRIORITY) }));
}

const says = (unit: string, text: string | RegExp, since: number) =>
  waitUntil(`${text} in the journal`, () => journal(unit, since).find((entry) => entry.text.match(text)));

const now = () => Date.now() / 1000;
const warning = 4;
const error = 3;

const example = (name: string) => readFileSync(`/rayserver/systemd/examples/${name}.conf`, 'utf8');
const services = units.slice(0, 2);

/** A drop-in for as long as the deed takes; the target is started anew before it. */
async function withDropIn(text: string, deed: () => Promise<void>, of: readonly string[] = services): Promise<void> {
  const directories = of.map((unit) => `/etc/systemd/system/${unit}.d`);
  for (const directory of directories) {
    mkdirSync(directory, { recursive: true });
    writeFileSync(`${directory}/lab.conf`, text);
  }
  await must('daemon-reload');
  try {
    await must('restart', 'rayserver.target');
    await waitUntil('it to serve', guest.serves);
    await deed();
  } finally {
    for (const directory of directories) rmSync(directory, { recursive: true });
    await must('daemon-reload');
    await must('restart', 'rayserver.target');
    await waitUntil('it to serve', guest.serves);
  }
}

/** It is started again by itself, as another process. */
async function comesBack(unit: string, before: number): Promise<void> {
  await waitUntil(`${unit} to come back`, () => {
    const pid = Number(show(unit, 'MainPID'));
    return isActive(unit) && pid !== 0 && pid !== before;
  });
  await waitUntil('it to serve', guest.serves);
}

async function stranger(): Promise<ChildProcess> {
  const listens = "require('net').createServer((s) => s.end()).listen(9182, '127.0.0.1', () => console.log('listens'))";
  const child = spawn(process.execPath, ['-e', listens], { stdio: ['ignore', 'pipe', 'inherit'] });
  if (child.stdout) await once(child.stdout, 'data');
  return child;
}

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
  await check('systemd is told what runs', async () => {
    expect(show('rayserver.service', 'StatusText')).to.equal('0 running, 0 queued');
    const slow = await simulations.slowPicture(guest.makeProject('status'));
    await waitUntil('the status', () => show('rayserver.service', 'StatusText').startsWith('1 running, '));
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

async function troubles(): Promise<void> {
  await check('reload opens the logs anew', async () => {
    renameSync(guest.log, `${guest.log}.1`);
    await must('reload', 'rayserver.service');
    await guest.logsAnew();
  });
  await check('logrotate puts a log aside, and a new one is begun', async () => {
    guest.root('logrotate', '--force', '/etc/logrotate.d/rayserver');
    expect(readFileSync(guest.rotatedLog, 'utf8')).to.match(/caught signal 1/);
    await guest.logsAnew();
  });
  await check('a port that somebody else has is a failed start, whoever answers there', async () => {
    await must('stop', 'rayserver.service');
    const other = await stranger();
    const since = now();
    await guest.withDefaults('RAYSERVER_RETRY_SECONDS=0', async () => {
      expect(await systemctl('start', 'rayserver.service')).to.equal(1);
      const { priority } = await says('rayserver.service', /Address already in use/, since);
      expect(priority).to.equal(error);
      other.kill();
      await comesBack('rayserver.service', 0);
    });
  });
  await check('a user who does not exist is a failed start', async () => {
    await must('stop', 'rayserver.service');
    const since = now();
    await guest.withDefaults('RAYSERVER_USER=nemo', async () => {
      expect(await systemctl('start', 'rayserver.service')).to.equal(1);
      expect((await says('rayserver.service', 'User name "nemo" not found.', since)).priority).to.equal(error);
    });
    await comesBack('rayserver.service', 0);
  });
  await check('without a log that can be written it serves, and the journal says so', async () => {
    await must('stop', 'rayserver.service');
    const logs = `${guest.home}/srvlogs`;
    guest.root('mount', '-t', 'tmpfs', '-o', 'ro', 'closed', logs);
    const since = now();
    try {
      await must('start', 'rayserver.service');
      const { priority } = await says('rayserver.service', /srvlogs/, since);
      expect(priority).to.be.at.most(warning);
      expect(await guest.serves()).to.equal(true);
    } finally {
      guest.root('umount', logs);
    }
    await must('restart', 'rayserver.service');
  });
  await check('a server that hangs is started anew', async () => {
    const watched = '[Service]\nWatchdogSec=2\n';
    await withDropIn(watched, async () => {
      const pid = await guest.pidOf('server');
      process.kill(pid, 'SIGSTOP');
      await comesBack('rayserver.service', pid);
      expect(show('rayserver.service', 'NRestarts')).to.equal('1');
    }, ['rayserver.service']);
  });
  await check('with User= it is never root, and simulations end in good order, too', () =>
    withDropIn(example('user'), async () => {
      for (const kind of ['server', 'procwrap'] as const) await guest.expectDropped(await guest.pidOf(kind));
      const slow = await simulations.slowPicture(guest.makeProject('user'));
      await simulations.observe(slow);
      await must('stop', 'rayserver.target');
      await simulations.expectEndedUnderLock(slow.project);
      await must('start', 'rayserver.target');
      await simulations.expectGoesOn(slow);
    }),
  );
  await check(
    'with its socket it comes when it is called, and keeps nobody waiting outside while it restarts',
    async () => {
      await must('stop', 'rayserver.target');
      await must('start', 'rayserver.socket');
      const called = withDropIn(example('socket'), async () => {
        await must('stop', 'rayserver.service');
        expect(guest.processes('server')).to.deep.equal([]);
        expect(await guest.rayctl('hosts')).to.match(/lab/);
        const before = await guest.pidOf('server');
        const [, told] = await Promise.all([must('restart', 'rayserver.service'), guest.rayctl('hosts')]);
        expect(told).to.match(/lab/);
        expect(await guest.pidOf('server')).not.to.equal(before);
      }, ['rayserver.service']);
      await called.finally(() => systemctl('stop', 'rayserver.socket'));
      await must('restart', 'rayserver.target');
      await waitUntil('it to serve', guest.serves);
    },
  );
}

async function running(): Promise<void> {
  await check('a simulation goes on through a restart, a stop and a start', async () => {
    const slow = await simulations.slowPicture(guest.makeProject('restart'));
    await must('restart', 'rayserver.service');
    await simulations.expectRunsOn(slow);
    await must('stop', 'rayserver.service');
    expect([isAlive(slow.pid), isActive('rayserver-procwrap.service')]).to.deep.equal([true, true]);
    await must('start', 'rayserver.service');
    await simulations.expectRunsOn(slow);
    await simulations.cancel(slow.id);
  });
  await check('a server that crashes or is killed comes back to its simulation', async () => {
    const slow = await simulations.slowPicture(guest.makeProject('crash'));
    for (const signal of ['SIGSEGV', 'SIGKILL'] as const) {
      const pid = await guest.pidOf('server');
      process.kill(pid, signal);
      await comesBack('rayserver.service', pid);
      await simulations.expectRunsOn(slow);
    }
    await simulations.cancel(slow.id);
  });
  await check('a procwrap that is killed comes back, and the simulation goes on where it was', async () => {
    const slow = await simulations.slowPicture(guest.makeProject('procwrap'));
    const pid = await guest.pidOf('procwrap');
    process.kill(pid, 'SIGKILL');
    await comesBack('rayserver-procwrap.service', pid);
    await simulations.expectGoesOn(slow);
  });
  await check(
    'stopping the target ends simulations when their ambient file is free, and start goes on with them',
    async () => {
      const slow = await simulations.slowPicture(guest.makeProject('target'));
      await simulations.observe(slow);
      await must('stop', 'rayserver.target');
      await simulations.expectEndedUnderLock(slow.project);
      for (const kind of ['server', 'procwrap'] as const) expect(guest.processes(kind)).to.deep.equal([]);
      for (const unit of services) expect(show(unit, 'Result'), unit).to.equal('success');
      await must('start', 'rayserver.target');
      await simulations.expectGoesOn(slow);
    },
  );
  // The server of the files is slow to come up.
  const slowly = '[Unit]\nDefaultDependencies=no\n[Service]\nType=oneshot\nExecStart=/bin/sleep 2\n';
  writeFileSync('/etc/systemd/system/lab-slowly.service', slowly);
  await must('daemon-reload');
  await reboot.leave('_netdev,x-systemd.requires=lab-slowly.service');
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
  await check('a project that is not mounted is said to be missing, and goes on when it is there', () =>
    reboot.expectAbsentIsDone(),
  );
}

if (guest.boot === 0) {
  install();
  settle();
} else if (guest.boot === 1) {
  await comingUp();
  await troubles();
  await running();
} else await second();
process.exit(guest.boot === 1 ? guest.rebootPlease : 0);
