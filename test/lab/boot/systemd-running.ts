import { writeFileSync } from 'node:fs';
import { expect } from 'chai';
import { isAlive } from '../../support/program.ts';
import * as guest from './guest.ts';
import * as reboot from './reboot.ts';
import * as simulations from './simulations.ts';
import { check, comesBack, isActive, must, services, show } from './units.ts';

/** Units that come and go, while simulations run. */
export async function running(): Promise<void> {
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
