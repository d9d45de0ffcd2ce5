import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { findMarked, markOfHome } from '../../../src/executor/spawner/mark.ts';
import type { Project } from '../../../src/model/job.ts';
import type { HostSettings } from '../../../src/protocol/inner.ts';
import { fixtures, makeProject, run, services, task, temporary } from '../../support/executor.ts';
import { processesIn } from '../../support/inside.ts';
import { ProcwrapProcess, TestServer } from '../../support/procwrap.ts';
import { isAlive } from '../../support/program.ts';
import { waitUntil } from '../../support/wait-until.ts';

describe('procwrap', () => {
  let base: ReturnType<typeof temporary>;
  let project: Project;
  let procwraps: ProcwrapProcess[] = [];
  let servers: TestServer[] = [];
  const at = (path: string) => join(project.path, path);
  const launch = (env: Record<string, string> = {}) => {
    const procwrap = new ProcwrapProcess(base.path, env);
    procwraps.push(procwrap);
    return procwrap;
  };
  const dial = async (procwrap: ProcwrapProcess, more: Partial<HostSettings> = {}) => {
    const server = await TestServer.dial(procwrap.socket, more);
    servers.push(server);
    return server;
  };
  const read = (path: string) => readFileSync(at(path), 'utf8');
  const numberIn = (path: string) => (existsSync(at(path)) ? Number(read(path)) || null : null);
  const spawnerOf = (procwrap: ProcwrapProcess) => Number(/, spawner (\d+) /.exec(procwrap.log)?.[1]);
  const waits = task([run('waits', [], { stdout: { to: 'file', path: 'x.hdr' } })], { makes: ['x.hdr'] });

  beforeEach(() => {
    base = temporary('procwrap');
    project = makeProject(base.path);
    [procwraps, servers] = [[], []];
  });
  afterEach(async () => {
    if (existsSync(project.path)) writeFileSync(at('go'), '');
    for (const procwrap of procwraps) await procwrap.kill();
    for (const server of servers) server.link.close();
    base[Symbol.dispose]();
  });

  it('runs an attempt and keeps its end until that is acknowledged', async () => {
    const procwrap = launch();
    const server = await dial(procwrap);
    expect(server.heard[0]).to.include({ say: 'welcome', pid: procwrap.child.pid });
    server.start('12.3.1', project, task([run('rpict')], { holds: ['view:x'] }));
    expect(await server.outcome('12.3.1')).to.include({ is: 'done' });
    expect(readFileSync(at('logfiles/room.inside.log'), 'utf8')).to.match(/\(PID \d+\)/);
    const second = await dial(procwrap);
    expect(second.heard[0]).to.deep.include({ attempts: [{ attempt: '12.3.1', holds: ['view:x'] }] });
    expect(await second.outcome('12.3.1')).to.include({ is: 'done' });
    second.start('12.3.1', project, task([run('fails')]));
    await waitUntil('the end, told again', () => second.ends.length === 2);
    second.link.send({ say: 'acknowledge', attempts: ['12.3.1'] });
    const third = await dial(procwrap);
    expect(third.heard[0]).to.deep.include({ attempts: [] });
  });

  it('starts programs that can gain no rights and see nothing of the daemon', async () => {
    const procwrap = launch();
    const server = await dial(procwrap);
    server.start('1.1.1', project, task([run('says')]));
    await server.outcome('1.1.1');
    const log = readFileSync(at('logfiles/room.inside.log'), 'utf8');
    expect(log).to.match(/^NoNewPrivs:\s+1$/m);
    expect(log).to.match(/^descriptors 0 1 2 3 $/m);
    expect(log).to.match(/^SECRET=$/m);
    expect(lstatSync(`/proc/${procwrap.child.pid}/environ`).uid).to.equal(0);
    expect(statSync(join(procwrap.home, 'run/inner/procwrap.lock')).mode & 0o777).to.equal(0o600);
  });

  it('goes on without its server and tells the next one how it ended', async () => {
    const procwrap = launch();
    const first = await dial(procwrap);
    first.start('1.1.1', project, waits);
    const pid = await first.pid('1.1.1');
    await waitUntil('the program', () => existsSync(at('waiting')));
    first.link.close();
    await waitUntil('the loss', () => procwrap.log.includes('the server is gone'));
    const second = await dial(procwrap);
    expect(second.heard[0]).to.deep.include({ pid: procwrap.child.pid, attempts: [{ attempt: '1.1.1', holds: [] }] });
    expect(await second.pid('1.1.1')).to.equal(pid);
    second.link.close();
    await waitUntil('the second loss', () => procwrap.log.split('the server is gone').length === 3);
    writeFileSync(at('go'), '');
    await waitUntil('the end', () => procwrap.log.includes('attempt 1.1.1'));
    const third = await dial(procwrap);
    expect(await third.outcome('1.1.1')).to.deep.include({ is: 'done', skipped: false });
    expect(readFileSync(at('x.hdr'), 'utf8')).to.equal('half and the rest');
  });

  it('stops an attempt, and says of one that it does not know that it is stopped', async () => {
    const server = await dial(launch());
    server.start('1.1.1', project, waits);
    await waitUntil('the program', () => existsSync(at('waiting')));
    server.link.send({ say: 'stop', attempts: ['1.1.1'] });
    expect(await server.outcome('1.1.1')).to.deep.equal({ is: 'stopped' });
    expect(existsSync(at('x.hdr'))).to.equal(false);
    server.link.send({ say: 'stop', attempts: ['7.7.7'] });
    expect(await server.outcome('7.7.7')).to.deep.equal({ is: 'stopped' });
  });

  it('obeys the last server that said hello, and closes the one before', async () => {
    const procwrap = launch();
    const first = await dial(procwrap);
    const second = await dial(procwrap);
    await waitUntil('the end of the first link', () => first.lost);
    second.start('1.1.1', project, task([run('rpict')]));
    expect(await second.outcome('1.1.1')).to.include({ is: 'done' });
  });

  it('is alone in its home: a second one leaves with status 0 and says so', async () => {
    const first = launch();
    await dial(first);
    const second = launch();
    expect(await second.over()).to.deep.equal({ exit: 0, signal: null });
    expect(second.log).to.include('another one serves this home already');
    const server = await dial(first);
    expect(server.heard[0]).to.include({ pid: first.child.pid });
  });

  it('leaves at once after a farewell when it has nothing to do, and takes its socket along', async () => {
    const procwrap = launch();
    const server = await dial(procwrap);
    server.link.send({ say: 'farewell' });
    expect(await procwrap.over()).to.deep.equal({ exit: 0, signal: null });
    expect(existsSync(procwrap.socket)).to.equal(false);
  });

  it('stays after a farewell while something runs or is untold', async () => {
    const procwrap = launch();
    const server = await dial(procwrap);
    server.start('1.1.1', project, waits);
    await waitUntil('the program', () => existsSync(at('waiting')));
    server.link.send({ say: 'farewell' });
    server.link.close();
    writeFileSync(at('go'), '');
    await waitUntil('the end', () => procwrap.log.includes('attempt 1.1.1'));
    const next = await dial(procwrap);
    await next.outcome('1.1.1');
    next.link.send({ say: 'acknowledge', attempts: ['1.1.1'] });
    next.link.send({ say: 'farewell' });
    expect(await procwrap.over()).to.deep.equal({ exit: 0, signal: null });
  });

  for (const signal of ['SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGUSR2', 'SIGALRM', 'SIGPROF', 'SIGXCPU'] as const) {
    it(`ends its simulations when it gets ${signal.slice(3)}`, async () => {
      const procwrap = launch();
      const server = await dial(procwrap);
      server.start('1.1.1', project, waits);
      const pid = await server.pid('1.1.1');
      await waitUntil('the program', () => existsSync(at('waiting')));
      procwrap.child.kill(signal);
      expect(await procwrap.over()).to.deep.equal({ exit: 0, signal: null });
      expect(isAlive(pid)).to.equal(false);
      expect(readdirSync(at('proc'))).to.deep.equal([]);
      expect(server.ends).to.deep.equal([]);
    });
  }

  for (const signal of ['SIGHUP', 'SIGUSR1', 'SIGPIPE'] as const) {
    it(`does not mind ${signal.slice(3)}`, async () => {
      const procwrap = launch();
      const server = await dial(procwrap);
      procwrap.child.kill(signal);
      expect(await server.refusal({ ask: 'check', project })).to.equal('answered');
      expect(procwrap.errors).to.equal('');
      server.link.send({ say: 'farewell' });
      expect(await procwrap.over()).to.deep.equal({ exit: 0, signal: null });
    });
  }

  it('takes its simulations along when it is killed, with all that left them', async () => {
    const first = launch();
    const server = await dial(first);
    const escaping = 'env -i setsid sh -c "echo \\$\\$ > escaped; exec /bin/sleep 1000" & echo > waiting; wait';
    server.start('1.1.1', project, task([run('sh', ['-c', escaping])]));
    const pid = await server.pid('1.1.1');
    await waitUntil('the program', () => numberIn('escaped'));
    await first.kill();
    await waitUntil('their end', () => !isAlive(pid) && processesIn(project.path).length === 0);
    const second = await dial(launch());
    expect(second.heard[0]).to.deep.include({ attempts: [] });
  });

  for (const kind of ['c', 'node']) {
    it(`ends what it and its spawner (${kind}) left when both were killed, before it listens`, async () => {
      const first = launch({ RAYSERVER_SPAWNER: kind });
      // A cell would have taken them along.
      const server = await dial(first, { services: services({ mode: 'off' }) });
      const escaping = 'env -i setsid sh -c "echo \\$\\$ > escaped; exec /bin/sleep 1000" & echo > waiting; wait';
      server.start('1.1.1', project, task([run('sh', ['-c', escaping])]));
      const pid = await server.pid('1.1.1');
      const escaped = await waitUntil('the program', () => numberIn('escaped'));
      // Neither has a moment to clean up when both are gone before one of them runs again.
      const spawner = spawnerOf(first);
      for (const one of [spawner, first.child.pid ?? 0]) process.kill(one, 'SIGSTOP');
      process.kill(spawner, 'SIGKILL');
      await first.kill();
      expect(isAlive(escaped)).to.equal(true);
      const second = launch();
      await dial(second);
      expect([isAlive(pid), isAlive(escaped)]).to.deep.equal([false, false]);
      expect(second.log).to.include(`ended process ${escaped}, left by an earlier procwrap`);
    });
  }

  it('says of a simulation whose spawner was killed that it is stopped, and starts the next one', async () => {
    const procwrap = launch();
    const server = await dial(procwrap);
    server.start('1.1.1', project, waits);
    const pid = await server.pid('1.1.1');
    await waitUntil('the program', () => existsSync(at('waiting')));
    process.kill(spawnerOf(procwrap), 'SIGKILL');
    expect(await server.outcome('1.1.1')).to.deep.equal({ is: 'stopped' });
    expect(isAlive(pid)).to.equal(false);
    expect(existsSync(at('x.hdr'))).to.equal(false);
    server.start('1.1.2', project, task([run('rpict')]));
    expect(await server.outcome('1.1.2')).to.include({ is: 'done' });
  });

  it('leaves no zombie of what a killed spawner left', async () => {
    const procwrap = launch();
    const server = await dial(procwrap);
    // The kernel needs a moment to end one with much memory: it ends just while it is looked at.
    const script = "b = Buffer.alloc(2e8, 1); require('fs').writeFileSync('waiting', ''); setInterval(() => b, 1e6)";
    server.start('1.1.1', project, task([run(process.execPath, ['-e', script])]));
    await waitUntil('the program', () => existsSync(at('waiting')));
    process.kill(spawnerOf(procwrap), 'SIGKILL');
    expect(await server.outcome('1.1.1')).to.deep.equal({ is: 'stopped' });
    // Only its own: what an earlier test left to the system may be marked alike, for inodes are used again.
    const children = readFileSync(`/proc/${procwrap.child.pid}/task/${procwrap.child.pid}/children`, 'utf8');
    const pids = children.split(' ').filter(Boolean).map(Number);
    expect(pids.filter((pid) => !isAlive(pid))).to.deep.equal([]);
  });

  it('ends a planning when it is killed, with all that it started', async () => {
    const first = launch();
    const server = await TestServer.dial(first.socket, { radiance: join(fixtures, 'badrad') });
    servers.push(server);
    writeFileSync(at('room.rif'), 'scene= room.rad\n');
    writeFileSync(at('mode'), 'hangs');
    const request = {
      kind: 'radiance' as const,
      rif: 'room.rif',
      views: [],
      set: [],
      force: false,
      ambient: 'shared' as const,
    };
    const answer = server.ask({ ask: 'plan', project, request }).catch((error: Error) => error.message);
    const started = () =>
      findMarked(markOfHome(join(first.home, 'run/inner'))).filter((pid) => pid !== spawnerOf(first));
    const planning = await waitUntil('rad and its child', () => (started().length > 1 ? started() : null));
    await first.kill();
    expect(await answer).to.match(/not connected/);
    await waitUntil('their end', () => !planning.some(isAlive));
  });

  it('says why it cannot serve', async () => {
    const home = join(base.path, 'home');
    mkdirSync(join(home, 'run/inner/procwrap.sock'), { recursive: true, mode: 0o700 });
    const procwrap = launch();
    expect(await procwrap.over()).to.deep.equal({ exit: 1, signal: null });
    expect(procwrap.log).to.match(/procwrap.sock is in the way and is not a socket/);
  });
});
