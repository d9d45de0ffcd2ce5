import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { end, portOf, startBackground, startForeground, TestHome } from '../../support/daemon.ts';
import { serveHandedOver } from '../../support/handed-over.ts';
import { ownNumber } from '../../support/inside.ts';
import { Lab } from '../../support/lab.ts';
import { top } from '../../support/program.ts';
import { waitUntil } from '../../support/wait-until.ts';

const provoke = { NODE_OPTIONS: `--require=${join(top, 'test/fixtures/daemon/throw-on-usr2.cjs')}` };

describe('rayserver after an internal error', () => {
  let home: TestHome;
  beforeEach(() => {
    home = new TestHome();
  });
  afterEach(() => home.remove());

  it('goes on as the same process, on the same port, and leaves procwrap alone', async () => {
    const { pid } = await startBackground(home, [], { env: provoke });
    const port = portOf(home);
    const control = home.processes('procwrap');
    process.kill(pid, 'SIGUSR2');
    await home.logs(`error: Rayserver ${pid} internal error. Restarting.\n`);
    // Nobody is turned away: who comes while it restarts waits in the socket.
    const answer = await fetch(`http://127.0.0.1:${port}/healthz`);
    expect(answer.status).to.be.oneOf([200, 503]);
    await waitUntil('the second start', () => home.log().split(`Rayserver ${pid} running.`).length === 3);
    expect(home.log()).to.match(/error: Error: provoked\n.* error: {5}at /);
    expect(home.processes('server/')).to.deep.equal([pid]);
    expect(home.processes('procwrap')).to.deep.equal(control);
    await end(pid);
  });

  it('leaves a running simulation untouched, and counts what it makes', async () => {
    const lab = await Lab.make(provoke);
    try {
      const project = lab.project();
      const daemon = await lab.startDaemon();
      const slow = ['--view', 'door', '--set', 'QUALITY=Med', '--set', 'RESOLUTION=500'];
      const job = await lab.json<{ id: number }>('submit', join(project, 'room.rif'), ...slow);
      const pid = ownNumber(await waitUntil('a renderer', () => lab.renderers()[0]));
      daemon.kill('SIGUSR2');
      await waitUntil('the second start', () => daemon.stdout.split(`Rayserver ${daemon.pid} running.`).length === 3);
      const ended = await lab.rayctl('wait', String(job.id));
      expect(ended.status, ended.stderr).to.equal(0);
      const logs = readdirSync(join(project, 'logfiles')).map((name) =>
        readFileSync(join(project, 'logfiles', name), 'utf8'),
      );
      expect(logs.find((log) => log.includes(`(PID ${pid})`))).to.match(/^# rayserver job 1 task \d+ attempt 1, /);
      for (const log of logs) expect(log).to.match(/^# rayserver job 1 task \d+ attempt 1, /);
    } finally {
      await lab.close();
    }
  });

  it('says so on the terminal, in the foreground', async () => {
    const running = await startForeground(home, [], { env: provoke });
    running.kill('SIGUSR2');
    await waitUntil('the second start', () => running.stdout.split(`Rayserver ${running.pid} running.`).length === 3);
    expect(running.stderr).to.match(
      new RegExp(`^Rayserver ${running.pid} internal error\\. Restarting\\.\nError: provoked\n +at `),
    );
    running.kill('SIGINT');
    expect((await running.ended).status).to.equal(0);
  });

  it('can be ended while it waits before it serves again', async () => {
    const running = await startForeground(home, [], { env: provoke });
    for (const starts of [2, 3]) {
      running.kill('SIGUSR2');
      await waitUntil('a start', () => running.stdout.split(' running.\n').length === starts + 1);
    }
    running.kill('SIGUSR2');
    await waitUntil('the fourth process', () => home.log().split('internal error').length === 4);
    await waitUntil('its end', () => {
      running.kill('SIGTERM');
      return running.child.exitCode !== null || running.child.signalCode !== null;
    });
    const { status, signal } = await running.ended;
    expect(signal ?? status).to.be.oneOf([0, 'SIGTERM']);
    expect(running.stdout.split(' running.\n')).to.have.lengthOf(4);
  });

  it('ends with *System Exit* and 1 when five restarts in five minutes did not help', async () => {
    const { pid } = await startBackground(home);
    await end(pid);
    // The last error is half a minute old, so that this start has not to wait for it.
    const errors = [1, 2, 3, 4, 5].map((n) => Date.now() - 30_000 + n);
    const server = await serveHandedOver(home, { errors }, provoke);
    server.kill('SIGUSR2');
    expect(await server.ended).to.equal(1);
    expect(server.printed()).to.include(`Rayserver ${server.pid} internal error. Not restarting any more.\n`);
    expect(server.printed()).to.match(/^\*System Exit\*$/m);
  });
});
