import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { expect } from 'chai';
import Type from 'typebox';
import { Value } from 'typebox/value';
import { FindingList, HostList, JobList, JobView, LogView, ServerView, TaskView } from '../../src/protocol/api.ts';
import type { Caller } from '../../src/web/farm.ts';
import { nobody, processesWith } from '../support/lab.ts';
import { MemoryFarm } from '../support/memory-farm.ts';
import { MemoryHome } from '../support/memory-home.ts';
import { type Ended, Running, type RunOptions, temporaryDirectory, top } from '../support/program.ts';
import { skip } from '../support/skip.ts';
import { ownName, Sshd, sshMissing } from '../support/sshd.ts';
import { TerminalRun } from '../support/terminal.ts';
import { waitUntil } from '../support/wait-until.ts';
import { token } from '../support/web-port.ts';

const program = join(top, 'build/src/bin/rayctl.js');
const finished = { state: 'done', progress: 1, finishedAt: '2026-11-22T10:31:00.000Z' } as const;
const clean = { RAYSERVER: undefined, RAYSERVER_HOME: undefined, RAYSERVER_TOKEN: undefined, RAYSERVER_SSH: undefined };

/** A log that grows, task after task. */
class TalkingFarm extends MemoryFarm {
  readonly parts: { task: number; attempt?: number; text: string; ended: boolean }[] = [];

  /** The port as it was opened for the test. */
  port = 0;

  override async server(caller: Caller) {
    return { ...(await super.server(caller)), port: this.port };
  }

  override async log(_id: number, task: number | null, offset: number) {
    const number = task ?? this.parts.at(-1)?.task ?? 1;
    const { text = '', ended = false, attempt = 1 } = this.parts.find((part) => part.task === number) ?? {};
    return { task: number, attempt, text: text.slice(offset), next: text.length, ended };
  }
}

describe('rayctl', () => {
  let home: MemoryHome;
  let farm: TalkingFarm;
  let project: string;

  const start = (args: string[], options: RunOptions = {}) =>
    new Running(process.execPath, [program, ...args], {
      cwd: home.directory,
      ...options,
      env: { ...clean, HOME: home.directory, NO_COLOR: undefined, ...options.env },
    });
  const rayctl = (...args: string[]): Promise<Ended> => start(['--home', home.home.path, ...args]).ended;
  const json = async (...args: string[]): Promise<unknown> => {
    const { status, stdout, stderr } = await rayctl(...args, '--json');
    expect([status, stderr]).to.deep.equal([0, '']);
    return JSON.parse(stdout);
  };
  const http = () => ['--server', `http://127.0.0.1:${home.port}`, '--token-file', home.home.tokenFile];

  beforeEach(async () => {
    farm = new TalkingFarm();
    home = await MemoryHome.open(farm);
    farm.port = home.port;
    project = join(home.directory, 'house');
    mkdirSync(project);
    writeFileSync(join(project, 'room.rif'), '');
  });
  afterEach(() => home.remove());

  describe('submit', () => {
    it('prints the number of the job', async () => {
      const ended = await rayctl('submit', 'house/room.rif', '--name', 'evening', '--priority', '-5');
      expect(ended).to.deep.include({ status: 0, stdout: 'Job 1 submitted.\n', stderr: '' });
      expect(await farm.job(1)).to.deep.include({ name: 'evening', priority: -5, user: 'ann' });
    });

    it('prints the job for programs', async () => {
      const job = await json('submit', 'house/room.rif');
      expect(Value.Check(JobView, job)).to.equal(true);
    });

    it('hands on views, variables, --ambient, --force and --replace', async () => {
      const requests: unknown[] = [];
      const submit = farm.submit.bind(farm);
      farm.submit = (caller, request, key) => {
        requests.push(request);
        return submit(caller, request, key);
      };
      const options = [
        '--view',
        'a',
        '--view',
        'b c',
        '--set',
        'QUALITY=High',
        '--set',
        'render=-ab 2',
        '--ambient',
        'freeze',
        '--force',
        '--replace',
      ];
      expect((await rayctl('submit', 'house/room.rif', ...options)).status).to.equal(0);
      expect(requests).to.deep.equal([
        {
          kind: 'radiance',
          project: { path: project },
          rif: 'room.rif',
          views: ['a', 'b c'],
          set: [
            { variable: 'QUALITY', value: 'High' },
            { variable: 'render', value: '-ab 2' },
          ],
          ambient: 'freeze',
          force: true,
          replace: true,
        },
      ]);
    });

    it('tells what is up to date', async () => {
      const add = farm.add.bind(farm);
      const notes = ['View "inside" is up to date.'];
      farm.add = (changes) => add({ ...changes, ...finished, notes, reason: notes.join(' ') });
      const ended = await rayctl('submit', 'house/room.rif', '--wait');
      expect(ended.stdout).to.equal('Job 1 submitted.\nView "inside" is up to date.\nJob 1 is done.\n');
      expect(ended.status).to.equal(0);
    });

    it('tells which job is in the way, and how to stop it', async () => {
      const ended = await start([...http(), 'submit', '/busy/room.rif']).ended;
      expect(ended.status).to.equal(1);
      expect(ended.stderr).to.match(
        /^rayctl: Job 1 is rendering this view\.\nStop it and render anew with --replace\.\n/,
      );
      expect(ended.stderr).to.include('rayctl show 1 --server http://127.0.0.1:');
    });

    it('tells what is in the way to programs, too', async () => {
      const ended = await start([...http(), 'submit', '/busy/room.rif', '--json']).ended;
      expect(JSON.parse(ended.stderr)).to.deep.equal({
        error: { code: 'view-busy', message: 'Job 1 is rendering this view.', job: 1 },
      });
    });

    const mistakes: [string, string[], RegExp][] = [
      ['a file that is not there', ['house/other.rif'], /No such file "house\/other\.rif"\./],
      ['a directory', ['house'], /"house" is a directory\. Name one of its \.rif files: room\.rif\./],
      ['no file', [], /missing required argument 'FILE\.rif'/],
      ['two files', ['house/room.rif', 'house/room.rif'], /too many arguments/],
      ['a priority that is no number', ['house/room.rif', '--priority', 'high'], /whole number from -1000 to 1000/],
      ['a priority out of range', ['house/room.rif', '--priority', '1001'], /whole number from -1000 to 1000/],
      ['a variable without a value', ['house/room.rif', '--set', 'QUALITY'], /such as QUALITY=High/],
      ['a name that is no variable', ['house/room.rif', '--set', 'a b=c'], /such as QUALITY=High/],
      ['an empty view', ['house/room.rif', '--view', ''], /1 to 200 characters/],
      ['an option that is none', ['house/room.rif', '--fast'], /unknown option '--fast'/],
    ];
    for (const [what, args, message] of mistakes) {
      it(`refuses ${what}`, async () => {
        const ended = await rayctl('submit', ...args);
        expect([ended.status, ended.stdout]).to.deep.equal([2, '']);
        expect(ended.stderr)
          .to.match(/^rayctl: /)
          .and.to.match(message);
      });
    }

    it('refuses a project that the server refuses', async () => {
      const ended = await start([...http(), 'submit', '/missing/room.rif']).ended;
      expect(ended).to.deep.include({ status: 1, stderr: 'rayctl: No such project "/missing".\n' });
    });
  });

  describe('--wait and wait', () => {
    it('tells in lines how the job comes on, and where its results are', async () => {
      const run = start(['--home', home.home.path, 'submit', 'house/room.rif', '--wait']);
      await run.says('Job 1 submitted.');
      await waitUntil('a watcher', () => farm.watchers(1) === 1);
      farm.change(1, { state: 'running', progress: 0.345, secondsLeft: 20 });
      await waitUntil('a line of progress', () => run.stderr.includes('34 %'));
      const results = [{ path: 'images/room_inside.hdr', bytes: 12, sha256: 'x' }];
      farm.change(1, { ...finished, results });
      const ended = await run.ended;
      expect(ended.stderr).to.equal('job 1: waiting\njob 1: 34 %, 20 s left\njob 1: done\n');
      expect(ended.stdout).to.equal('Job 1 submitted.\nJob 1 is done.\n/projects/room/images/room_inside.hdr\n');
      expect(ended.status).to.equal(0);
    });

    it('a failed job: the reason, the last lines, where the log is, 1', async () => {
      const reason = 'rpict failed: undefined modifier.';
      farm.add({
        state: 'failed',
        finishedAt: finished.finishedAt,
        reason,
        lastLines: ['rpict: fatal - \u001b[31mbad'],
      });
      const ended = await rayctl('wait', '1');
      expect(ended.status).to.equal(1);
      expect(ended.stderr).to.include(`Job 1 failed: ${reason}\n  | rpict: fatal - \\x1b[31mbad\n`);
      expect(ended.stderr).to.include(`The whole log: rayctl log 1 --home ${home.home.path}\n`);
    });

    it('a cancelled job: 3', async () => {
      farm.add({ state: 'cancelled', finishedAt: finished.finishedAt, reason: 'Cancelled by bob.' });
      const ended = await rayctl('wait', '1');
      expect([ended.status, ended.stdout]).to.deep.equal([3, 'Job 1 is cancelled: Cancelled by bob.\n']);
    });

    it('several jobs, for programs', async () => {
      farm.add(finished);
      farm.add({ state: 'failed', finishedAt: finished.finishedAt, reason: 'No.' });
      const ended = await rayctl('wait', '2', '1', '2', '--json');
      expect([ended.status, ended.stderr]).to.deep.equal([1, '']);
      const list: unknown = JSON.parse(ended.stdout);
      if (!Value.Check(JobList, list)) throw new Error(ended.stdout);
      expect(list.jobs.map(({ id }) => id)).to.deep.equal([2, 1]);
    });

    it('a job that is not there ends the waiting for the others', async () => {
      farm.add();
      const ended = await rayctl('wait', '1', '99');
      expect(ended.status).to.equal(1);
      expect(ended.stderr).to.include('rayctl: There is no job 99.\n');
    });

    it('goes on when the server restarts', async () => {
      farm.add();
      const run = start(['--home', home.home.path, 'wait', '1']);
      await waitUntil('the first line', () => run.stderr.includes('job 1: waiting'));
      await home.stop();
      farm.change(1, finished);
      await home.start();
      expect(await run.ended).to.deep.include({ status: 0, stdout: 'Job 1 is done.\n' });
    });

    it('Ctrl-C before the server has answered says that the job may be there', async () => {
      let asked = false;
      farm.beforeSubmit = () => {
        asked = true;
        return new Promise(() => undefined);
      };
      const run = start(['--home', home.home.path, 'submit', 'house/room.rif', '--wait']);
      await waitUntil('the request', () => asked);
      run.kill('SIGINT');
      const ended = await run.ended;
      expect(ended.status).to.equal(130);
      expect(ended.stderr).to.equal(
        `The server had not answered yet: the job may be submitted. See rayctl jobs --home ${home.home.path}\n`,
      );
    });

    it('Ctrl-C leaves the job running, says so, and ends with 130', async () => {
      const run = start(['--home', home.home.path, 'submit', 'house/room.rif', '--wait']);
      await waitUntil('a watcher', () => farm.watchers(1) === 1);
      run.kill('SIGINT');
      const ended = await run.ended;
      expect([ended.status, ended.signal]).to.deep.equal([130, null]);
      expect(ended.stderr).to.include(`Job 1 goes on. Come back with: rayctl wait 1 --home ${home.home.path}\n`);
      expect((await farm.job(1)).state).to.equal('waiting');
    });
  });

  describe('on a terminal', () => {
    const onTerminal = (columns: number, args: string[], env = {}) =>
      new TerminalRun(
        columns,
        [process.execPath, program, '--home', home.home.path, ...args],
        { ...clean, HOME: home.directory, ...env },
        home.directory,
      );

    it('a bar shows the job, the view, how far it is and the time left', async () => {
      const run = onTerminal(70, ['submit', 'house/room.rif', '--wait']);
      await waitUntil('a watcher', () => farm.watchers(1) === 1);
      const tasks = { total: 1, waiting: 0, running: 1, paused: 0, done: 0, failed: 0, cancelled: 0 };
      farm.change(1, { state: 'running', progress: 0.45, secondsLeft: 95, tasks });
      await run.shows(/job 1 {2}view inside {2}█+[▏▎▍▌▋▊▉]?░+ {2} 45 % {2}2 min left/);
      farm.change(1, { ...finished, results: [{ path: 'a.hdr', bytes: 12, sha256: 'x' }] });
      expect(await run.ended).to.equal(0);
      expect(run.seen).to.include('\u001b[32mJob 1 is done.');
      expect(run.seen).to.include('/projects/room/a.hdr');
      expect(run.seen).to.include('As a PNG: rayctl get 1 --png');
      expect(run.seen).to.include('\u001b[?25h');
    });

    it('says that a job is being planned where that takes long', async () => {
      let answer = () => {};
      farm.beforeSubmit = () =>
        new Promise((resolve) => {
          answer = () => resolve(undefined);
        });
      const run = onTerminal(70, ['submit', 'house/room.rif']);
      await run.shows('Planning room.rif ...');
      answer();
      expect(await run.ended).to.equal(0);
      expect(run.seen).to.match(/Planning room\.rif \.\.\..*Job 1 submitted\./s);
    });

    it('NO_COLOR leaves the colours away', async () => {
      farm.add(finished);
      const run = onTerminal(70, ['wait', '1'], { NO_COLOR: '1' });
      expect(await run.ended).to.equal(0);
      expect(run.seen).to.include('Job 1 is done.');
      expect(run.seen).not.to.match(/\u001b\[\d+m/);
    });

    it('Ctrl-C gives the terminal back', async () => {
      farm.add();
      const run = onTerminal(70, ['wait', '1']);
      await waitUntil('a watcher', () => farm.watchers(1) === 1);
      await run.shows('job 1');
      run.type('\u0003');
      expect(await run.ended).to.equal(130);
      expect(run.seen).to.match(/\u001b\[\?25h(.|\n|\r)*Job 1 goes on\. Come back with: rayctl wait 1/);
    });

    it('a table is cut to its width', async () => {
      farm.add({ name: 'a'.repeat(300) });
      const run = onTerminal(60, ['jobs']);
      expect(await run.ended).to.equal(0);
      const lines = run.seen.trimEnd().split('\r\n');
      expect(lines.map((line) => line.length)).to.deep.equal([lines[0]?.length, 60]);
      expect(lines[1]).to.match(/aaa…$/);
    });

    it('help is as wide as it', async () => {
      const run = onTerminal(80, ['submit', '--help']);
      expect(await run.ended).to.equal(0);
      for (const line of run.seen.split('\r\n')) expect(line.length).to.be.at.most(80);
    });
  });

  describe('jobs, show, log', () => {
    it('lists jobs, the newest first', async () => {
      farm.add({ name: 'one\u001b[2J' });
      farm.add({ state: 'running', progress: 0.5, secondsLeft: 90, name: 'two' });
      const { stdout, status } = await rayctl('jobs');
      const [head, second, first] = stdout.split('\n');
      expect(status).to.equal(0);
      expect(head).to.match(/^JOB {2}STATE +DONE +LEFT +USER +SUBMITTED +NAME +PROJECT$/);
      expect(second).to.match(
        /^ {2}2 {2}running +50 % {2}2 min {2}ann +2026-11-22 \d\d:\d\d {2}two +\/projects\/room$/,
      );
      expect(first).to.match(/^ {2}1 {2}waiting +0 % .* one\\x1b\[2J {2}\/projects\/room$/);
    });

    it('lists jobs that wait for something outside without the time that they take', async () => {
      farm.add({
        state: 'running',
        progress: 0.5,
        secondsLeft: 90,
        reason: 'The project /projects/room is not there.',
      });
      expect((await rayctl('jobs')).stdout).to.match(/^ {2}1 {2}running +50 % {2}waits {2}ann /m);
    });

    it('lists so many, of one state, for programs', async () => {
      for (let count = 0; count < 3; count += 1) farm.add();
      farm.change(2, { state: 'running' });
      const two = await json('jobs', '--limit', '2');
      if (!Value.Check(JobList, two)) throw new Error('no list');
      expect([two.jobs.map(({ id }) => id), two.next]).to.deep.equal([[3, 2], 2]);
      const running = await json('jobs', '--state', 'running');
      if (!Value.Check(JobList, running)) throw new Error('no list');
      expect(running.jobs.map(({ id }) => id)).to.deep.equal([2]);
    });

    it('reads as many pages as it takes', async () => {
      for (let count = 0; count < 450; count += 1) farm.add();
      const list = await json('jobs', '--limit', '430');
      if (!Value.Check(JobList, list)) throw new Error('no list');
      expect([list.jobs.length, list.jobs.at(-1)?.id, list.next]).to.deep.equal([430, 21, 21]);
    });

    it('says that there are none', async () => {
      expect((await rayctl('jobs')).stdout).to.equal('No jobs.\n');
      expect((await rayctl('jobs', '--state', 'failed')).stdout).to.equal('No job is failed.\n');
    });

    it('shows a job and its tasks', async () => {
      const results = [{ path: 'images/a.hdr', bytes: 3_400_000, sha256: 'x' }];
      farm.add({ ...finished, results, notes: ['View "b" is up to date.'] });
      const { stdout, status } = await rayctl('show', '1');
      expect(status).to.equal(0);
      for (const line of [
        /^State +done$/m,
        /^Result +\/projects\/room\/images\/a\.hdr \(3\.4 MB\)$/m,
        /^Note +View "b"/m,
      ]) {
        expect(stdout).to.match(line);
      }
      expect(stdout).to.match(/^TASK {2}STEP {2}VIEW +TRY +STATE/m);
      expect(stdout).to.match(/^ {3}1 {2}view {2}inside +1 {2}done +50 % {2}here$/m);
    });

    it('shows a job for programs', async () => {
      farm.add();
      const Shown = Type.Intersect([JobView, Type.Object({ taskList: Type.Array(TaskView) })]);
      expect(Value.Check(Shown, await json('show', '1'))).to.equal(true);
    });

    it('prints a log, control characters made visible', async () => {
      farm.add();
      farm.parts.push({ task: 1, text: 'rpict: 34%\n\u001b]0;evil\u0007\n', ended: true });
      expect((await rayctl('log', '1')).stdout).to.equal('rpict: 34%\n\\x1b]0;evil\\x07\n');
      const log = await json('log', '1', '--task', '1');
      if (!Value.Check(LogView, log)) throw new Error('no log');
      expect(log.text).to.equal('rpict: 34%\n\u001b]0;evil\u0007\n');
    });

    it('follows a log from task to task, until the job ends', async () => {
      farm.add({ state: 'running' });
      farm.parts.push({ task: 1, text: 'octree\n', ended: false });
      const run = start(['--home', home.home.path, 'log', '1', '--follow']);
      await run.says('octree\n');
      farm.parts[0] = { task: 1, text: 'octree\ndone\n', ended: true };
      await run.says('done\n');
      farm.parts.push({ task: 2, text: 'view\n', ended: true });
      await run.says('view\n');
      farm.change(1, finished);
      const ended = await run.ended;
      expect(ended).to.deep.include({ status: 0, stdout: 'octree\ndone\nview\n' });
      expect(ended.stderr).to.equal('==> task 1 <==\n==> task 2 <==\n');
    });

    it('a job that is not there', async () => {
      for (const verb of ['show', 'log', 'cancel', 'get']) {
        const ended = await rayctl(verb, '99');
        if (verb === 'log') continue;
        expect(ended).to.deep.include({ status: 1, stdout: '', stderr: 'rayctl: There is no job 99.\n' });
      }
    });

    for (const word of ['0', '-1', 'x', '1.5', '99999999999999999']) {
      it(`refuses "${word}" as the number of a job`, async () => {
        expect((await rayctl('show', word)).status).to.equal(2);
      });
    }
  });

  describe('cancel', () => {
    it('cancels, and says for each job what happened', async () => {
      farm.add();
      farm.add(finished);
      farm.add();
      const ended = await rayctl('cancel', '1', '2', '3');
      expect(ended.status).to.equal(1);
      expect(ended.stdout).to.equal('Job 1 is cancelled.\nJob 3 is cancelled.\n');
      expect(ended.stderr).to.equal('rayctl: Job 2 has ended.\n2 jobs of 3 cancelled.\n');
    });

    it('prints the jobs for programs', async () => {
      farm.add();
      const list = await json('cancel', '1');
      if (!Value.Check(JobList, list)) throw new Error('no list');
      expect(list.jobs.map(({ state }) => state)).to.deep.equal(['cancelled']);
    });
  });

  describe('get', () => {
    const picture = Buffer.from('#?RADIANCE\n\npicture');
    const path = 'images/room_inside.hdr';
    beforeEach(() => {
      const sha256 = createHash('sha256').update(picture).digest('hex');
      farm.add({ ...finished, results: [{ path, bytes: picture.length, sha256 }] });
      farm.keep(path, picture);
      farm.keep(`${path} as png`, Buffer.from('PNG'));
    });
    const file = (name: string) => join(home.directory, name);

    it('fetches the picture under its own name', async () => {
      const ended = await rayctl('get', '1');
      expect(ended).to.deep.include({ status: 0, stdout: `${file('room_inside.hdr')} (19 bytes)\n`, stderr: '' });
      expect(readFileSync(file('room_inside.hdr')).equals(picture)).to.equal(true);
    });

    it('fetches it as a PNG', async () => {
      expect(await json('get', '1', '--png', '--view', 'inside')).to.deep.equal({
        job: 1,
        path,
        file: file('room_inside.png'),
        bytes: 3,
      });
      expect(readFileSync(file('room_inside.png'), 'utf8')).to.equal('PNG');
    });

    it('never writes over a file, unless told so', async () => {
      writeFileSync(file('a.hdr'), 'precious');
      const kept = await rayctl('get', '1', '--output', 'a.hdr');
      expect(kept.status).to.equal(2);
      expect(kept.stderr).to.include(`${file('a.hdr')} exists. Write over it with --force`);
      expect(readFileSync(file('a.hdr'), 'utf8')).to.equal('precious');
      expect((await rayctl('get', '1', '--output', 'a.hdr', '--force')).status).to.equal(0);
      expect(readFileSync(file('a.hdr')).equals(picture)).to.equal(true);
    });

    it('writes to a pipe', async () => {
      const ended = await rayctl('get', '1', path, '--output', '-');
      expect(ended).to.deep.include({ status: 0, stdout: picture.toString() });
    });

    it('says that the picture has changed since', async () => {
      farm.keep(path, Buffer.from('another'));
      const ended = await rayctl('get', '1');
      expect(ended).to.deep.include({ status: 0, stderr: `${path} has changed since job 1 made it.\n` });
    });

    it('leaves nothing behind when the connection breaks', async () => {
      farm.files.set(path, () => ({ bytes: 1_000_000, stream: Readable.from([Buffer.alloc(100_000)]) }));
      const ended = await rayctl('get', '1');
      expect(ended.status).to.equal(69);
      expect(ended.stderr).to.equal('rayctl: The connection broke before the file was whole. Nothing is kept of it.\n');
      expect(readdirSync(home.directory).sort()).to.deep.equal(['home', 'house']);
    });

    it('says where it cannot write', async () => {
      const ended = await rayctl('get', '1', '--output', 'nowhere/a.hdr');
      expect(ended).to.deep.include({
        status: 1,
        stderr: `rayctl: Cannot write ${file('nowhere/a.hdr')}: there is no such directory.\n`,
      });
      expect((await rayctl('get', '1', '--output', 'house')).stderr).to.include('house is a directory.');
    });

    it('lets no result choose where it is written', async () => {
      farm.add({ ...finished, results: [{ path: 'images/..', bytes: 1, sha256: 'x' }] });
      const ended = await rayctl('get', '2', 'images/..');
      expect([ended.status, ended.stderr]).to.deep.equal([
        2,
        'rayctl: images/.. has an odd name. Name a file with --output.\n',
      ]);
    });
  });

  describe('hosts, server, doctor', () => {
    it('lists the hosts', async () => {
      expect((await rayctl('hosts')).stdout).to.equal('HOST  SLOTS  RUNNING  STATE\nhere      2        1  connected\n');
      expect(Value.Check(HostList, await json('hosts'))).to.equal(true);
    });

    it('tells which server answers', async () => {
      expect((await rayctl('server')).stdout).to.match(
        /^Server +rayserver 1\.2\.3 on here, port \d+, process 99\nRuns as +ray:ray\n/,
      );
      expect(Value.Check(ServerView, await json('server'))).to.equal(true);
    });

    it('finds nothing wrong, the port being ours', async () => {
      const ended = await rayctl('doctor', 'house');
      expect(ended.stdout).to.match(/^ok +node +Node v/);
      expect(ended.stdout).to.match(/^ok +server +Version 1\.2\.3 runs as ray:ray and knows you as ann\.$/m);
      expect(ended.stdout).to.match(new RegExp(`^ok +${project} +All is well`, 'm'));
      expect(ended.stdout).to.match(/^ok +port +The server answers on port \d+\.$/m);
      expect(ended.stdout).not.to.match(/^error/m);
      expect(ended.status).to.equal(0);
      expect(Value.Check(FindingList, await json('doctor'))).to.equal(true);
    });

    it('asks the server to mend an ambient file, and to keep what is cut off', async () => {
      expect((await rayctl('doctor', '--mend', 'f.amb')).stdout).to.match(/f\.amb +All is well\.\n +mend it: cut$/m);
      expect((await rayctl('doctor', '--mend', '--keep', 'f.amb')).stdout).to.match(/^ +mend it: keep$/m);
      const wrong = await rayctl('doctor', '--mend');
      expect([wrong.status, wrong.stderr]).to.deep.equal([2, 'rayctl: --mend needs the name of an ambient file.\n']);
      const alone = await rayctl('doctor', '--keep', 'f.amb');
      expect([alone.status, alone.stderr]).to.deep.equal([2, 'rayctl: --keep goes with --mend only.\n']);
    });

    it('finds what is wrong where no server runs, each with what mends it', async () => {
      await home.stop();
      chmodSync(home.home.run, 0o755);
      chmodSync(home.home.tokenFile, 0o644);
      chmodSync(project, 0o755);
      writeFileSync(home.home.hostsFile, 'here many\n');
      const ended = await rayctl('doctor', 'house');
      expect(ended.status).to.equal(1);
      for (const line of [
        /^error +server +No server answers at .*submit\.sock \(there is no such socket\)\.\n +mend it: rayserver --home .*$/m,
        /^error +your group +Everybody may enter .*\n +mend it: chmod o-rwx .*home\/run$/m,
        /^error +token +Everybody on this machine may read .*\n +mend it: chmod o-rwx .*token$/m,
        /^error +hosts +.*hosts:1: expected a number of processors.*\n +mend it: "\$\{EDITOR:-vi\}" \+1 .*config\/hosts$/m,
        /^warning +project +The group may not write in .*\n +mend it: chmod g\+ws .*house$/m,
        /^ok +port +Port \d+ is free\.$/m,
      ]) {
        expect(ended.stdout).to.match(line);
      }
      writeFileSync(join(project, 'room.amb'), '');
      expect((await rayctl('doctor', 'house/room.amb')).stdout).to.match(
        /^warning +ambient file +Only the server looks into .*house\/room\.amb\.\n +mend it: rayserver --home /m,
      );
    });

    it('finds another program on the port', async () => {
      const { port } = home;
      await home.stop();
      const stranger = createTcpServer((socket) => socket.end('220 mail.example ESMTP\r\n'));
      await new Promise<void>((resolve) => stranger.listen(port, '127.0.0.1', resolve));
      const ended = await rayctl('doctor');
      stranger.close();
      expect(ended.stdout).to.match(
        /^error +port +Another program holds port \d+\.\n +mend it: rayserver --home \S+ --port \d+$/m,
      );
    });

    it('finds a home that is not there', async () => {
      const ended = await start(['--home', join(home.directory, 'none'), 'doctor']).ended;
      expect(ended.status).to.equal(1);
      expect(ended.stdout).to.match(/^error +home +There is no .*none: no server has run here\.$/m);
    });
  });

  describe('a server that is not there, or closed', () => {
    it('says how to start it, 69', async () => {
      await home.stop();
      const ended = await rayctl('jobs');
      expect(ended.status).to.equal(69);
      expect(ended.stderr).to.equal(
        `rayctl: No server answers at ${home.home.submitSocket} (there is no such socket).\nStart it with: rayserver --home ${home.home.path}\n`,
      );
      const told = await rayctl('jobs', '--json');
      expect(JSON.parse(told.stderr)).to.have.nested.property('error.code', 'unreachable');
    });

    it('a wrong address, 2', async () => {
      const ended = await start(['--server', 'farm:9182', 'jobs']).ended;
      expect([ended.status, ended.stdout]).to.deep.equal([2, '']);
      expect(ended.stderr).to.match(/^rayctl: Not the address of a server: "farm:9182"\./);
    });

    it('RAYSERVER and RAYSERVER_TOKEN name it', async () => {
      const env = { RAYSERVER: `http://127.0.0.1:${home.port}`, RAYSERVER_TOKEN: token };
      expect((await start(['server', '--json'], { env }).ended).stdout).to.include('"you": "token"');
    });

    it('a wrong token, 77', async () => {
      const env = { RAYSERVER: `http://127.0.0.1:${home.port}`, RAYSERVER_TOKEN: 'wrong' };
      const ended = await start(['jobs'], { env }).ended;
      expect(ended.status).to.equal(77);
      expect(ended.stderr).to.match(/^rayctl: The token is not the one of this server/);
    });

    it('a stranger is not in the group, 77, and doctor tells how to get in', async function () {
      if (!nobody) skip(this, 'only root can run rayctl as another user');
      chmodSync(home.directory, 0o755);
      const ended = await start(['--home', home.home.path, 'jobs'], { user: nobody }).ended;
      expect(ended.status).to.equal(77);
      expect(ended.stderr).to.match(
        /submit\.sock is closed to you: you are not in its group\.\nSee what is wrong with: rayctl doctor/,
      );
      const found = await start(['--home', home.home.path, 'doctor'], { user: nobody }).ended;
      expect(found.status).to.equal(1);
      expect(found.stdout).to.match(
        /^error +your group +You are not in the group root, which alone may submit\.\n +mend it: sudo usermod -aG root nobody/m,
      );
    });

    it('a hosts file that is damaged is named with its line', async () => {
      writeFileSync(home.home.hostsFile, 'here 2\nthere\n');
      const ended = await rayctl('submit', 'house/room.rif');
      expect([ended.status, ended.stdout]).to.deep.equal([1, '']);
      expect(ended.stderr).to.include(`${home.home.hostsFile}:2: expected a number of processors`);
    });
  });

  describe('the command line', () => {
    it('suggests the verb that was meant', async () => {
      const ended = await rayctl('sumbit', 'house/room.rif');
      expect(ended.status).to.equal(2);
      expect(ended.stderr).to.equal("rayctl: unknown command 'sumbit'\n(Did you mean submit?)\nTry rayctl --help.\n");
    });

    it('explains itself where nothing is said', async () => {
      const ended = await start([]).ended;
      expect([ended.status, ended.stdout]).to.deep.equal([2, '']);
      expect(ended.stderr).to.match(/^Usage: rayctl/);
    });

    it('ends quietly when nobody reads its help, and says when that cannot be written', async () => {
      const shown = async (before: string, to: string) =>
        await new Running('bash', ['-c', `${before}"${process.execPath}" "${program}" --help >${to}`], { env: clean })
          .ended;
      // The reader is gone before there is anything to read.
      expect(await shown('exec 3> >(:); wait $!; ', '&3')).to.deep.include({ status: 141, stderr: '' });
      const full = await shown('', '/dev/full');
      expect(full.status).to.equal(1);
      expect(full.stderr).to.match(/^rayctl: .*no space left on device.*\n$/);
    });

    it('prints its version', async () => {
      const { version } = JSON.parse(readFileSync(join(top, 'package.json'), 'utf8')) as { version: string };
      expect(await rayctl('--version')).to.deep.include({ status: 0, stdout: `${version}\n` });
    });

    for (const verb of ['submit', 'jobs', 'show', 'log', 'wait', 'cancel', 'get', 'hosts', 'server', 'doctor']) {
      it(`explains ${verb}`, async () => {
        const { status, stdout, stderr } = await start([verb, '--help']).ended;
        expect([status, stderr]).to.deep.equal([0, '']);
        expect(stdout).to.match(new RegExp(`^Usage: rayctl ${verb} `));
        expect(stdout).to.include('--server <URL>').and.to.include('--json');
      });
    }

    it('ends quietly when nobody reads what it prints', async () => {
      for (let count = 0; count < 2000; count += 1) farm.add({ name: 'x'.repeat(100) });
      const command = `"${process.execPath}" "${program}" --home "${home.home.path}" jobs --limit 2000 2>&1 | head -1`;
      const run = new Running('sh', ['-c', command], { env: clean });
      const ended = await run.ended;
      expect(ended.status).to.equal(0);
      expect(ended.stdout.split('\n')).to.have.length(2);
    });
  });

  describe('over ssh', () => {
    let sshd: Sshd;
    before(async function () {
      const missing = sshMissing();
      if (missing) skip(this, missing);
      sshd = await Sshd.start();
    });
    after(() => sshd?.stop());

    const over = (args: string[]) =>
      start(['--server', `ssh://${ownName()}@127.0.0.1:${sshd.port}${home.home.path}`, ...args], {
        env: { RAYSERVER_SSH: sshd.command },
      });
    const ssh = () => processesWith((words) => words[0] === 'ssh' && words.includes(String(sshd.port)));

    it('submits and waits', async () => {
      const run = over(['submit', '/srv/house/room.rif', '--wait']);
      await run.says('Job 1 submitted.');
      await waitUntil('a watcher', () => farm.watchers(1) === 1);
      farm.change(1, finished);
      expect((await run.ended).status).to.equal(0);
      expect(ssh()).to.deep.equal([]);
    });

    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      it(`${signal} ends the tunnel, too`, async () => {
        farm.add();
        const run = over(['wait', '1']);
        await waitUntil('a watcher', () => farm.watchers(1) === 1);
        const [pid = 0] = ssh();
        const socket = readFileSync(`/proc/${pid}/cmdline`, 'utf8')
          .split('\0')
          .find((word) => word.includes('/rayctl-'));
        const directory = socket?.split('/s:')[0] ?? '';
        expect(existsSync(directory)).to.equal(true);
        run.kill(signal);
        expect((await run.ended).status).to.equal(128 + { SIGINT: 2, SIGTERM: 15, SIGHUP: 1 }[signal]);
        expect([ssh(), existsSync(directory)]).to.deep.equal([[], false]);
      });
    }
  });

  describe('over https', () => {
    let server: Server;
    let certificate: string;
    before(async function () {
      if (spawnSync('openssl', ['version']).status !== 0) skip(this, 'openssl is missing (apt-get install openssl)');
      const directory = temporaryDirectory();
      certificate = join(directory.path, 'certificate');
      const key = join(directory.path, 'key');
      const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
      const made = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', ...names, '-out', certificate, '-keyout', key];
      execFileSync('openssl', made, { stdio: 'ignore' });
      server = createServer({ cert: readFileSync(certificate), key: readFileSync(key) }, (request, response) => {
        const hosts = [{ name: request.headers.authorization, slots: 1, running: 0, connected: true }];
        response.end(JSON.stringify({ hosts }));
      });
      server.once('close', directory.remove);
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    });
    after(() => server && new Promise((resolve) => server.close(resolve)));

    const over = (env: Record<string, string>) => {
      const { port } = server.address() as AddressInfo;
      return start(['--server', `https://localhost:${port}`, 'hosts'], { env: { RAYSERVER_TOKEN: 'secret', ...env } })
        .ended;
    };

    it('believes a certificate that the machine trusts', async () => {
      for (const name of ['NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE']) {
        const ended = await over({ [name]: certificate });
        expect([ended.status, ended.stderr]).to.deep.equal([0, '']);
        expect(ended.stdout).to.include('Bearer secret');
      }
    });

    it('believes no other, 69', async () => {
      const ended = await over({});
      expect([ended.status, ended.stdout]).to.deep.equal([69, '']);
      expect(ended.stderr).to.match(
        /^rayctl: No server answers at https:\/\/localhost:\d+ \(its certificate is self-signed\)\.\n$/,
      );
    });
  });

  it('can be started by its doorway', () => {
    if (!existsSync(join(top, 'bin/rayctl'))) throw new Error('bin/rayctl is missing');
    expect(execFileSync(join(top, 'bin/rayctl'), ['--version'], { encoding: 'utf8' })).to.match(/^\d+\.\d+\.\d+\n$/);
  });
});
