import { existsSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { expect } from 'chai';
import { ordinaryUser, TestHome } from '../../support/daemon.ts';
import { run, start } from '../../support/program.ts';

const fault = "Socket Error: (98, 'Address already in use')\n";

describe('a job port that is taken', () => {
  let home: TestHome;
  let stranger: Server;
  let port = 0;
  beforeEach(async () => {
    home = new TestHome();
    stranger = createServer();
    await new Promise<void>((done) => stranger.listen(0, '127.0.0.1', done));
    const address = stranger.address();
    port = typeof address === 'object' && address !== null ? address.port : 0;
  });
  afterEach(async () => {
    await new Promise((done) => stranger.close(done));
    await home.remove();
  });

  for (const mode of ['-f', '-d']) {
    it(`${mode}: is tried three times, on the caller's terminal and in the log, and ends with 1`, async () => {
      const pidFile = `${home.path}.pid`;
      const args = [mode, '--home', home.path, '--port', String(port), '--pid-file', pidFile];
      const env = { RAYSERVER_RETRY_SECONDS: '0' };
      const ended = await run('rayserver', args, { user: ordinaryUser, env });
      const retrying = 'retrying in 0 secs...\n';
      expect(ended).to.include({ status: 1, stdout: '', stderr: fault + retrying + fault + retrying + fault });
      const logged = home
        .log()
        .split('\n')
        .map((line) => line.replace(/^.* error: /, ''));
      expect(`${logged.join('\n')}`).to.equal(fault + retrying + fault + retrying + fault);
      expect(home.processes()).to.deep.equal([]);
      expect(existsSync(pidFile)).to.equal(false);
    });
  }

  it('is taken as soon as it is free', async () => {
    const env = { RAYSERVER_RETRY_SECONDS: '0.2' };
    const running = start('rayserver', ['-f', '--home', home.path, '--port', String(port)], {
      user: ordinaryUser,
      env,
    });
    await home.logs('retrying');
    await new Promise((done) => stranger.close(done));
    await running.says(`started on port ${port}`);
    running.kill('SIGINT');
    expect((await running.ended).status).to.equal(0);
  });

  it('means 30 seconds between two tries, which Ctrl-C ends', async () => {
    const env = { RAYSERVER_RETRY_SECONDS: undefined };
    const running = start('rayserver', ['--home', home.path, '--port', String(port)], { user: ordinaryUser, env });
    await home.logs('retrying in 30 secs...');
    running.kill('SIGINT');
    const ended = await running.ended;
    expect(ended).to.include({ status: 0, stdout: '*User Interrupt*\n', stderr: `${fault}retrying in 30 secs...\n` });
    expect(home.log()).to.include('info: *User Interrupt*\n');
  });

  it('of root is not given to others, and not tried again', async () => {
    if ((ordinaryUser.uid ?? 0) === 0) return;
    const ended = await run('rayserver', ['--home', home.path, '--port', '1'], { user: ordinaryUser });
    expect(ended).to.include({ status: 1, stderr: "Socket Error: (13, 'Permission denied')\n" });
  });
});
