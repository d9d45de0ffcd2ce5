import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  utimesSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { JobView, TaskView } from '../../src/protocol/api.ts';
import { ownNumber } from '../support/inside.ts';
import { Lab, nobody } from '../support/lab.ts';
import { waitUntil } from '../support/wait-until.ts';

/** The whole way, as a person goes it: real daemon, real rayctl, real Radiance. */
describe('a Radiance project through the daemon', function () {
  this.timeout(180_000);
  let lab: Lab;
  beforeEach(async () => {
    lab = await Lab.make();
  });
  afterEach(() => lab.close());

  const show = (id: number) => lab.json<JobView & { taskList?: TaskView[] }>('show', String(id));
  const submit = (...args: string[]) => lab.json<JobView>('submit', ...args);
  const mtime = (path: string) => statSync(path).mtimeMs;

  it('ends as pictures in the project, of the right user and group, with nothing left beside them', async () => {
    const project = lab.project();
    await lab.startDaemon();
    const ended = await lab.rayctl('submit', join(project, 'room.rif'), '--wait');
    expect(ended.status, ended.stderr).to.equal(0);
    expect(ended.stdout).to.include(join(project, 'images/room_door.hdr'));
    for (const name of ['images/room_door.hdr', 'images/room_window.hdr', 'octrees/room.oct', 'ambfiles/room.amb']) {
      const file = statSync(join(project, name));
      expect(file.mode & 0o777, name).to.equal(0o664);
      if (nobody) expect([file.uid, file.gid], name).to.deep.equal([nobody.uid, nobody.gid]);
      expect(file.size, name).to.be.greaterThan(1000);
    }
    for (const name of ['proc', 'logfiles', 'images', 'octrees', 'ambfiles']) {
      expect(statSync(join(project, name)).mode & 0o7777, name).to.equal(0o2775);
    }
    expect(readFileSync(join(project, 'octrees/room.oct'), 'latin1')).to.match(/^#\?RADIANCE\noconv -f /);
    await waitUntil('the pictures alone', () => readdirSync(join(project, 'images')).length === 2);
    await waitUntil('an empty proc', () => readdirSync(join(project, 'proc')).length === 0);
    expect(readdirSync(project).sort()).to.deep.equal(
      ['ambfiles', 'images', 'logfiles', 'materials.rad', 'octrees', 'proc', 'room.rad', 'room.rif'].sort(),
    );
    const log = readFileSync(join(project, 'logfiles/room.door.log'), 'utf8');
    expect(log).to.match(/^# rayserver job 1 task \d+ attempt 1, /);
    expect(log).to.match(/100\.00% after/);
  });

  it('is told with results and hashes, and its picture comes back as a file and as a PNG', async () => {
    const project = lab.project();
    await lab.startDaemon();
    const job = await lab.json<JobView>('submit', join(project, 'room.rif'), '--view', 'door', '--wait');
    expect(job).to.include({ state: 'done', progress: 1, rif: 'room.rif' });
    expect(job.results.map((result) => result.path)).to.deep.equal(['images/room_door.hdr']);
    const png = await lab.rayctl('get', String(job.id), '--png', '--output', join(lab.directory, 'home/door.png'));
    expect(png.status, png.stderr).to.equal(0);
    expect(readFileSync(join(lab.home, 'door.png')).subarray(1, 4).toString()).to.equal('PNG');
    const copy = await lab.rayctl('get', String(job.id), '--output', join(lab.home, 'door.hdr'));
    expect(copy.status, copy.stderr).to.equal(0);
    expect(readFileSync(join(lab.home, 'door.hdr'))).to.deep.equal(readFileSync(join(project, 'images/room_door.hdr')));
  });

  it('is done at once when its pictures are up to date, and made again with --force or a newer scene', async () => {
    const project = lab.project();
    await lab.startDaemon();
    await submit(join(project, 'room.rif'), '--wait');
    const first = mtime(join(project, 'images/room_door.hdr'));
    const again = await lab.rayctl('submit', join(project, 'room.rif'), '--wait');
    expect(again.status).to.equal(0);
    expect(again.stdout).to.match(/up to date/);
    expect(mtime(join(project, 'images/room_door.hdr'))).to.equal(first);
    await submit(join(project, 'room.rif'), '--view', 'door', '--force', '--wait');
    expect(mtime(join(project, 'images/room_door.hdr'))).to.be.greaterThan(first);
    const octree = mtime(join(project, 'octrees/room.oct'));
    const soon = new Date(Date.now() + 2000);
    utimesSync(join(project, 'room.rad'), soon, soon);
    const newer = await submit(join(project, 'room.rif'), '--wait');
    expect(newer.results.map((result) => result.path).filter((path) => path.endsWith('.hdr'))).to.have.length(2);
    expect(mtime(join(project, 'octrees/room.oct'))).to.be.greaterThan(octree);
  });

  it('takes --set, and refuses an unknown view with those there are', async () => {
    const project = lab.project();
    await lab.startDaemon();
    await submit(join(project, 'room.rif'), '--view', 'door', '--set', 'RESOLUTION=64', '--wait');
    const header = readFileSync(join(project, 'images/room_door.hdr'), 'latin1');
    expect(header).to.match(/-Y +64 \+X +64/);
    const unknown = await lab.rayctl('submit', join(project, 'room.rif'), '--view', 'roof');
    expect(unknown.status).to.equal(1);
    expect(unknown.stderr).to.match(/Unknown view "roof".*door.*window/s);
    expect((await lab.json<{ jobs: JobView[] }>('jobs')).jobs).to.have.length(1);
  });

  it('names the job that renders the same view already, and stops it with --replace', async () => {
    const project = lab.project();
    await lab.startDaemon();
    const slow = ['--set', 'QUALITY=High', '--set', 'RESOLUTION=2000', '--view', 'door'];
    const first = await submit(join(project, 'room.rif'), ...slow);
    await waitUntil('the first job to render', async () => (await show(first.id)).progress > 0.02);
    const second = await lab.rayctl('submit', join(project, 'room.rif'), '--view', 'door');
    expect(second.status).to.equal(1);
    expect(second.stderr).to.include(`Job ${first.id} `).and.to.include('--replace');
    const third = await submit(join(project, 'room.rif'), '--view', 'door', '--replace', '--wait');
    expect(third.state).to.equal('done');
    expect((await show(first.id)).state).to.equal('cancelled');
  });

  it('can be cancelled: the renderer is gone, and no half picture stays', async () => {
    const project = lab.project();
    await lab.startDaemon();
    const job = await submit(join(project, 'room.rif'), '--set', 'QUALITY=High', '--set', 'RESOLUTION=2000');
    await waitUntil('a renderer', () => lab.renderers().length > 0);
    const cancelled = await lab.rayctl('cancel', String(job.id));
    expect(cancelled.status, cancelled.stderr).to.equal(0);
    await waitUntil('no renderer', () => lab.renderers().length === 0);
    expect((await show(job.id)).state).to.equal('cancelled');
    await waitUntil('no half picture', () => {
      const images = join(project, 'images');
      return !existsSync(images) || readdirSync(images).length === 0;
    });
    const wait = await lab.rayctl('wait', String(job.id));
    expect(wait.status).to.equal(3);
  });

  it('survives the server: killed in mid render, started again, the same renderer goes on and counts', async () => {
    const project = lab.project();
    const daemon = await lab.startDaemon();
    const job = await submit(
      join(project, 'room.rif'),
      '--view',
      'door',
      '--set',
      'QUALITY=Med',
      '--set',
      'RESOLUTION=700',
    );
    const pid = ownNumber(await waitUntil('a renderer', () => lab.renderers()[0]));
    daemon.kill('SIGKILL');
    await daemon.ended;
    await lab.startDaemon();
    const ended = await lab.rayctl('wait', String(job.id));
    expect(ended.status, ended.stderr).to.equal(0);
    // Whichever task it was that ran just then, none was begun twice.
    const logs = readdirSync(join(project, 'logfiles')).map((name) =>
      readFileSync(join(project, 'logfiles', name), 'utf8'),
    );
    expect(logs.find((log) => log.includes(`(PID ${pid})`))).to.match(/^# rayserver job 1 task \d+ attempt 1, /);
    for (const log of logs) expect(log).to.match(/^# rayserver job 1 task \d+ attempt 1, /);
  });

  it('tries a simulation again whose procwrap was killed, and leaves none running twice', async () => {
    const project = lab.project();
    await lab.startDaemon();
    const job = await submit(
      join(project, 'room.rif'),
      '--view',
      'door',
      '--set',
      'QUALITY=Med',
      '--set',
      'RESOLUTION=400',
    );
    await waitUntil('a renderer', () => lab.renderers().length > 0);
    for (const pid of lab.procwraps()) process.kill(pid, 'SIGKILL');
    const ended = await lab.rayctl('wait', String(job.id));
    expect(ended.status, ended.stderr).to.equal(0);
    expect(lab.renderers()).to.deep.equal([]);
  });

  it('counts a finished picture whose end was lost, when both server and procwrap were killed', async () => {
    const project = lab.project();
    const daemon = await lab.startDaemon();
    // The server is gone before it can hear of the end: that end is lost with procwrap.
    const job = await submit(join(project, 'room.rif'), '--view', 'door');
    await waitUntil('the view to be rendered', () => existsSync(join(project, 'images/room_door.unf')));
    daemon.kill('SIGKILL');
    await daemon.ended;
    // What it made is not given up before its end is on disk.
    const works = () => readdirSync(join(project, 'proc')).filter((name) => !name.endsWith('.lock'));
    await waitUntil('the renderer to end', () => works().length === 0);
    for (const pid of lab.procwraps()) process.kill(pid, 'SIGKILL');
    await waitUntil('no procwrap', () => lab.procwraps().length === 0);
    await lab.startDaemon();
    const ended = await lab.rayctl('wait', String(job.id));
    expect(ended.status, ended.stderr).to.equal(0);
    await waitUntil('the picture alone', () => readdirSync(join(project, 'images')).join() === 'room_door.hdr');
  });

  it('never takes a source of the project for an output', async () => {
    const project = lab.project();
    await lab.startDaemon();
    const before = readFileSync(join(project, 'room.rad'), 'utf8');
    for (const variable of ['OCTREE', 'AMBFILE']) {
      const ended = await lab.rayctl('submit', join(project, 'room.rif'), '--set', `${variable}=room.rad`);
      expect(ended.status).to.equal(1);
      expect(ended.stderr).to.match(/"room\.rad" cannot be the .*: it goes into the simulation, too\./);
    }
    expect(readFileSync(join(project, 'room.rad'), 'utf8')).to.equal(before);
  });

  it('says in one sentence what failed, with the last lines of the renderer', async () => {
    const project = lab.project();
    lab.write(join(project, 'room.rad'), '!genbox white room 4 3 2.5 -i\nnosuch polygon p 0 0 9 0 0 0 1 0 0 0 1 0\n');
    await lab.startDaemon();
    const ended = await lab.rayctl('submit', join(project, 'room.rif'), '--wait');
    expect(ended.status).to.equal(1);
    expect(ended.stderr + ended.stdout).to.match(/undefined modifier "nosuch"/);
    expect(existsSync(join(project, 'octrees/room.oct'))).to.equal(false);
    expect(readdirSync(join(project, 'octrees'))).to.deep.equal([]);
  });

  it('refuses what is no project, in the words of the manual, and leaves nothing behind', async () => {
    const project = lab.project();
    await lab.startDaemon();
    const refused = async (path: string) => {
      const ended = await lab.rayctl('--server', `unix://${join(lab.home, 'run/submit.sock')}`, 'submit', path);
      expect(ended.status, `${ended.stdout}${ended.stderr}`).to.be.oneOf([1, 2]);
      return ended.stderr;
    };
    expect(await refused(join(lab.directory, 'nothing/room.rif'))).to.match(/nothing/);
    renameSync(join(project, 'room.rad'), join(project, 'elsewhere.rad'));
    expect(await refused(join(project, 'room.rif'))).to.include('room.rad');
    renameSync(join(project, 'elsewhere.rad'), join(project, 'room.rad'));
    lab.write(join(project, 'bad.rif'), 'QUALITY= Splendid\nscene= room.rad\n');
    expect(await refused(join(project, 'bad.rif'))).to.match(/QUALITY/);
    lab.write(join(project, 'hostile.rif'), `${readFileSync(join(project, 'room.rif'), 'utf8')}render= -o /etc/x\n`);
    expect(await refused(join(project, 'hostile.rif'))).to.match(/-o/);
    expect(readdirSync(project)).to.not.include('octrees');
    await waitUntil('an empty proc', () => readdirSync(join(project, 'proc')).length === 0);
    if (nobody) {
      const locked = lab.project('room', 'locked');
      chmodSync(locked, 0o555);
      expect(await refused(join(locked, 'room.rif'))).to.include(`Project not writable: ${locked}`);
    }
    const inside = join(lab.home, 'data/inside');
    mkdirSync(inside, { recursive: true });
    lab.write(join(inside, 'room.rif'), readFileSync(join(project, 'room.rif'), 'utf8'));
    lab.own(lab.home);
    expect(await refused(join(inside, 'room.rif'))).to.match(/home/);
    expect((await lab.json<{ jobs: JobView[] }>('jobs')).jobs).to.deep.equal([]);
  });

  it('knows locations of the hosts file, and links that leave them', async () => {
    const project = lab.project();
    const outside = lab.project('room', 'outside');
    mkdirSync(join(lab.directory, 'export'));
    renameSync(project, join(lab.directory, 'export/room'));
    symlinkSync(outside, join(lab.directory, 'export/link'));
    mkdirSync(join(lab.home, 'config'), { recursive: true });
    const { stdout } = await import('node:child_process').then((cp) =>
      cp.spawnSync('hostname', ['-s'], { encoding: 'utf8' }),
    );
    lab.write(join(lab.home, 'config/hosts'), `${stdout.trim()} 2 proj="${join(lab.directory, 'export')}"\n`);
    lab.own(lab.home);
    await lab.startDaemon();
    const post = async (location: string, path: string) => {
      const token = readFileSync(join(lab.home, 'config/token'), 'utf8').trim();
      const answer = await fetch(`http://127.0.0.1:${lab.port}/api/v1/jobs`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ kind: 'radiance', project: { location, path }, rif: 'room.rif', views: ['door'] }),
      });
      return { status: answer.status, body: (await answer.json()) as { id?: number; error?: { message: string } } };
    };
    expect((await post('nowhere', 'room')).body.error?.message).to.equal('Unknown location "nowhere".');
    expect((await post('proj', 'nothing')).body.error?.message).to.equal('No such project "nothing".');
    expect((await post('proj', 'link')).body.error?.message).to.match(
      /^No such project "link"\. .*out of the location/,
    );
    const taken = await post('proj', 'room');
    expect(taken.status).to.equal(201);
    const ended = await lab.rayctl('wait', String(taken.body.id));
    expect(ended.status, ended.stderr).to.equal(0);
    expect(existsSync(join(lab.directory, 'export/room/images/room_door.hdr'))).to.equal(true);
  });

  it('leaves no process behind when daemon and work have ended', async () => {
    const project = lab.project();
    const daemon = await lab.startDaemon();
    await submit(join(project, 'room.rif'), '--view', 'door', '--wait');
    expect(lab.procwraps()).to.have.length(1);
    daemon.kill('SIGTERM');
    expect((await daemon.ended).status).to.equal(0);
    await waitUntil('no procwrap', () => lab.procwraps().length === 0);
  });
});
