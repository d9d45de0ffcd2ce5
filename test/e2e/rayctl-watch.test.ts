import { join } from 'node:path';
import { expect } from 'chai';
import { MemoryFarm } from '../support/memory-farm.ts';
import { MemoryHome } from '../support/memory-home.ts';
import { top } from '../support/program.ts';
import { runRayctl, startRayctl } from '../support/rayctl.ts';
import { TerminalRun } from '../support/terminal.ts';
import { jobView, triedView } from '../support/views.ts';
import { waitUntil } from '../support/wait-until.ts';

const finishedAt = '2026-11-22T10:31:00.000Z';
const done = { state: 'done', progress: 1, finishedAt } as const;
const frames = (list: string, total: number, counts = {}) => ({
  kind: 'command' as const,
  rif: null,
  command: ['povray', '+K%d', 'a b'],
  frames: list,
  tasks: { ...jobView().tasks, total, waiting: 0, ...counts },
});

describe('rayctl wait, log, show and jobs, at length', () => {
  let home: MemoryHome;
  let farm: MemoryFarm;
  const rayctl = (...args: string[]) => runRayctl(home, ...args);

  beforeEach(async () => {
    farm = new MemoryFarm();
    home = await MemoryHome.open(farm);
  });
  afterEach(() => home.remove());

  describe('wait', () => {
    const outcomes = [
      { of: ['done', 'done'], status: 0 },
      { of: ['done', 'cancelled'], status: 3 },
      { of: ['cancelled', 'failed'], status: 1 },
    ] as const;
    for (const { of, status } of outcomes) {
      it(`ends with ${status} for ${of.join(' and ')}`, async () => {
        for (const state of of) farm.add({ state, finishedAt, reason: 'Because.' });
        expect((await rayctl('wait', '1-2')).status).to.equal(status);
      });
    }

    it('waits for many jobs, some at a time, and misses no end', async () => {
      for (let count = 0; count < 30; count += 1) farm.add();
      const run = startRayctl(home, ['wait', '1-30']);
      await waitUntil('watchers', () => farm.watchers(8) === 1);
      expect(farm.watchers(9)).to.equal(0);
      for (let id = 30; id >= 1; id -= 1) farm.change(id, done);
      const { status, stdout } = await run.ended;
      const lines = Array.from({ length: 30 }, (_, index) => `Job ${index + 1} is done.\n`);
      expect([status, stdout]).to.deep.equal([0, lines.join('')]);
    });

    it('says once that the connection is lost and that the server is back', async () => {
      for (let count = 0; count < 3; count += 1) farm.add();
      const run = startRayctl(home, ['wait', '1-3', '--patience', '90']);
      for (const id of [1, 2, 3]) await waitUntil('a watcher', () => farm.watchers(id) === 1);
      await home.stop();
      await waitUntil('the loss', () => run.stderr.includes('is lost'));
      for (const id of [1, 2, 3])
        farm.change(id, { ...done, ...(id === 2 ? { state: 'cancelled', reason: 'No.' } : {}) });
      await home.start();
      const { status, stderr } = await run.ended;
      expect(status).to.equal(3);
      const lost = 'The connection to the server is lost; trying for 2 min to get it back.\n';
      expect([stderr.split(lost).length, stderr.split('The server is back.\n').length]).to.deep.equal([2, 2]);
    });

    it('shows a bar for each on a terminal, and the loss of the connection above them', async () => {
      for (const name of ['one', 'two']) farm.add({ name, state: 'running', progress: 0.5 });
      const command = [process.execPath, join(top, 'build/src/bin/rayctl.js'), '--home', home.home.path, 'wait', '1-2'];
      const env = { HOME: home.directory, RAYSERVER: undefined, RAYSERVER_HOME: undefined };
      const run = new TerminalRun(80, command, env, home.directory);
      await run.shows(/job 1 [^\r\n]+ 50 %[\s\S]*job 2 [^\r\n]+ 50 %/);
      await home.stop();
      await run.shows('is lost; trying for 5 min');
      await home.start();
      await run.shows('The server is back.');
      for (const id of [1, 2]) farm.change(id, done);
      expect(await run.ended).to.equal(0);
      expect(run.seen).to.match(/Job 1 is done\.[\s\S]*Job 2 is done\./);
    });

    it('gives up with 69 when the server stays away', async () => {
      farm.add();
      const run = startRayctl(home, ['wait', '1', '--patience', '0.1']);
      await waitUntil('a watcher', () => farm.watchers(1) === 1);
      await home.stop();
      const { status, stderr } = await run.ended;
      expect(status).to.equal(69);
      expect(stderr).to.include('The connection to the server is lost; trying for 0 s to get it back.\n');
      expect(stderr).to.match(/\nrayctl: /);
    });

    it('tells of frames how many are done', async () => {
      farm.add({ ...frames('1-9', 9, { running: 2, done: 7 }), state: 'running', progress: 0.8 });
      const run = startRayctl(home, ['wait', '1']);
      await waitUntil('a line', () => run.stderr.includes('job 1: 80 %'));
      farm.change(1, done);
      expect((await run.ended).stderr).to.equal('job 1: 80 %, 7 of 9 frames\njob 1: done\n');
    });
  });

  describe('log', () => {
    it('finds a frame by its number', async () => {
      farm.add(frames('7,3', 2));
      farm.logs.set(1, 'seven\n');
      expect(await rayctl('log', '1', '--frame', '7')).to.deep.include({ status: 0, stdout: 'seven\n' });
      const missing = await rayctl('log', '1', '--frame', '8');
      expect([missing.status, missing.stderr]).to.deep.equal([1, 'rayctl: Job 1 has no frame 8.\n']);
    });

    it('knows that a job has no frames, and takes a task or a frame', async () => {
      farm.add();
      expect((await rayctl('log', '1', '--frame', '8')).stderr).to.equal('rayctl: Job 1 has no frames.\n');
      const both = await rayctl('log', '1', '--frame', '8', '--task', '1');
      expect(both.status).to.equal(2);
      expect(both.stderr).to.match(/cannot be used with/);
    });

    it('says in one line that a frame begins anew, and that the server was away', async () => {
      let attempt = 1;
      let text = 'one\n';
      let ended = false;
      farm.log = async (_id, _task, offset) => {
        const from = offset <= text.length ? offset : 0;
        return { task: 2, attempt, text: text.slice(from), next: text.length, ended: ended && offset === text.length };
      };
      farm.add({ ...frames('7,3', 2), state: 'running' });
      const run = startRayctl(home, ['log', '1', '--follow', '--frame', '3']);
      await run.says('one\n');
      await home.stop();
      await waitUntil('the loss', () => run.stderr.includes('is lost'));
      await home.start();
      await waitUntil('the return', () => run.stderr.includes('is back'));
      [attempt, text, ended] = [2, 'another\n', true];
      const { status, stdout, stderr } = await run.ended;
      expect([status, stdout]).to.deep.equal([0, 'one\nanother\n']);
      expect(stderr).to.equal(
        'The connection to the server is lost; trying for 5 min to get it back.\nThe server is back.\n' +
          '==> frame 3, attempt 2: its log begins anew <==\n',
      );
    });
  });

  describe('show', () => {
    it('has command, frames, counts, and the attempts with what they took', async () => {
      farm.add({ ...frames('5-6', 2, { running: 1, failed: 1 }), state: 'running', progress: 0.5 });
      const tried = [triedView({ ended: 'failed', exit: 3 })];
      farm.taskChanges.set(1, { state: 'failed', attempts: 1, tried, reason: 'No.', finishedAt });
      farm.taskChanges.set(2, { state: 'running' });
      const { stdout, stderr, status } = await rayctl('show', '1');
      expect([status, stderr]).to.deep.equal([0, '']);
      expect(stdout).to.include("Command    povray +K%d 'a b'\n");
      expect(stdout).to.include('Project    /projects/room\n');
      expect(stdout).to.include('Frames     5-6\n');
      expect(stdout).to.include('Tasks      1 running, 1 failed of 2\n');
      expect(stdout).to.match(/^ +1 +5 +1 +failed +50 % +here +3 s +2\.5 s +12 MB +3 +No\.$/m);
      expect(stdout).to.match(/^ +2 +6 +1 +running +50 % +here$/m);
    });

    it('of a million frames shows those that run and those that failed', async () => {
      const counts = { running: 2, failed: 1, done: 999_997 };
      farm.add({ ...frames('1-1000000', 1_000_000, counts), ...done });
      for (const [number, state] of [
        [7, 'failed'],
        [500_000, 'running'],
        [1_000_000, 'running'],
      ] as const)
        farm.taskChanges.set(number, { state });
      const { stdout, stderr } = await rayctl('show', '1');
      expect(stdout).to.include('Tasks      2 running, 999997 done, 1 failed of 1000000\n');
      const rows = stdout.split('\n').filter((line) => /^ *\d/.test(line));
      expect(rows.map((row) => Number(row.trim().split(' ')[0]))).to.deep.equal([500_000, 1_000_000, 7]);
      expect(stderr).to.equal(`All 1000000 tasks: rayctl show 1 --tasks --home ${home.home.path}\n`);
    });

    it('shows all tasks when asked, page by page, and to programs', async () => {
      farm.add({ ...frames('1-2500', 2500, { waiting: 2500 }) });
      const { stdout } = await rayctl('show', '1', '--tasks');
      const rows = stdout.split('\n').filter((line) => /^ *\d+ +\d/.test(line));
      expect([rows.length, stdout.match(/TASK/g)?.length]).to.deep.equal([2500, 1]);
      const json = JSON.parse((await rayctl('show', '1', '--tasks', '--json')).stdout) as {
        id: number;
        taskList: object[];
      };
      expect([json.id, json.taskList.length]).to.deep.equal([1, 2500]);
    });
  });

  describe('jobs', () => {
    it('lists all there are, page by page, and to programs', async () => {
      for (let count = 0; count < 450; count += 1) farm.add();
      const { stdout, stderr, status } = await rayctl('jobs', '--all');
      expect([status, stderr, stdout.trimEnd().split('\n').length]).to.deep.equal([0, '', 451]);
      const list = JSON.parse((await rayctl('jobs', '--all', '--json')).stdout) as {
        jobs: { id: number }[];
        next: null;
      };
      expect(list.jobs.map(({ id }) => id)).to.deep.equal(Array.from({ length: 450 }, (_, index) => 450 - index));
      expect(list.next).to.equal(null);
    });

    it('names the command for older ones, with the state', async () => {
      for (let count = 0; count < 3; count += 1) farm.add();
      const { stderr } = await rayctl('jobs', '--state', 'waiting', '--limit', '2');
      expect(stderr).to.equal(`Older jobs: rayctl jobs --state waiting --limit 4 --home ${home.home.path}\n`);
    });

    it('takes a limit or all', async () => {
      expect((await rayctl('jobs', '--all', '--limit', '5')).status).to.equal(2);
    });
  });
});
