import { readFileSync, renameSync } from 'node:fs';
import { expect } from 'chai';
import * as guest from './guest.ts';
import { stranger } from './stranger.ts';
import { check, comesBack, error, must, now, says, show, systemctl, warning, withDropIns } from './units.ts';

/** What an administrator does, and what goes wrong. */
export async function troubles(): Promise<void> {
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
    // One that is only slow, on a busy machine, must not count as one that hangs.
    const watched = '[Service]\nWatchdogSec=5\n';
    await withDropIns({ 'rayserver.service': watched }, async () => {
      const pid = await guest.pidOf('server');
      process.kill(pid, 'SIGSTOP');
      await comesBack('rayserver.service', pid);
      expect(show('rayserver.service', 'NRestarts')).to.equal('1');
    });
  });
}
