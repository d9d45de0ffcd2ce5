import {
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { findRadiance, packageDirectory } from '../../../src/executor/installation.ts';
import type { Project, RadianceRequest } from '../../../src/model/job.ts';
import type { TaskPlan } from '../../../src/model/task.ts';
import { fixtures, makeProject, temporary } from '../../support/executor.ts';
import { ProcwrapProcess, TestServer } from '../../support/procwrap.ts';
import { skip } from '../../support/skip.ts';
import { waitUntil } from '../../support/wait-until.ts';

describe('procwrap with the real Radiance', () => {
  const installation = findRadiance(null, process.env, packageDirectory());
  let base: ReturnType<typeof temporary>;
  let project: Project;
  let procwrap: ProcwrapProcess;
  let server: TestServer;
  const at = (path: string) => join(project.path, path);
  const request = (more: Partial<RadianceRequest> = {}): RadianceRequest => ({
    kind: 'radiance',
    rif: 'room.rif',
    views: [],
    set: [],
    force: false,
    ambient: 'shared',
    ...more,
  });
  const plan = (more: Partial<RadianceRequest> = {}) => server.ask({ ask: 'plan', project, request: request(more) });
  const refused = (more: Partial<RadianceRequest> = {}) =>
    server.refusal({ ask: 'plan', project, request: request(more) });
  const live = async (job: number, tasks: readonly TaskPlan[]) => {
    const outcomes = [];
    for (const task of tasks) {
      const attempt = `${job}.${task.number}.1`;
      server.start(attempt, project, task);
      outcomes.push(await server.outcome(attempt));
      server.link.send({ say: 'acknowledge', attempts: [attempt] });
    }
    return outcomes;
  };

  before(function () {
    if (installation.found) return;
    skip(this, installation.says);
  });
  beforeEach(async () => {
    base = temporary('radiance');
    project = makeProject(base.path);
    cpSync(join(fixtures, 'room'), project.path, { recursive: true });
    procwrap = new ProcwrapProcess(base.path);
    server = await TestServer.dial(procwrap.socket, { radiance: null });
    await server.ask({ ask: 'check', project });
  });
  afterEach(async () => {
    server.link.close();
    await procwrap.kill();
    base[Symbol.dispose]();
  });

  it('plans and renders two views, and then finds them up to date', async () => {
    const planned = await plan();
    expect(planned.views).to.deep.equal(['door', 'window']);
    expect(readdirSync(at('proc'))).to.deep.equal([]);
    const outcomes = await live(1, planned.tasks);
    expect(outcomes.map(({ is }) => is)).to.deep.equal(planned.tasks.map(() => 'done'));
    const results = outcomes.flatMap((outcome) => (outcome.is === 'done' ? outcome.results : []));
    expect(results.map(({ path }) => path)).to.include.members(['images/room_door.hdr', 'images/room_window.hdr']);
    for (const { path, bytes } of results) expect(bytes).to.equal(statSync(at(path)).size);
    expect(readFileSync(at('images/room_door.hdr'), 'latin1')).to.match(/^#\?RADIANCE\n/);
    expect(readFileSync(at('octrees/room.oct'), 'latin1')).to.match(/^oconv .*-f/m);
    expect(server.heard.some((message) => message.say === 'progressed' && message.fraction === 1)).to.equal(true);
    const all = planned.tasks.flatMap(({ afterwards }) => afterwards);
    const paths = all.filter((path) => path.endsWith('.unf'));
    expect(paths).to.deep.equal(['images/room_door.unf', 'images/room_window.unf']);
    // They went when their filters' ends were acknowledged.
    await waitUntil('no raw picture', () => !paths.some((path) => existsSync(at(path))));
    writeFileSync(at('images/left.unf'), '');
    server.link.send({ say: 'tidy', project, paths: ['images/left.unf', 'images/nothing'], holds: [] });
    await waitUntil('the pictures alone', () => readdirSync(at('images')).length === 2);
    expect(readdirSync(at('images')).sort()).to.deep.equal(['room_door.hdr', 'room_window.hdr']);
    expect(readdirSync(at('proc'))).to.deep.equal([]);
    const again = await plan();
    expect([again.tasks, again.views]).to.deep.equal([[], []]);
    expect(again.notes.map((note) => note.slice(0, 26))).to.deep.equal([
      'View "door" is up to date ',
      'View "window" is up to dat',
    ]);
    const forced = await plan({ force: true, views: ['door'] });
    const octree = forced.tasks.find(({ step }) => step === 'octree');
    if (octree) expect((await live(2, [octree]))[0]).to.include({ is: 'done', skipped: true });
    expect(forced.views).to.deep.equal(['door']);
  });

  it('shows a picture as PNG', async () => {
    await live(1, (await plan({ views: ['door'] })).tasks);
    const { handle } = await server.ask({ ask: 'open', project, path: 'images/room_door.hdr', as: 'png' });
    const { data } = await server.ask({ ask: 'read', handle });
    expect(Buffer.from(data, 'base64').subarray(1, 4).toString()).to.equal('PNG');
  });

  it('says what oconv says of a scene that is wrong, and leaves no half octree', async () => {
    const [octree] = (await plan()).tasks;
    writeFileSync(at('room.rad'), 'white polygon p\n0 0 9\n 0 0 nothing\n');
    expect(await refused()).to.equal(
      'plan-failed: rad cannot plan room.rif: (room.rad): bad arguments for polygon "p".',
    );
    if (!octree) throw new Error('no task');
    const [outcome] = await live(1, [octree]);
    expect(outcome).to.include({ is: 'failed', exit: 1 });
    expect((outcome as { reason: string }).reason).to.match(/^oconv failed: .*room\.rad/);
    expect(readdirSync(at('octrees'))).to.deep.equal([]);
  });

  it("refuses what cannot be planned, in rad's own words", async () => {
    renameSync(at('room.rad'), at('aside.rad'));
    expect(await refused()).to.match(/^plan-failed: .*room\.rad/);
    renameSync(at('aside.rad'), at('room.rad'));
    expect(await refused({ views: ['attic'] })).to.match(/^unknown-view: /);
    expect(await refused({ rif: 'none.rif' })).to.equal('unreadable-rif: No such file in the project: none.rif.');
    expect(await refused({ rif: '../room.rif' })).to.match(/^malformed: /);
    const rif = readFileSync(at('room.rif'), 'utf8');
    const hostile = ['OCTREE= |cat', 'render= -o /etc/x', 'scene= "a b.rad"', 'QUALITI= High', 'AMBFILE= ../x.amb'];
    for (const line of hostile) {
      writeFileSync(at('room.rif'), `${rif}${line}\n`);
      expect(await refused(), line).to.match(/^(plan-refused|unreadable-rif): /);
    }
    expect(readdirSync(at('proc'))).to.deep.equal([]);
    expect(existsSync('/etc/x')).to.equal(false);
  });

  it('never renders into a link that leads out of the project', async () => {
    const elsewhere = temporary('elsewhere');
    const { tasks } = await plan({ views: ['door'] });
    symlinkSync(elsewhere.path, at('images'));
    const outcomes = await live(1, tasks);
    expect(outcomes.some(({ is }) => is === 'failed')).to.equal(true);
    expect(readdirSync(elsewhere.path)).to.deep.equal([]);
    elsewhere[Symbol.dispose]();
  });
});
