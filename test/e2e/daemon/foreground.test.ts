import { readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { expect } from 'chai';
import { commandOf, host, portOf, startForeground, TestHome } from '../../support/daemon.ts';
import { isAlive } from '../../support/program.ts';
import { waitUntil } from '../../support/wait-until.ts';

describe('rayserver -f', () => {
  let home: TestHome;
  beforeEach(() => {
    home = new TestHome();
  });
  afterEach(() => home.remove());

  it('prints the four lines of the manual and serves, in the process that was started', async () => {
    const running = await startForeground(home);
    const lines = running.stdout.split('\n');
    expect(lines[0]).to.match(/^render_server: adding channel <render_server {2}at [0-9a-f]+>$/);
    expect(lines[1]).to.equal(`render_server: Async Rayfront Server started on port ${portOf(home)}`);
    expect(lines[2]).to.equal('');
    expect(lines[3]).to.equal(`Rayserver ${running.pid} running.`);
    expect(running.stderr).to.equal('');
    for (const line of [lines[0], lines[1], lines[3]]) expect(home.log()).to.include(`info: ${line}\n`);
    const answer = await fetch(`http://127.0.0.1:${portOf(home)}/healthz`);
    expect(answer.status).to.equal(200);
    running.kill('SIGINT');
    await running.ended;
  });

  it('is told apart in ps by the path of its second argument', async () => {
    const running = await startForeground(home);
    const [program, script] = commandOf(running.pid);
    expect(program).to.equal('node');
    expect(script).to.match(/\/server\/start\.js$/);
    const [control] = home.processes('procwrap');
    expect(commandOf(control ?? 0).slice(0, 4)).to.deep.equal([
      'node',
      script?.replace('/server/start.js', '/procwrap/start.js'),
      host,
      home.path,
    ]);
    running.kill('SIGTERM');
    await running.ended;
  });

  const endings: [NodeJS.Signals, string, number][] = [
    ['SIGINT', '*User Interrupt*', 0],
    ['SIGTERM', '*System Exit* (caught signal 15)', 0],
    ['SIGQUIT', '*System Exit* (caught signal 3)', 131],
    ['SIGUSR1', '*System Exit* (caught signal 10)', 138],
    ['SIGUSR2', '*System Exit* (caught signal 12)', 140],
    ['SIGALRM', '*System Exit* (caught signal 14)', 142],
    ['SIGPROF', '*System Exit* (caught signal 27)', 155],
    ['SIGXCPU', '*System Exit* (caught signal 24)', 152],
  ];
  for (const [signal, message, status] of endings) {
    it(`ends by ${signal} with "${message}" and status ${status}`, async () => {
      const running = await startForeground(home);
      running.kill(signal);
      const ended = await running.ended;
      expect(ended).to.include({ status, signal: null, stderr: '' });
      expect(ended.stdout.split('\n')).to.include(message);
      expect(home.log()).to.include(`info: ${message}\n`);
      expect(() => readFileSync(home.file('run/rayserver.pid'))).to.throw('ENOENT');
    });
  }

  it('outlives HUP and reads the hosts file again', async () => {
    const running = await startForeground(home);
    writeFileSync(home.file('config/hosts'), `${host} 3 proj="/export/proj"\n`);
    running.kill('SIGHUP');
    await home.logs(`hosts file ${home.file('config/hosts')} read`);
    writeFileSync(home.file('config/hosts'), 'somebody else\n');
    running.kill('SIGHUP');
    await home.logs(/hosts:1: expected .* The hosts known before stay in force\./);
    expect((await fetch(`http://127.0.0.1:${portOf(home)}/healthz`)).status).to.equal(200);
    running.kill('SIGINT');
    expect((await running.ended).status).to.equal(0);
  });

  it('outlives a reader of its output that goes away', async () => {
    const running = await startForeground(home);
    running.child.stdout?.destroy();
    running.child.stderr?.destroy();
    running.kill('SIGHUP');
    await home.logs('caught signal 1');
    expect(isAlive(running.pid)).to.equal(true);
    expect((await fetch(`http://127.0.0.1:${portOf(home)}/healthz`)).status).to.equal(200);
    running.kill('SIGTERM');
    await waitUntil('its end', () => !isAlive(running.pid));
  });

  it('leaves the port free when it is killed, whatever it has started', async () => {
    const running = await startForeground(home);
    const port = portOf(home);
    running.kill('SIGKILL');
    await running.ended;
    expect(home.processes('procwrap')).to.have.lengthOf(1);
    const again = await startForeground(home, [], {}, port);
    expect(portOf(home)).to.equal(port);
    again.kill('SIGINT');
    expect(await again.ended).to.include({ status: 0, stderr: '' });
  });

  it('leaves an idle procwrap nothing to wait for', async () => {
    const running = await startForeground(home);
    expect(home.processes('procwrap')).to.have.lengthOf(1);
    running.kill('SIGTERM');
    await running.ended;
    await waitUntil('the end of procwrap', () => home.processes().length === 0);
  });

  it('warns when the log cannot be written, and serves', async () => {
    const running = await startForeground(home);
    running.kill('SIGTERM');
    await running.ended;
    writeFileSync(`${home.path}/elsewhere`, 'untouched\n');
    renameSync(home.logFile, `${home.logFile}.1`);
    symlinkSync(`${home.path}/elsewhere`, home.logFile);
    const again = await startForeground(home);
    expect(again.stderr).to.equal(`Warning: Cannot write the log ${home.logFile}: it is a symbolic link.\n`);
    again.kill('SIGTERM');
    await again.ended;
    expect(readFileSync(`${home.path}/elsewhere`, 'utf8')).to.equal('untouched\n');
  });
});
