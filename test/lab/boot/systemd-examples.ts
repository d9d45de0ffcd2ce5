import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { waitUntil } from '../../support/wait-until.ts';
import * as guest from './guest.ts';
import * as simulations from './simulations.ts';
import { check, must, systemctl, withDropIns } from './units.ts';

/** The drop-ins that are examples. */
export async function examples(): Promise<void> {
  const example = (name: string) => readFileSync(`/rayserver/systemd/examples/${name}.conf`, 'utf8');

  await check('with User= it is never root, and simulations end in good order, too', () => {
    const texts = {
      'rayserver.service': example('user'),
      'rayserver-procwrap.service': example('user-procwrap'),
    };
    return withDropIns(texts, async () => {
      for (const kind of ['server', 'procwrap'] as const) await guest.expectDropped(await guest.pidOf(kind));
      const slow = await simulations.slowPicture(guest.makeProject('user'));
      simulations.expectContained(slow, await guest.pidOf('procwrap'));
      await simulations.observe(slow);
      await must('stop', 'rayserver.target');
      await simulations.expectEndedUnderLock(slow.project);
      await must('start', 'rayserver.target');
      await simulations.expectGoesOn(slow);
    });
  });
  const title = 'with its socket it comes when it is called, and keeps nobody waiting outside while it restarts';
  await check(title, async () => {
    await must('stop', 'rayserver.target');
    await must('start', 'rayserver.socket');
    const called = withDropIns({ 'rayserver.service': example('socket') }, async () => {
      await must('stop', 'rayserver.service');
      expect(guest.processes('server')).to.deep.equal([]);
      expect(await guest.rayctl('hosts')).to.match(/lab/);
      const before = await guest.pidOf('server');
      const [, told] = await Promise.all([must('restart', 'rayserver.service'), guest.rayctl('hosts')]);
      expect(told).to.match(/lab/);
      expect(await guest.pidOf('server')).not.to.equal(before);
    });
    await called.finally(() => systemctl('stop', 'rayserver.socket'));
    await must('restart', 'rayserver.target');
    await waitUntil('it to serve', guest.serves);
  });
}
