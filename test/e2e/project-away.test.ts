import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { JobView, TaskView } from '../../src/protocol/api.ts';
import { Lab } from '../support/lab.ts';
import { waitUntil } from '../support/wait-until.ts';

/** A project that is not mounted when its host has started again, for which a directory stands that was renamed. */
describe('a project that is away', () => {
  let lab: Lab;
  let project: string;
  let reason: string;
  /** The first two frames are done; those after them wait for a word in their project. */
  const frames = 6;
  const script = 'until [ %d -le 2 ] || [ -e go ]; do sleep 0.05; done; echo ends >> frame.%d';

  beforeEach(async () => {
    lab = await Lab.make();
    project = lab.project();
    reason = `The project ${project} is not there. Mount it, and the job goes on by itself; or cancel the job.`;
    await lab.startDaemon();
  });
  afterEach(() => lab.close());

  const show = (id: number) => lab.json<JobView>('show', String(id));
  const run = async (...words: string[]): Promise<JobView> => {
    const ended = await lab.rayctl('run', '--json', '--project', ...words);
    expect(ended.status, ended.stderr).to.equal(0);
    return JSON.parse(ended.stdout) as JobView;
  };
  const begin = async (): Promise<number> => {
    const { id } = await run(project, '--frames', `1-${frames}`, '--slots', '2', '--', 'sh', '-c', script);
    await waitUntil('the first frames', async () => {
      const { tasks } = await show(id);
      return tasks.done === 2 && tasks.running === 2;
    });
    return id;
  };
  /** All of the program ends, as with its host, and is started again. */
  const takeAway = async (id: number): Promise<JobView> => {
    await lab.stopDaemon();
    for (const pid of lab.procwraps()) process.kill(pid, 'SIGTERM');
    await waitUntil('the end of procwrap', () => lab.procwraps().length === 0);
    renameSync(project, `${project}.away`);
    await lab.startDaemon();
    return waits(id);
  };
  const waits = (id: number) =>
    waitUntil('the reason', async () => {
      const job = await show(id);
      return job.reason === reason && job.tasks.running === 0 && job;
    });
  const bringBack = () => {
    lab.write(join(`${project}.away`, 'go'), '');
    renameSync(`${project}.away`, project);
  };
  const said = (text: string) =>
    readFileSync(join(lab.home, 'srvlogs', hostname()), 'utf8')
      .split('\n')
      .filter((line) => line.includes(text));

  it('is waited for, and its frames go on by themselves, also with another server', async () => {
    const id = await begin();
    const { state, tasks } = await takeAway(id);
    expect({ state, ...tasks }).to.include({ state: 'running', done: 2, waiting: 4, failed: 0 });
    expect((await lab.rayctl('show', String(id))).stdout).to.include(`Reason     ${reason}\n`);
    expect(existsSync(project)).to.equal(false);
    lab.daemon?.kill('SIGKILL');
    await lab.daemon?.ended;
    await lab.startDaemon();
    const again = await waits(id);
    expect(again.tasks).to.include({ done: 2, waiting: 4, failed: 0 });
    const waiting = lab.startRayctl('wait', String(id));
    await waitUntil('the reason', () => waiting.stderr.includes(reason));
    bringBack();
    const ended = await waiting.ended;
    expect(ended.status, ended.stderr).to.equal(0);
    expect((await show(id)).reason).to.equal(null);
    for (let frame = 1; frame <= frames; frame++)
      expect(readFileSync(join(project, `frame.${frame}`), 'utf8'), `frame ${frame}`).to.equal('ends\n');
    const { taskList } = await lab.json<{ taskList: TaskView[] }>('show', String(id));
    const ends = taskList.map(({ tried }) => tried.map((one) => one.ended).join(' '));
    expect(ends).to.deep.equal(['done', 'done', 'lost done', 'lost done', 'done', 'done']);
  });

  it('is told of once in the log when it goes and once when it is back', async () => {
    const id = await begin();
    await takeAway(id);
    await lab.rayctl('retry', String(id));
    await lab.rayctl('retry', String(id));
    bringBack();
    expect((await lab.rayctl('wait', String(id))).status).to.equal(0);
    expect(said('jobs wait: ')).to.have.length(1);
    expect(said(`the project ${project} is there again`)).to.have.length(1);
    expect(said('is not there')).to.have.length(1);
  });

  it('keeps nobody else waiting, and takes no new jobs', async () => {
    const id = await begin();
    const other = lab.project('room', 'other');
    await takeAway(id);
    const { id: next } = await run(other, '--frames', '1-3', '--', 'true');
    expect((await lab.rayctl('wait', String(next))).status).to.equal(0);
    const refused = await lab.rayctl('run', '--project', project, '--', 'true');
    expect([refused.status, refused.stderr]).to.deep.equal([2, `rayctl: No such directory "${project}".\n`]);
    expect((await show(id)).reason).to.equal(reason);
  });

  it('does not keep its job from being paused, resumed, tried again, and cancelled', async () => {
    const id = String(await begin());
    await takeAway(Number(id));
    for (const verb of ['pause', 'resume', 'retry', 'cancel']) {
      const ended = await lab.rayctl(verb, id);
      expect(ended.status, `${verb}: ${ended.stderr}`).to.equal(0);
    }
    expect(await show(Number(id))).to.deep.include({ state: 'cancelled', reason: 'Cancelled by nobody.' });
  });

  it('that is deleted is waited for all the same, until the job is cancelled', async () => {
    const id = await begin();
    await takeAway(id);
    rmSync(`${project}.away`, { recursive: true });
    await lab.rayctl('retry', String(id));
    expect(await show(id)).to.deep.include({ state: 'running', reason });
    expect((await lab.rayctl('cancel', String(id))).status).to.equal(0);
  });

  it('is not taken for the empty directory that it is mounted on', async () => {
    const id = await begin();
    await takeAway(id);
    reason = reason.replace('not there', 'not there: an empty directory is in its place');
    mkdirSync(project);
    lab.own(project);
    await lab.rayctl('retry', String(id));
    await waits(id);
    rmSync(project, { recursive: true });
    bringBack();
    expect((await lab.rayctl('wait', String(id))).status).to.equal(0);
  });
});
