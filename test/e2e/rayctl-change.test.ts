import { expect } from 'chai';
import { MemoryFarm } from '../support/memory-farm.ts';
import { MemoryHome } from '../support/memory-home.ts';
import { runRayctl } from '../support/rayctl.ts';

const ended = { state: 'done', progress: 1, finishedAt: '2026-11-22T10:31:00.000Z' } as const;

describe('rayctl pause, resume, retry, delete, cancel', () => {
  let home: MemoryHome;
  let farm: MemoryFarm;
  const rayctl = (...args: string[]) => runRayctl(home, ...args);
  const states = async () =>
    (await farm.jobs({ state: null, before: null, limit: 100 })).jobs.map(({ id, state }) => `${id} ${state}`);

  beforeEach(async () => {
    farm = new MemoryFarm();
    home = await MemoryHome.open(farm);
    for (let count = 0; count < 4; count += 1) farm.add();
  });
  afterEach(() => home.remove());

  it('pauses and resumes', async () => {
    expect(await rayctl('pause', '2')).to.deep.include({ status: 0, stdout: 'Job 2 is paused.\n', stderr: '' });
    expect((await farm.job(2)).state).to.equal('paused');
    expect(await rayctl('resume', '2')).to.deep.include({ status: 0, stdout: 'Job 2 goes on.\n', stderr: '' });
    expect((await farm.job(2)).state).to.equal('waiting');
  });

  it('tries again what failed', async () => {
    farm.change(1, { ...ended, state: 'failed', reason: 'No.' });
    expect((await rayctl('retry', '1')).stdout).to.equal('Job 1 is tried again.\n');
    expect(await farm.job(1)).to.deep.include({ state: 'waiting', finishedAt: null });
  });

  it('forgets what has ended, and nothing else', async () => {
    farm.change(1, ended);
    const { status, stdout, stderr } = await rayctl('delete', '1', '2');
    expect([status, stdout]).to.deep.equal([1, 'Job 1 is deleted.\n']);
    expect(stderr).to.equal('rayctl: Job 2 is waiting: cancel it first.\n1 job of 2 deleted.\n');
    expect((await rayctl('show', '1')).stderr).to.equal('rayctl: There is no job 1.\n');
  });

  it('takes ranges and lists, each job once, and those of a range that exist', async () => {
    farm.change(2, ended);
    await rayctl('delete', '2');
    const { status, stdout, stderr } = await rayctl('pause', '1-3', '3,4', '1');
    expect([status, stderr]).to.deep.equal([0, '3 jobs of 3 paused.\n']);
    expect(stdout).to.equal('Job 1 is paused.\nJob 3 is paused.\nJob 4 is paused.\n');
    expect(await states()).to.deep.equal(['4 paused', '3 paused', '1 paused']);
  });

  it('says where a range holds no job', async () => {
    const { status, stderr } = await rayctl('cancel', '50-60');
    expect([status, stderr]).to.deep.equal([1, 'rayctl: There is no job from 50 to 60.\n']);
  });

  it('goes on after a refusal, and tells all of them', async () => {
    farm.change(2, ended);
    const { status, stdout, stderr } = await rayctl('cancel', '1-3', '9');
    expect([status, stdout]).to.deep.equal([1, 'Job 1 is cancelled.\nJob 3 is cancelled.\n']);
    expect(stderr).to.equal('rayctl: Job 2 has ended.\nrayctl: There is no job 9.\n2 jobs of 4 cancelled.\n');
  });

  it('prints for programs what has become of them', async () => {
    farm.change(1, ended);
    const paused = await rayctl('pause', '2', '--json');
    expect(JSON.parse(paused.stdout)).to.deep.include({ next: null });
    const gone = await rayctl('delete', '1', '2', '--json');
    expect([gone.status, JSON.parse(gone.stdout)]).to.deep.equal([1, { deleted: [1] }]);
    expect(JSON.parse(gone.stderr)).to.deep.equal({
      error: { code: 'wrong-state', message: 'Job 2 is paused: cancel it first.' },
    });
  });

  for (const words of [['0'], ['3-1'], ['1-'], ['1,,2'], ['-1'], ['one'], ['1.5'], ['9999999999999999'], []]) {
    it(`refuses ${JSON.stringify(words)} as jobs`, async () => {
      const { status, stdout } = await rayctl('pause', ...words);
      expect([status, stdout]).to.deep.equal([2, '']);
    });
  }

  it('asks no more where no server answers', async () => {
    await home.stop();
    const { status, stderr } = await rayctl('pause', '1', '2');
    expect(status).to.equal(69);
    expect(stderr.match(/No server answers/g)).to.have.length(1);
  });
});
