import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { ordinaryUser, startForeground, TestHome } from '../../support/daemon.ts';
import { run, top } from '../../support/program.ts';

describe('the debugger of Node', () => {
  let home: TestHome;
  let opened: string;
  beforeEach(() => {
    home = new TestHome();
    opened = `${home.path}.debuggers`;
    writeFileSync(opened, '');
    chmodSync(opened, 0o666);
  });
  afterEach(() => home.remove());

  /** What the caller sees of a start during which a process of that name gets USR1. */
  async function startWithSignalFor(name: string): Promise<{ status: number | null; stdout: string }> {
    const preload = join(top, 'test/fixtures/daemon/usr1-at-start.cjs');
    const { status, stdout } = await run('rayserver', ['--home', home.path, '--port', '0'], {
      user: ordinaryUser,
      env: { NODE_OPTIONS: `--require=${preload}`, RAYSERVER_SIGNALLED: name, RAYSERVER_DEBUGGERS: opened },
    });
    return { status, stdout };
  }

  for (const name of ['server/launch.js', 'procwrap/start.js']) {
    it(`stays shut when USR1 comes before the first line of ${name}, and the daemon starts`, async () => {
      const { status, stdout } = await startWithSignalFor(name);
      expect(readFileSync(opened, 'utf8')).to.equal(`${name} shut\n`);
      expect(status).to.equal(0);
      expect(stdout).to.match(/^Rayserver [0-9]+ switching to daemon mode\.\n$/);
    });
  }

  for (const [name, expected] of [
    ['bin/rayserver.js', 138],
    ['server/start.js', 1],
  ] as const) {
    it(`stays shut when USR1 comes before the first line of ${name}, which ends by it`, async () => {
      const { status } = await startWithSignalFor(name);
      expect(readFileSync(opened, 'utf8')).to.equal(`${name} shut\n`);
      expect(status).to.equal(expected);
      expect(home.log()).to.include('*System Exit* (caught signal 10)\n');
    });
  }

  it('stays shut when procwrap gets USR1 later, and procwrap goes on', async () => {
    const running = await startForeground(home);
    const [procwrap = -1] = home.processes('procwrap');
    process.kill(procwrap, 'SIGUSR1');
    running.kill('SIGTERM');
    expect((await running.ended).status).to.equal(0);
    await home.logs(/procwrap\[[0-9]+\] info: .*: left\n/);
    expect(home.log()).to.not.include('Debugger');
  });
});
