import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { messages } from '../../../src/daemon/messages.ts';
import { end, isRoot, ordinaryUser, portOf, startBackground, TestHome } from '../../support/daemon.ts';
import {
  type Running,
  type RunOptions,
  run,
  Running as Started,
  temporaryDirectory,
  top,
} from '../../support/program.ts';
import { TestManager } from '../../support/service-manager.ts';

describe('rayserver under a service manager', () => {
  let home: TestHome;
  let place: { path: string; remove: () => void };
  let manager: TestManager;
  let running: Running[];
  beforeEach(async () => {
    home = new TestHome();
    place = temporaryDirectory();
    running = [];
    manager = await TestManager.at(join(place.path, 'notify'));
  });
  afterEach(async () => {
    for (const one of running) one.kill('SIGKILL');
    await Promise.all(running.map((one) => one.ended));
    await home.remove();
    await manager.close();
    place.remove();
  });

  /** As systemd does: with these words, and its pid in those that name one. */
  const serve = (
    args: readonly string[],
    env: Record<string, string> = {},
    options: RunOptions = {},
    by: readonly string[] = [],
  ) => {
    const words = Object.entries(env).map(([name, value]) => `${name}=${value}`);
    const script = 'export WATCHDOG_PID=$$; exec "$@"';
    const program = ['env', ...words, ...by, join(top, 'bin/rayserver'), '--home', home.path, ...args];
    const one = new Started('/bin/sh', ['-c', script, 'sh', ...program], {
      user: ordinaryUser,
      ...options,
      env: { NOTIFY_SOCKET: manager.address, RAYSERVER_HOME: undefined, ...options.env },
    });
    running.push(one);
    return one;
  };
  const server = (...args: string[]) => serve(['-f', '--port', '0', ...args]);
  const rayctl = (...args: string[]) => run('rayctl', args, { user: ordinaryUser, env: { RAYSERVER_HOME: home.path } });
  const project = () => {
    const path = join(place.path, 'project');
    mkdirSync(path);
    chownSync(path, ordinaryUser.uid, ordinaryUser.gid);
    return path;
  };
  const serving = () => fetch(`http://127.0.0.1:${portOf(home)}/healthz`).then(({ status }) => status);

  it('says when it serves, reads its hosts again and stops', async () => {
    const daemon = server();
    await manager.hears('READY=1');
    expect(manager.messages[0]).to.deep.equal(['READY=1', 'STATUS=0 running, 0 queued']);
    expect(await serving()).to.equal(200);
    daemon.kill('SIGHUP');
    await manager.hears('READY=1', 2);
    const [reloading, ready] = manager.messages.slice(1);
    expect(reloading?.[0]).to.equal('RELOADING=1');
    expect(reloading?.[1]).to.match(/^MONOTONIC_USEC=[0-9]{6,}$/);
    expect(ready).to.deep.equal(['READY=1']);
    daemon.kill('SIGTERM');
    expect((await daemon.ended).status).to.equal(0);
    expect(manager.messages.at(-1)).to.deep.equal(['STOPPING=1', 'STATUS=stopping; simulations go on']);
  });

  it('says how many simulations run and wait, and hands none of its words to them', async () => {
    server();
    await manager.hears('READY=1');
    const directory = project();
    const script = 'env; until [ -e go ]; do sleep .1; done';
    const job = rayctl('run', '--wait', '--project', directory, '--', 'sh', '-c', script);
    await manager.hears('STATUS=1 running, 0 queued');
    writeFileSync(join(directory, 'go'), '');
    expect((await job).status).to.equal(0);
    await manager.hears('STATUS=0 running, 0 queued', 2);
    const words = /^(NOTIFY_SOCKET|WATCHDOG_|LISTEN_|JOURNAL_STREAM|RAYSERVER_HANDOVER)/m;
    const log = readFileSync(join(directory, 'logfiles/sh-1.log'), 'utf8');
    expect(log).to.include('PATH=').and.not.match(words);
    // Only root can look there, for procwrap is closed to its own user.
    if (!isRoot) return;
    const [procwrap = 0] = home.processes('procwrap');
    const environment = readFileSync(`/proc/${procwrap}/environ`, 'utf8').replaceAll('\0', '\n');
    expect(environment).to.include('PATH=').and.not.match(words);
  });

  it('gives signs of life to one that watches', async () => {
    serve(['-f', '--port', '0'], { WATCHDOG_USEC: '100000' });
    await manager.hears('WATCHDOG=1', 4);
    await manager.hears('READY=1');
  });

  it('says why it does not start', async () => {
    const daemon = server('--listen', '127.0.0.1', '--without-procwrap');
    await manager.hears('READY=1');
    const second = server();
    expect((await second.ended).status).to.equal(1);
    expect(manager.messages.at(-1)).to.deep.equal([`STATUS=${messages.homeInUse(home.path)}`]);
    daemon.kill('SIGTERM');
    await daemon.ended;
    expect((await server('-u', 'nosuchuser').ended).status).to.equal(1);
    await manager.hears('STATUS=User name "nosuchuser" not found.');
  });

  it('says nothing in the background, where the front waits for it', async () => {
    const { pid } = await startBackground(home, [], { env: { NOTIFY_SOCKET: manager.address } });
    await end(pid);
    expect(manager.messages).to.deep.equal([]);
  });

  it('goes on telling after an internal error, as the same process', async () => {
    const fault = join(top, 'test/fixtures/daemon/throw-on-usr2.cjs');
    const daemon = serve(
      ['-f', '--port', '0'],
      { WATCHDOG_USEC: '100000' },
      { env: { NODE_OPTIONS: `--require=${fault}` } },
    );
    await manager.hears('READY=1');
    daemon.kill('SIGUSR2');
    await manager.hears('READY=1', 2);
    const beats = manager.lines.filter((line) => line === 'WATCHDOG=1').length;
    await manager.hears('WATCHDOG=1', beats + 2);
    daemon.kill('SIGTERM');
    expect((await daemon.ended).status).to.equal(0);
  });

  it('gives lines to the journal their level, and all that the log gets', async () => {
    const journal = join(place.path, 'journal');
    writeFileSync(journal, '');
    chmodSync(journal, 0o666);
    const script = 'exec >>"$0" 2>&1; JOURNAL_STREAM=$(stat -Lc %d:%i "$0") exec "$@"';
    const words = ['--home', home.path, '-f', '--port', '0', '--without-procwrap'];
    const daemon = new Started('/bin/sh', ['-c', script, journal, join(top, 'bin/rayserver'), ...words], {
      user: ordinaryUser,
    });
    running.push(daemon);
    await home.logs('procwrap does not answer');
    daemon.kill('SIGTERM');
    await daemon.ended;
    const lines = readFileSync(journal, 'utf8').split('\n').slice(0, -1);
    expect(lines.filter((line) => !/^<[346]>/.test(line))).to.deep.equal([]);
    const logged = home.log().split('\n').slice(0, -1);
    for (const line of logged) {
      const [, level = '', text = ''] = / (info|warn|error): (.*)$/.exec(line) ?? [];
      expect(lines).to.include(`<${{ info: 6, warn: 4, error: 3 }[level]}>${text}`);
    }
    expect(lines.some((line) => line.startsWith('<4>procwrap does not answer'))).to.equal(true);
  });

  it('gives no levels to a file that is not the journal', async () => {
    const daemon = serve(['-f', '--port', '0'], { JOURNAL_STREAM: '8:1' });
    await daemon.says(/^Rayserver [0-9]+ running\.$/m);
  });

  describe('that keeps procwrap', () => {
    const control = (...args: string[]) => serve(['--procwrap', ...args]);

    it('says when procwrap listens, how much it has in hand, and that it leaves', async () => {
      const procwrap = control();
      await manager.hears('READY=1');
      expect(manager.messages[0]).to.deep.equal(['READY=1', 'STATUS=0 in hand']);
      const other = await TestManager.at(join(place.path, 'other'));
      const daemon = serve(['-f', '--port', '0', '--without-procwrap'], {}, { env: { NOTIFY_SOCKET: other.address } });
      await other.hears('READY=1');
      await rayctl('run', '--project', project(), '--', 'sleep', '1000');
      await manager.hears('STATUS=1 in hand');
      daemon.kill('SIGTERM');
      await daemon.ended;
      await other.close();
      expect(procwrap.child.exitCode).to.equal(null);
      procwrap.kill('SIGTERM');
      expect((await procwrap.ended).status).to.equal(0);
      expect(manager.messages.at(-1)).to.deep.equal(['STOPPING=1', 'STATUS=stopping; ending 1 simulations']);
    });

    it('finds it where ps tells it from others, with no port and no server', async () => {
      const procwrap = control('--port', '1', '--pid-file', join(place.path, 'pid'));
      await manager.hears('READY=1');
      expect(home.processes('procwrap')).to.deep.equal([procwrap.pid]);
      expect(home.processes('server')).to.deep.equal([]);
    });

    it('has it stay when a server takes leave and nothing is to be done', async () => {
      const procwrap = control();
      await manager.hears('READY=1');
      for (let n = 0; n < 2; n++) {
        const daemon = server('--without-procwrap');
        await daemon.says('running.');
        daemon.kill('SIGTERM');
        await daemon.ended;
        await home.logs('procwrap: the server is gone');
      }
      expect(procwrap.child.exitCode).to.equal(null);
    });

    it('is told by status 1 that another one serves the home', async () => {
      control();
      await manager.hears('READY=1');
      const second = await control().ended;
      expect(second.status).to.equal(1);
      expect(second.stderr).to.include('another one serves this home already');
    });

    it('has it open its log anew when it hangs up', async () => {
      const procwrap = control();
      await manager.hears('READY=1');
      procwrap.kill('SIGHUP');
      await home.logs('caught signal 1: log opened again');
    });

    it('gives signs of life of it to one that watches', async () => {
      serve(['--procwrap'], { WATCHDOG_USEC: '100000' });
      await manager.hears('WATCHDOG=1', 4);
    });

    it('has the server serve without it, and work when it comes', async () => {
      const daemon = server('--without-procwrap');
      await manager.hears('READY=1');
      expect(manager.lines).to.include('STATUS=0 running, 0 queued; procwrap does not answer');
      expect(await serving()).to.equal(503);
      expect(home.processes('procwrap')).to.deep.equal([]);
      await home.logs('procwrap does not answer; simulations wait until it is started');
      const procwrap = control();
      await manager.hears('STATUS=0 running, 0 queued');
      expect((await rayctl('run', '--wait', '--project', project(), '--', 'true')).status).to.equal(0);
      procwrap.kill('SIGTERM');
      await procwrap.ended;
      await manager.hears('STATUS=0 running, 0 queued; procwrap does not answer', 2);
      expect(home.processes('procwrap')).to.deep.equal([]);
      daemon.kill('SIGTERM');
      expect((await daemon.ended).status).to.equal(0);
      // Once each time that it is away; the second time may have been too short.
      expect(home.log().split('procwrap does not answer;').length - 1).to.be.oneOf([1, 2]);
    });
  });

  describe('that has bound the sockets', () => {
    const parent = ['python3', join(top, 'test/fixtures/daemon/given-sockets.py')];
    const words = ['-f', '--without-procwrap'];
    const given = (sockets: string[], args: string[] = [], env: RunOptions['env'] = {}) =>
      serve([...words, ...args], {}, { env }, [...parent, ...sockets, '--']);
    const portGiven = async (daemon: Running) => {
      await daemon.says(/^port [0-9]+$/m);
      return Number(/^port ([0-9]+)$/m.exec(daemon.stdout)?.[1]);
    };
    const ask = async (port: number) => (await fetch(`http://127.0.0.1:${port}/healthz`)).status;

    it('serves on them, and those who came before it served', async () => {
      const submit = join(dirname(home.path), 'submit');
      const daemon = given([`unix:${submit}`, 'tcp:127.0.0.1']);
      const port = await portGiven(daemon);
      expect(await ask(port)).to.equal(503);
      await manager.hears('READY=1');
      expect(portOf(home)).to.equal(port);
      const answer = await run('rayctl', ['--server', `unix://${submit}`, 'jobs', '--json'], { user: ordinaryUser });
      expect(answer).to.include({ status: 0, stderr: '' });
      daemon.kill('SIGTERM');
      expect((await daemon.ended).status).to.equal(0);
      expect(existsSync(submit)).to.equal(true);
    });

    it('makes itself the one that it was not given', async () => {
      given(['tcp:127.0.0.1']);
      await manager.hears('READY=1');
      expect((await rayctl('jobs')).status).to.equal(0);
    });

    it('keeps them over an internal error', async () => {
      const submit = join(dirname(home.path), 'submit');
      const fault = join(top, 'test/fixtures/daemon/throw-on-usr2.cjs');
      const env = { NODE_OPTIONS: `--require=${fault}` };
      const daemon = given([`unix:${submit}`, 'tcp:127.0.0.1'], [], env);
      const port = await portGiven(daemon);
      await manager.hears('READY=1');
      daemon.kill('SIGUSR2');
      await manager.hears('READY=1', 2);
      expect(await ask(port)).to.equal(503);
      const answer = await run('rayctl', ['--server', `unix://${submit}`, 'jobs', '--json'], { user: ordinaryUser });
      expect(answer).to.include({ status: 0, stderr: '' });
    });

    it('refuses one that the network reaches', async () => {
      const ended = await given(['tcp:0.0.0.0']).ended;
      expect(ended).to.include({ status: 1, stderr: `${messages.networkAddress('0.0.0.0')}\n` });
    });

    it('refuses one at another port than it was told', async () => {
      const daemon = given(['tcp:127.0.0.1'], ['--port', '1']);
      const port = await portGiven(daemon);
      expect(await daemon.ended).to.include({ status: 1, stderr: `${messages.otherPort(1, port)}\n` });
    });

    it('leaves them alone in the background', async () => {
      const submit = join(dirname(home.path), 'submit');
      const daemon = serve(['--port', '0'], {}, {}, [...parent, `unix:${submit}`, '--']);
      expect((await daemon.ended).status).to.equal(0);
      expect((await rayctl('jobs')).status).to.equal(0);
    });
  });
});
