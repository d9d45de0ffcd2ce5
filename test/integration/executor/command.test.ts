import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { JobLimits, Project } from '../../../src/model/job.ts';
import type { Outcome } from '../../../src/model/task.ts';
import { makeProject, noLimits, temporary } from '../../support/executor.ts';
import { ProcwrapProcess, TestServer } from '../../support/procwrap.ts';
import { waitUntil } from '../../support/wait-until.ts';

/** `R` running, `T` stopped, and so on; null if there is no such process. */
function stateOf(pid: number): string | null {
  try {
    return /\) (\S)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1] ?? null;
  } catch {
    return null;
  }
}

const namesOf = ({ attempts }: { attempts: readonly { attempt: string }[] }) => attempts.map(({ attempt }) => attempt);

describe('frames of any program', () => {
  let base: ReturnType<typeof temporary>;
  let project: Project;
  let procwrap: ProcwrapProcess;
  let server: TestServer;
  const at = (path: string) => join(project.path, path);
  const log = (name: string) => readFileSync(at(`logfiles/${name}.log`), 'utf8');
  const script = (name: string, text: string, mode = 0o755) => {
    writeFileSync(at(name), `#!/bin/sh\n${text}\n`);
    chmodSync(at(name), mode);
  };
  let jobs = 40;
  /** The outcome of frame 1 of a new job. */
  const outcomeOf = async (command: string[], limits: JobLimits = noLimits): Promise<Outcome> => {
    const job = jobs++;
    server.introduce(job, project, command, limits);
    server.startFrames(job, 1);
    return await server.outcome(`${job}.1.1`);
  };
  const reasonOf = async (command: string[]) => ((await outcomeOf(command)) as { reason?: string }).reason;

  beforeEach(async () => {
    base = temporary('command');
    project = makeProject(base.path);
    procwrap = new ProcwrapProcess(base.path);
    server = await TestServer.dial(procwrap.socket);
  });
  afterEach(async () => {
    writeFileSync(at('go'), '');
    await procwrap.kill();
    server.link.close();
    base[Symbol.dispose]();
  });

  it('run with their number in the arguments, in the project, and each has its log', async () => {
    server.introduce(7, project, ['sh', '-c', 'echo "$0 $PWD"; echo again >&2', 'frame-%04d %%d']);
    server.startFrames(7, 3, 1);
    expect(await server.outcome('7.3.1')).to.deep.include({ is: 'done', results: [], skipped: false });
    await server.outcome('7.1.1');
    expect(readdirSync(at('logfiles')).sort()).to.deep.equal(['sh-7.0001.log', 'sh-7.0003.log']);
    const lines = log('sh-7.0003').split('\n');
    expect(lines[0]).to.match(/^# rayserver job 7 task 3 attempt 1, anna, \d{4}-/);
    expect(lines[1]).to.equal('# film, sh-7.0003');
    expect(lines[2]).to.match(/^sh -c /);
    expect(lines.slice(3, 5).sort()).to.deep.equal(['again', `frame-0003 %d ${project.path}`].sort());
    expect(lines[5]).to.match(/^# done, /);
    expect(readdirSync(at('proc'))).to.deep.equal([]);
  });

  it('of a program of the project are found there', async () => {
    mkdirSync(at('bin'));
    script('bin/render', 'echo done here > out.$1');
    expect(await outcomeOf(['bin/render', '%d'])).to.include({ is: 'done' });
    expect(readFileSync(at('out.1'), 'utf8')).to.equal('done here\n');
  });

  it('that fail say how, and show what they said last', async () => {
    const lines = 'i=1; while [ $i -le 30 ]; do echo "line $i"; i=$((i + 1)); done; exit 3';
    const outcome = await outcomeOf(['sh', '-c', lines]);
    expect(outcome).to.deep.include({ is: 'failed', exit: 3, signal: null });
    const { reason, lastLines } = outcome as Extract<Outcome, { is: 'failed' }>;
    expect(reason).to.equal('sh ended with exit status 3.');
    expect(lastLines).to.have.length(20);
    expect(lastLines.at(-1)).to.equal('line 30');
    const crashed = await outcomeOf(['sh', '-c', 'kill -SEGV $$']);
    expect(crashed).to.include({ is: 'failed', exit: null, signal: 'SIGSEGV', reason: 'sh was ended by signal SEGV.' });
  });

  it('of a program that cannot be started say what to do', async () => {
    expect(await reasonOf(['povray-of-nobody'])).to.match(
      /^There is no program "povray-of-nobody" in PATH \(\/.*\): install it on this host, or give its whole path\.$/,
    );
    expect(await reasonOf(['bin/none'])).to.equal(
      'There is no program bin/none in the project: a path that does not begin with / is taken from there.',
    );
    expect(await reasonOf(['/opt/none'])).to.match(/^There is no program \/opt\/none on this host: install it/);
    script('closed', 'exit 0', 0o644);
    expect(await reasonOf(['./closed'])).to.equal(
      './closed cannot be executed: permission denied. Allow it with chmod +x.',
    );
    mkdirSync(at('room'));
    expect(await reasonOf(['./room'])).to.equal('./room cannot be started: it is a directory.');
    writeFileSync(at('old'), '#!/usr/bin/python-of-nobody\n', { mode: 0o755 });
    expect(await reasonOf(['./old'])).to.match(/^\.\/old cannot be started: what its first line names .*not installed/);
    expect(await reasonOf(['sh', '-c', 'exit 0', 'x'.repeat(3_000_000)])).to.match(/arguments are too long/);
    expect(await outcomeOf(['true'])).to.include({ is: 'done' });
  });

  it('have as many slots as the settings say; one that waits ends at once when it is stopped', async () => {
    const wait = 'while [ ! -e go ]; do sleep 0.02; done';
    server.introduce(7, project, ['sh', '-c', wait, '%d']);
    server.startFrames(7, 1, 2, 3, 4);
    await waitUntil('two starts', () => server.started.length === 2);
    server.link.send({ say: 'stop', attempts: ['7.3.1'] });
    expect(await server.outcome('7.3.1')).to.deep.equal({ is: 'stopped' });
    const next = await TestServer.dial(procwrap.socket);
    expect(namesOf(await next.hears('welcome')).sort()).to.deep.equal(['7.1.1', '7.2.1', '7.3.1', '7.4.1']);
    writeFileSync(at('go'), '');
    expect(await next.outcome('7.4.1')).to.include({ is: 'done' });
    expect(await next.outcome('7.3.1')).to.deep.equal({ is: 'stopped' });
    expect(existsSync(at('logfiles/sh-7.0003.log'))).to.equal(false);
    next.link.close();
  });

  it('that wait for a slot come back when they are withdrawn; those that have begun go on, and are told again', async () => {
    server.introduce(7, project, ['sh', '-c', 'while [ ! -e go ]; do sleep 0.02; done', '%d']);
    server.startFrames(7, 1, 2, 3);
    const pid = await server.pid('7.1.1');
    server.link.send({ say: 'withdraw', attempts: ['7.1.1', '7.3.1', '7.9.1'] });
    expect(await server.outcome('7.3.1')).to.deep.equal({ is: 'withdrawn' });
    expect(await server.outcome('7.9.1')).to.deep.equal({ is: 'withdrawn' });
    await waitUntil('told again', () => server.started.filter(({ attempt }) => attempt === '7.1.1').length === 2);
    expect(server.started.filter(({ attempt }) => attempt === '7.1.1')[1]?.pid).to.equal(pid);
    writeFileSync(at('go'), '');
    expect(await server.outcome('7.1.1')).to.include({ is: 'done' });
  });

  it('that are paused stand still, also over a new server, while another one runs', async () => {
    // It starts no other program: where one is stopped on its way, its parent is not shown as stopped.
    const count = 'i=0; while [ ! -e go ]; do i=$((i + 1)); echo $i > count; done';
    server.introduce(7, project, ['sh', '-c', count], { ...noLimits, seconds: 1e6 });
    server.startFrames(7, 1);
    const pid = await server.pid('7.1.1');
    await waitUntil('it counts', () => existsSync(at('count')));
    server.link.send({ say: 'pause', attempts: ['7.1.1'] });
    await waitUntil('it stands still', () => stateOf(pid) === 'T');
    const next = await TestServer.dial(procwrap.socket);
    expect(namesOf(await next.hears('welcome'))).to.deep.equal(['7.1.1']);
    expect(await next.pid('7.1.1')).to.equal(pid);
    next.link.send({ say: 'pause', attempts: ['7.1.1'] });
    next.introduce(8, project, ['true']);
    next.startFrames(8, 1, 2, 3);
    await next.outcome('8.3.1');
    expect(stateOf(pid)).to.equal('T');
    next.link.send({ say: 'resume', attempts: ['7.1.1'] });
    await waitUntil('it goes on', () => stateOf(pid) !== 'T');
    writeFileSync(at('go'), '');
    expect(await next.outcome('7.1.1')).to.include({ is: 'done' });
    next.link.close();
  });

  it('that are paused can be stopped, and hear of it', async () => {
    const polite = 'trap "echo bye; exit 0" TERM; echo > waiting; while :; do :; done';
    server.introduce(7, project, ['sh', '-c', polite]);
    server.startFrames(7, 1);
    const pid = await server.pid('7.1.1');
    await waitUntil('the program', () => existsSync(at('waiting')));
    server.link.send({ say: 'pause', attempts: ['7.1.1'] });
    await waitUntil('it stands still', () => stateOf(pid) === 'T');
    server.link.send({ say: 'stop', attempts: ['7.1.1'] });
    expect(await server.outcome('7.1.1')).to.deep.equal({ is: 'stopped' });
    // The shell may say of its own child, on the other stream, that it was terminated.
    expect(log('sh-7.0001')).to.match(/^bye\n(Terminated\n)?# stopped, /m);
  });

  it('that run too long, or say nothing for too long, are ended with the reason', async () => {
    let lastLines: string[] = [];
    // On a busy machine it may have said nothing by then.
    for (const seconds of [0.3, 3, 30]) {
      const long = await outcomeOf(['sh', '-c', 'while :; do echo x; sleep 0.01; done'], { ...noLimits, seconds });
      expect(long).to.include({
        is: 'failed',
        reason: `It was ended because it ran longer than ${seconds} seconds (limit of the job, or setting "limits.seconds").`,
      });
      ({ lastLines } = long as { lastLines: string[] });
      if (lastLines.length > 0) break;
    }
    expect(lastLines).to.include('x');
    const quiet = await outcomeOf(['sleep', '1000'], { ...noLimits, progressSeconds: 0.2 });
    expect((quiet as { reason: string }).reason).to.match(/said nothing and made no progress for 0.2 seconds/);
    expect(quiet).to.include({ signal: 'SIGTERM' });
  });

  it('that close their output, or never read, end as they would', async () => {
    expect(await outcomeOf(['sh', '-c', 'exec >&- 2>&-; i=0; while [ $i -lt 3 ]; do i=$((i + 1)); done'])).to.include({
      is: 'done',
    });
    expect(await outcomeOf(['cat'])).to.include({ is: 'done' });
  });

  it('have arguments as long as Linux takes them, and say so where one is longer', async () => {
    const length = ['sh', '-c', '[ $(printf %s "$1" | wc -c) = 131071 ]', 'sh'];
    expect(await outcomeOf([...length, 'x'.repeat(131_071), 'x'.repeat(131_071)])).to.include({ is: 'done' });
    expect(await reasonOf([...length, 'x'.repeat(131_072)])).to.equal(
      'sh cannot be started: its arguments are too long for the system.',
    );
  });

  it('see a project that was replaced by another, and one that is gone', async () => {
    expect(await outcomeOf(['sh', '-c', 'echo > first'])).to.include({ is: 'done' });
    rmSync(project.path, { recursive: true });
    expect(await outcomeOf(['true'])).to.include({ is: 'postponed', awaits: 'project' });
    mkdirSync(project.path);
    expect(await outcomeOf(['sh', '-c', 'echo > second'])).to.include({ is: 'done' });
    expect(readdirSync(project.path).sort()).to.deep.equal(['logfiles', 'proc', 'second']);
  });

  it('can be followed while their log outgrows its bound: nothing comes twice', async () => {
    const small = await TestServer.dial(procwrap.socket, { logBytes: 4096 });
    small.introduce(7, project, ['sh', '-c', 'i=0; while [ ! -e go ]; do i=$((i+1)); echo line $i.; done'], noLimits);
    small.startFrames(7, 1);
    let text = '';
    const readUntil = async (what: string, isEnough: () => boolean) => {
      let next = 0;
      await waitUntil(what, async () => {
        const part = await small.ask({ ask: 'log', project, job: 7, name: 'sh-7.0001', offset: next });
        text += part.text;
        next = part.next;
        return isEnough();
      });
    };
    await readUntil('three times that something is left out', () => text.split('bytes left out').length > 3);
    writeFileSync(at('go'), '');
    await small.outcome('7.1.1');
    small.link.close();
    const lines = [...text.matchAll(/^line (\d+)\.$/gm)].map(([, number]) => Number(number));
    expect(lines.length).to.be.greaterThan(100);
    expect(lines).to.deep.equal([...new Set(lines)].sort((one, other) => one - other));
  });

  it('whose log directory was removed in between make it again', async () => {
    for (let round = 0; round < 3; round++) {
      rmSync(at('logfiles'), { recursive: true, force: true });
      expect(await outcomeOf(['true'])).to.deep.include({ is: 'done', warnings: [] });
      expect(readdirSync(at('logfiles'))).to.have.length(1);
    }
  });

  it('of a job that nobody introduced are not started, and said to be stopped', async () => {
    server.startFrames(9, 1);
    expect(await server.outcome('9.1.1')).to.deep.equal({ is: 'stopped' });
    server.introduce(9, project, ['true']);
    server.link.send({ say: 'forget', job: 9 });
    server.startFrames(9, 2);
    expect(await server.outcome('9.2.1')).to.deep.equal({ is: 'stopped' });
    expect(procwrap.log).to.match(/attempt 9\.1\.1 of a job that was not introduced/);
  });

  it('wait while procwrap has no descriptors to give, and it survives that', async () => {
    // Enough to live on, too few for all these programs at once.
    const used = readdirSync(`/proc/${procwrap.child.pid}/fd`).length;
    execFileSync('prlimit', ['--pid', `${procwrap.child.pid}`, `--nofile=${used + 16}`]);
    const many = await TestServer.dial(procwrap.socket, { slots: 20 });
    many.introduce(7, project, ['sh', '-c', 'sleep 0.1']);
    many.startFrames(7, ...Array.from({ length: 20 }, (_, index) => index + 1));
    for (let frame = 1; frame <= 20; frame++) {
      expect(await many.outcome(`7.${frame}.1`)).to.include({ is: 'done' });
    }
    many.link.close();
  });
});
