import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { JobView, TaskView } from '../../src/protocol/api.ts';
import { Lab, processesWith } from '../support/lab.ts';
import { waitUntil } from '../support/wait-until.ts';

/** rayctl, a real daemon, and programs that are shells: small, but whole. */
describe('any program, by rayctl and a real daemon', function () {
  this.timeout(180_000);
  let lab: Lab;
  let project: string;
  const run = (...args: string[]) => ['run', '--project', project, ...args];
  const stateOf = (pid: number) => /\) (\S) /.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1];

  before(async () => {
    lab = await Lab.make();
    project = lab.project();
    await lab.startDaemon();
  });
  after(() => lab.close());

  it('runs each frame, tries again what fails, and names what failed', async () => {
    const command = ['sh', '-c', 'echo "frame $0 $1"; [ "$0" != 3 ]', '%d', '%04d %%'];
    const { status, stderr } = await lab.rayctl(
      ...run('--frames', '1-4', '--retries', '1', '--wait', '--', ...command),
    );
    expect(status).to.equal(1);
    expect(stderr).to.match(/Job 1 failed: 1 of 4 frames failed: frame 3\. The first: /);
    expect((await lab.rayctl('log', '1', '--frame', '2')).stdout).to.match(/\nframe 2 0002 %\n/);
    const { taskList } = await lab.json<{ taskList: TaskView[] }>('show', '1');
    const tried = taskList.find(({ frame }) => frame === 3)?.tried ?? [];
    expect(tried.map(({ attempt, ended, exit, signal }) => [attempt, ended, exit, signal])).to.deep.equal([
      [1, 'failed', 1, null],
      [2, 'failed', 1, null],
    ]);
    // Without a compiler there is no spawner, and nobody who measures.
    for (const { cpuSeconds, peakBytes } of tried) {
      expect(cpuSeconds === null || (cpuSeconds >= 0 && cpuSeconds < 10), `${cpuSeconds} s`).to.equal(true);
      expect(peakBytes === null || peakBytes > 10_000, `${peakBytes} bytes`).to.equal(true);
    }
    expect(tried.every(({ host }) => host !== '')).to.equal(true);
    const { stdout } = await lab.rayctl('show', '1');
    expect(stdout).to.match(/^ +3 +3 +2 +failed +\S+ %/m);
  });

  it('does again what failed when it is retried, and no more', async () => {
    const command = ['sh', '-c', 'echo run >> ran.$0; [ $0 != 2 ] || [ -e mended ]', '%d'];
    expect((await lab.rayctl(...run('--frames', '1-3', '--retries', '0', '--wait', '--', ...command))).status).to.equal(
      1,
    );
    lab.write(join(project, 'mended'), '');
    expect((await lab.rayctl('retry', '2')).stdout).to.equal('Job 2 is tried again.\n');
    expect((await lab.rayctl('wait', '2')).status).to.equal(0);
    const runs = [1, 2, 3].map((frame) => readFileSync(join(project, `ran.${frame}`), 'utf8').split('run').length - 1);
    expect(runs).to.deep.equal([1, 2, 1]);
  });

  it('pauses processes where they are, and lets them go on', async () => {
    const script = 'until [ -e go ]; do sleep 0.1; done';
    expect((await lab.rayctl(...run('--', 'sh', '-c', script))).status).to.equal(0);
    const pid = await waitUntil(
      'the process',
      () => processesWith((words) => words[0] === 'sh' && words[2] === script)[0],
    );
    expect((await lab.rayctl('pause', '3')).stdout).to.equal('Job 3 is paused.\n');
    await waitUntil('it is stopped', () => stateOf(pid) === 'T');
    expect((await lab.rayctl('pause', '3')).status).to.equal(1);
    expect((await lab.rayctl('resume', '3')).stdout).to.equal('Job 3 goes on.\n');
    lab.write(join(project, 'go'), '');
    expect((await lab.rayctl('wait', '3')).status).to.equal(0);
  });

  it('forgets ended jobs, a range at a time', async () => {
    expect((await lab.rayctl('delete', '1-2')).stdout).to.equal('Job 1 is deleted.\nJob 2 is deleted.\n');
    const { jobs } = await lab.json<{ jobs: JobView[] }>('jobs');
    expect(jobs.map(({ id }) => id)).to.deep.equal([3]);
    expect(existsSync(join(project, 'ran.1'))).to.equal(true);
  });

  it('waits for several jobs, and follows a log, while the server is killed and started again', async () => {
    const script = 'n=0; until [ -e end$0 ]; do n=$((n+1)); echo line $n; sleep 0.05; done; [ $0 = 1 ]';
    for (const name of ['1', '2']) {
      const ended = await lab.rayctl(...run('--retries', '0', '--', 'sh', '-c', script, name));
      expect(ended.status).to.equal(0);
    }
    const waiting = lab.startRayctl('wait', '4-5');
    const following = lab.startRayctl('log', '4', '--follow');
    await following.says(/line 5\n/);
    await waitUntil('progress', () => waiting.stderr.includes('job 5'));
    await lab.stopDaemon('SIGKILL');
    await waitUntil('the loss', () => waiting.stderr.includes('is lost') && following.stderr.includes('is lost'));
    await lab.startDaemon();
    await waitUntil('the return', () => following.stderr.includes('is back') && waiting.stderr.includes('is back'));
    for (const name of ['1', '2']) lab.write(join(project, `end${name}`), '');
    const { status, stdout, stderr } = await waiting.ended;
    expect([status, stdout]).to.deep.equal([1, 'Job 4 is done.\n']);
    expect(stderr.match(/is lost/g)).to.have.length(1);
    expect(stderr.match(/is back/g)).to.have.length(1);
    const followed = await following.ended;
    expect(followed.status).to.equal(0);
    expect(followed.stdout).to.equal((await lab.rayctl('log', '4')).stdout);
    const numbers = [...followed.stdout.matchAll(/^line (\d+)$/gm)].map(([, number]) => Number(number));
    expect(numbers).to.deep.equal(numbers.map((_, index) => index + 1));
    const all = await lab.json<{ taskList: TaskView[] }>('show', '4');
    expect(all.taskList.map(({ attempts }) => attempts)).to.deep.equal([1]);
  });
});
