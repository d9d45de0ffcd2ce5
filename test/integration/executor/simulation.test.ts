import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { Claims } from '../../../src/executor/claims.ts';
import { realClock } from '../../../src/executor/clock.ts';
import { lockProbe } from '../../../src/executor/lock-probe.ts';
import { foundAt, openProject, whyAway } from '../../../src/executor/project.ts';
import type { Wanted } from '../../../src/executor/sandbox/containment.ts';
import { Simulation } from '../../../src/executor/simulation.ts';
import { tidy } from '../../../src/executor/tidy.ts';
import { Workplace } from '../../../src/executor/workplaces.ts';
import type { JobLimits, Project } from '../../../src/model/job.ts';
import type { Ambient, Outcome, TaskPlan } from '../../../src/model/task.ts';
import { closeStrangersOnExec } from '../../../src/unix/descriptors.ts';
import { HandClock, makeProject, noLimits, run, type Seen, task, temporary, world } from '../../support/executor.ts';
import { processesIn } from '../../support/inside.ts';
import { skip } from '../../support/skip.ts';
import { waitUntil } from '../../support/wait-until.ts';

/** Of a simulation that shares it. */
const ambient: Ambient = {
  path: 'ambfiles/room.amb',
  octree: 'room.oct',
  inputs: [],
  use: 'shared',
  filledBy: null,
  onlyCold: false,
};

describe('a simulation', () => {
  let base: ReturnType<typeof temporary>;
  let project: Project;
  const at = (path: string) => join(project.path, path);
  const read = (path: string) => readFileSync(at(path), 'utf8');
  const log = () => read('logfiles/room.inside.log');
  const begin = (plan: TaskPlan, seen: Seen = world(new HandClock()), limits: JobLimits = noLimits) => {
    const job = { name: 'room', user: 'anna', project, limits };
    const simulation = new Simulation({ attempt: '12.3.1', task: plan, job }, seen);
    return { simulation, seen, outcome: simulation.live() };
  };
  const live = (plan: TaskPlan, seen?: Seen): Promise<Outcome> => begin(plan, seen).outcome;
  const isAlive = (pid: number) =>
    existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));

  before(closeStrangersOnExec);
  beforeEach(() => {
    base = temporary('simulation');
    project = makeProject(base.path);
  });
  afterEach(() => base[Symbol.dispose]());

  it('makes its directories, renders, renames, and tells what it made', async () => {
    const old = process.umask(0o002);
    try {
      const plan = task(
        [
          run('rpict', ['-vf', 'views/inside.vf', 'room.oct'], {
            stdout: { to: 'file', path: 'images/room_inside.unf' },
          }),
          { do: 'rename', from: 'images/room_inside.unf', to: 'images/room_inside.hdr' },
          { do: 'remove', path: 'images/none' },
        ],
        { directories: ['images'], makes: ['images/room_inside.hdr'], litter: ['images/room_inside.unf'] },
      );
      const seen = world(new HandClock());
      const { usage, ...rest } = (await live(plan, seen)) as Extract<Outcome, { is: 'done' }>;
      expect(rest).to.deep.equal({
        is: 'done',
        results: [
          {
            path: 'images/room_inside.hdr',
            bytes: 4,
            sha256: createHash('sha256').update('pict').digest('hex'),
          },
        ],
        skipped: false,
        warnings: ['rpict: no light sources found'],
      });
      expect(usage?.peakBytes).to.be.above(100_000);
      expect((usage?.userSeconds ?? 0) + (usage?.systemSeconds ?? 0)).to.be.within(0, 20);
      expect(seen.fractions).to.deep.equal([0, 1]);
      expect(seen.pids).to.have.length(1);
    } finally {
      process.umask(old);
    }
    expect(readdirSync(at('images'))).to.deep.equal(['room_inside.hdr']);
    expect(readdirSync(at('proc'))).to.deep.equal([]);
    expect(statSync(at('images')).mode & 0o777).to.equal(0o775);
    expect(statSync(at('images/room_inside.hdr')).mode & 0o777).to.equal(0o664);
    expect(statSync(at('logfiles/room.inside.log')).mode & 0o777).to.equal(0o664);
    const lines = log().split('\n');
    expect(lines[0]).to.equal('# rayserver job 12 task 3 attempt 1, anna, 2026-01-02T03:04:05.000Z');
    expect(lines[1]).to.equal('# room, room.inside');
    expect(lines[2]).to.equal('rpict -vf views/inside.vf room.oct > images/room_inside.unf');
    expect(lines[3]).to.match(/^rpict: 1000 rays, 0.00% after/);
    expect(lines.at(-2)).to.equal('# done, 2026-01-02T03:04:05.000Z');
  });

  it('runs programs nicely, in a group of their own, with nothing of ours', async () => {
    writeFileSync(at('input'), 'from the project');
    await live(task([run('says', [], { stdin: 'input' })]), world(realClock));
    const said = log();
    expect(said).to.match(/^PATH=[^\n]*\/test\/fixtures\/bin:/m);
    expect(said).to.match(/^RAYPATH=\.:[^\n]*\/test\/fixtures\/lib/m);
    expect(said).to.match(/^SECRET=$/m);
    expect(said).to.match(/^group (\d+) \1$/m);
    expect(said).to.match(/^nice 10$/m);
    expect(said).to.match(/^descriptors 0 1 2 3 $/m);
    expect(said).to.match(/^stdin \[from the project\]$/m);
    expect(said).to.include(`\n${project.path}\n`);
    if (existsSync('/proc/self/autogroup')) expect(said).to.match(/nice 10\n\/autogroup-\d+ nice (10|0)$/m);
  });

  it('is skipped when its octree is frozen and not older than what goes into it', async () => {
    mkdirSync(at('octrees'));
    writeFileSync(at('room.rad'), 'void light l\n');
    const plan = task([run('fails')], {
      unless: { output: 'octrees/room.oct', inputs: ['room.rad'] },
      makes: ['octrees/room.oct'],
    });
    const header = (options: string) => `#?RADIANCE\noconv ${options}\nFORMAT=Radiance_octree\n\nrest`;
    writeFileSync(at('octrees/room.oct'), header('-f room.rad'));
    utimesSync(at('room.rad'), 1000, 1000);
    const outcome = await live(plan);
    expect(outcome).to.include({ is: 'done', skipped: true });
    expect(existsSync(at('logfiles/room.inside.log'))).to.equal(false);
    utimesSync(at('octrees/room.oct'), 999, 999);
    expect((await live(plan)).is, 'older than its input').to.equal('failed');
    writeFileSync(at('octrees/room.oct'), header('room.rad'));
    expect((await live(plan)).is, 'not frozen').to.equal('failed');
    writeFileSync(at('octrees/room.oct'), header('-f room.rad'));
    rmSync(at('room.rad'));
    expect((await live(plan)).is, 'an input is missing').to.equal('failed');
  });

  it('that fails says why, shows the last lines, and removes what it began', async () => {
    mkdirSync(at('images'));
    writeFileSync(at('images/other'), 'stays');
    const plan = task([run('fails', [], { stdout: { to: 'file', path: 'images/x.unf' } }), run('rpict')], {
      litter: ['images/x.part', 'images/x.unf'],
    });
    writeFileSync(at('images/x.part'), 'litter');
    const { usage, ...outcome } = (await live(plan)) as Extract<Outcome, { is: 'failed' }>;
    expect(usage).to.have.keys('userSeconds', 'systemSeconds', 'peakBytes');
    expect(outcome).to.deep.equal({
      is: 'failed',
      reason: 'fails failed: cannot open octree "x.oct": No such file or directory.',
      exit: 2,
      signal: null,
      lastLines: ['fails: system - cannot open octree "x.oct": No such file or directory'],
    });
    expect(readdirSync(at('images'))).to.deep.equal(['other']);
    expect(log()).to.match(/# failed: fails failed: cannot open octree/);
    expect(readdirSync(at('proc'))).to.deep.equal([]);
  });

  it('that crashes says by which signal', async () => {
    const outcome = await live(task([run('crashes')]));
    expect(outcome).to.include({ is: 'failed', signal: 'SIGSEGV', exit: null, reason: 'crashes crashed (SIGSEGV).' });
  });

  it('that writes nothing has failed, and so has one that does not make what it should', async () => {
    const nothing = await live(
      task([run('quiet', [], { stdout: { to: 'file', path: 'x.hdr' } })], { makes: ['x.hdr'] }),
    );
    expect(nothing).to.include({ is: 'failed', reason: 'quiet ended without an error but wrote nothing.' });
    expect(existsSync(at('x.hdr'))).to.equal(false);
    const missing = await live(task([run('quiet')], { makes: ['x.hdr'] }));
    expect(missing).to.include({ is: 'failed', reason: 'No such file in the project: x.hdr.' });
    const empty = await live(task([run('sh', ['-c', ': > x.hdr'])], { makes: ['x.hdr'] }));
    expect(empty).to.include({ is: 'failed', reason: 'Nothing was written to x.hdr.' });
  });

  it('without its program says how to get it', async () => {
    const outcome = await live(task([run('no-such-program')]));
    expect(outcome).to.include({ is: 'failed', exit: null });
    expect((outcome as { reason: string }).reason).to.match(
      /^Radiance is not installed here: .*"no-such-program".*scripts\/setup/,
    );
  });

  it('that is stopped gets TERM, and what it began is removed', async () => {
    const clock = new HandClock();
    const { simulation, seen, outcome } = begin(
      task([run('waits', [], { stdout: { to: 'file', path: 'x.unf' } }), run('rpict')]),
      world(clock),
    );
    await waitUntil('the program', () => existsSync(at('waiting')) && seen.pids.length > 0);
    clock.pass(100);
    expect(read('proc/room.inside.pid')).to.equal(`${seen.pids[0]}\n`);
    simulation.stop();
    expect(await outcome).to.deep.equal({ is: 'stopped' });
    expect(existsSync(at('x.unf'))).to.equal(false);
    expect(readdirSync(at('proc'))).to.deep.equal([]);
    expect(log()).to.match(/signal - Terminate\n# stopped, /);
  });

  it('that follows one which was killed with its procwrap removes what that has left', async () => {
    mkdirSync(at('proc'));
    writeFileSync(at('proc/room.inside.pid'), '4711\n');
    const job = { name: 'room', user: 'anna', project, limits: noLimits };
    const again = new Simulation({ attempt: '12.3.2', task: task([run('quiet')]), job }, world(new HandClock()));
    expect(await again.live()).to.include({ is: 'done' });
    expect(readdirSync(at('proc'))).to.deep.equal([]);
  });

  describe('of what another rayserver makes', () => {
    const holds = ['octree:octrees/room.oct'];
    const part = 'octrees/room.oct.part';
    const plan = (program: string) =>
      task([run(program, [], { stdout: { to: 'file', path: part } }), { do: 'rename', from: part, to: 'made' }], {
        holds,
        directories: ['octrees'],
        litter: [part],
      });
    const of = (home: string): Seen => ({ ...world(realClock), claims: new Claims(home, lockProbe(realClock)) });

    it('waits, and touches nothing of the other one', async () => {
      const first = begin(plan('waits'), of('/home/first'));
      await waitUntil('the program', () => existsSync(at('waiting')) && read(part) === 'half');
      await waitUntil('its pid file', () => readdirSync(at('proc')).includes('room.inside.pid'));
      const second = of('/home/second');
      const outcome = await live(plan('quiet'), second);
      const reason = `process ${process.pid}, makes octrees/room.oct; the job goes on when that is done.`;
      expect(outcome).to.include({ is: 'postponed', awaits: 'others' });
      expect('reason' in outcome && outcome.reason).to.include(reason);
      expect([read(part), readdirSync(at('proc')).includes('room.inside.pid')]).to.deep.equal(['half', true]);
      writeFileSync(at('go'), '');
      expect(await first.outcome).to.include({ is: 'done' });
      expect(read('made')).to.equal('half and the rest');
      expect(log()).to.match(/^# done, /m);
      expect(await live(plan('quiet'), second), 'not acknowledged').to.include({ is: 'postponed' });
      first.seen.claims.release('12.3.1');
      expect(await live(plan('waits'), second)).to.include({ is: 'done' });
      second.claims.release('12.3.1');
      expect(readdirSync(at('proc'))).to.deep.equal([]);
    });

    it('is not kept waiting by one that failed or was stopped', async () => {
      expect(await live(plan('fails'), of('/home/first'))).to.include({ is: 'failed' });
      expect(readdirSync(at('proc'))).to.deep.equal([]);
      const stopped = begin(plan('waits'), of('/home/second'));
      await waitUntil('the program', () => existsSync(at('waiting')));
      stopped.simulation.stop();
      expect(await stopped.outcome).to.deep.equal({ is: 'stopped' });
      expect(readdirSync(at('proc'))).to.deep.equal([]);
    });
  });

  it('that does not listen is killed with all its children after ten seconds', async () => {
    const clock = new HandClock();
    const { simulation, seen, outcome } = begin(task([run('deaf')]), world(clock));
    await waitUntil(
      'the programs',
      () => existsSync(at('waiting')) && existsSync(at('grandchild')) && read('grandchild') !== '',
    );
    simulation.stop();
    clock.pass(9999);
    expect(isAlive(seen.pids[0] ?? 0)).to.equal(true);
    clock.pass(1);
    expect(await outcome).to.deep.equal({ is: 'stopped' });
    await waitUntil('the end of the grandchild', () => processesIn(project.path).length === 0);
  });

  it('that shares an ambient file is killed at once, as TERM would damage the file', async () => {
    writeFileSync(at('room.oct'), 'an octree');
    const { simulation, outcome } = begin(task([run('waits', [], { ambient })]));
    await waitUntil('the program', () => existsSync(at('waiting')));
    simulation.stop();
    expect(await outcome).to.deep.equal({ is: 'stopped' });
    expect(log()).not.to.match(/Terminate/);
  });

  it('that is stopped before its program runs never runs it', async () => {
    const { simulation, outcome } = begin(task([run('waits')]));
    simulation.stop();
    expect(await outcome).to.deep.equal({ is: 'stopped' });
  });

  it('ends children that outlive its program', async () => {
    expect(await live(task([run('forks')]), world(realClock))).to.include({ is: 'done' });
    await waitUntil('the end of the grandchild', () => processesIn(project.path).length === 0);
  });

  it('is not stalled by a flood of messages, of which the log keeps the beginning and the end', async () => {
    const before = process.memoryUsage().rss;
    const outcome = await live(task([run('flood', ['100'])]), world(realClock));
    expect(outcome).to.include({ is: 'done' });
    expect((outcome as { warnings: string[] }).warnings).to.have.length(1);
    expect(process.memoryUsage().rss - before).to.be.below(100_000_000);
    const text = log();
    expect(text.length).to.be.within(20_000, 65_536);
    expect(text).to.match(/^# rayserver job 12 /);
    const leftOut = Number(/^\.\.\. (\d+) bytes left out \.\.\.$/m.exec(text)?.[1]);
    expect(leftOut).to.be.within(99_900_000, 100_000_000);
    expect(text).to.match(/flood: the last line\n# done, .*\n$/);
    for (const line of text.split('\n').slice(3, -4))
      expect(line).to.match(/^flood: warning - the same [a-z ]*again$|left out/);
  });

  const goesOn = 'and the job goes on by itself; or cancel the job.';
  const away = (reason: string) => ({ is: 'postponed', awaits: 'project', reason });

  it('waits for a project that is not there, is a file, or leads out of its location', async () => {
    const outcome = () => live(task([run('rpict')]));
    project = { ...project, rest: 'none', path: '/volume/none' };
    expect(await outcome()).to.deep.equal(away(`The project /volume/none is not there. Mount it, ${goesOn}`));
    writeFileSync(join(project.root, 'file'), '');
    for (const rest of ['file', 'file/below']) {
      project = { ...project, rest, path: '/volume/file' };
      const reason = 'The project /volume/file is not there: it is not a directory. Put it back,';
      expect(await outcome()).to.deep.equal(away(`${reason} ${goesOn}`));
    }
    mkdirSync(join(base.path, 'elsewhere'));
    symlinkSync('../elsewhere', join(project.root, 'link'));
    project = { ...project, rest: 'link', path: '/volume/link' };
    const reason = 'The project /volume/link is not there: a link on the way leads out of the location. Put it back,';
    expect(await outcome()).to.deep.equal(away(`${reason} ${goesOn}`));
    expect(readdirSync(join(base.path, 'elsewhere'))).to.deep.equal([]);
  });

  it('waits for a location that is not mounted', async () => {
    renameSync(project.root, `${project.root}.away`);
    const expected = away(`The project ${project.path} is not there. Mount it, ${goesOn}`);
    expect(await live(task([run('quiet')]))).to.deep.equal(expected);
    renameSync(`${project.root}.away`, project.root);
    expect(await live(task([run('quiet')]))).to.include({ is: 'done' });
  });

  it('waits for a project that its user may not read, or not enter', async function () {
    if (process.getuid?.() !== 0) skip(this, 'only root can become somebody who may not');
    const reason = `The project ${project.path} cannot be read: permission denied. Mount it or make it readable,`;
    chmodSync(base.path, 0o711);
    for (const mode of [0, 0o744]) {
      chmodSync(project.path, mode);
      process.seteuid?.(65534);
      try {
        expect(whyAway(project)).to.equal(`${reason} ${goesOn}`);
      } finally {
        process.seteuid?.(0);
      }
    }
  });

  describe('of a project whose path leads elsewhere than at the submit', () => {
    const seen = world(realClock);
    const make = (name: string) => live(task([run('sh', ['-c', `echo > ${name}`])]), seen);
    const place = (path: string) => join(project.root, path);
    const submitted = (rest: string): void => {
      const named = { location: 'proj', root: project.root, rest, path: place(rest) };
      const directory = openProject(named);
      project = { ...named, found: foundAt(directory, named) };
      closeSync(directory);
    };
    const turn = (to: string): void => {
      rmSync(place('current'), { force: true });
      symlinkSync(to, place('current'));
    };

    it('does not work there, until it leads back', async () => {
      mkdirSync(place('hall'));
      turn('room');
      submitted('current');
      expect(await make('first')).to.include({ is: 'done' });
      turn('hall');
      const ways = `it leads to ${place('hall')} now, and led to ${place('room')}`;
      const reason = `${place('current')} is another project than the job was submitted for: ${ways}.`;
      expect(await make('second')).to.deep.equal(away(`${reason} Let it lead there again, ${goesOn}`));
      expect(readdirSync(place('hall'))).to.deep.equal([]);
      turn('room');
      expect(await make('third')).to.include({ is: 'done' });
      expect(readdirSync(place('room'))).to.include.members(['first', 'third']);
    });

    it('works there for a job that was submitted since, and only for that one', async () => {
      mkdirSync(place('hall'));
      turn('room');
      submitted('current');
      const earlier = project;
      turn('hall');
      submitted('current');
      expect(await make('later')).to.include({ is: 'done' });
      project = earlier;
      expect(await make('earlier')).to.include({ is: 'postponed', awaits: 'project' });
      expect(readdirSync(place('hall')))
        .to.include('later')
        .and.not.to.include('earlier');
    });

    it('works in a directory that was made anew in its place, and in one that was moved behind a link', async () => {
      submitted('room');
      renameSync(place('room'), place('old'));
      mkdirSync(place('room'));
      writeFileSync(place('room/from-a-backup'), '');
      expect(await make('anew')).to.include({ is: 'done' });
      rmSync(place('room'), { recursive: true });
      symlinkSync('old', place('room'));
      expect(await make('moved')).to.include({ is: 'done' });
      expect([existsSync(place('old/anew')), existsSync(place('old/moved'))]).to.deep.equal([false, true]);
    });

    it('does not work in the empty directory that it is mounted on', async () => {
      submitted('room');
      renameSync(place('room'), place('mounted'));
      for (const path of ['room', 'room/proc', 'room/logfiles']) {
        mkdirSync(place(path));
        const reason = `The project ${place('room')} is not there: an empty directory is in its place. Mount it,`;
        expect(await make('there'), path).to.deep.equal(away(`${reason} ${goesOn}`));
      }
      expect(readdirSync(place('room')).sort()).to.deep.equal(['logfiles', 'proc']);
      rmSync(place('room'), { recursive: true });
      renameSync(place('mounted'), place('room'));
      expect(await make('there')).to.include({ is: 'done' });
      expect(readdirSync(place('room'))).to.include('there');
    });

    it('works in an empty one that it was from the beginning, whatever its device is called now', async () => {
      submitted('room');
      const { way = '', identity = '' } = project.found ?? {};
      project = { ...project, found: { way, identity: identity.replace(/^\d+/, '999') } };
      expect(await make('first')).to.include({ is: 'done' });
    });

    it('tidies nothing there', () => {
      const log: string[] = [];
      mkdirSync(place('hall'));
      for (const name of ['room', 'hall']) writeFileSync(place(`${name}/raw`), '');
      turn('room');
      submitted('current');
      turn('hall');
      tidy(project, ['raw'], (_, text) => log.push(text));
      turn('room');
      tidy(project, ['raw'], (_, text) => log.push(text));
      expect([existsSync(place('hall/raw')), existsSync(place('room/raw'))]).to.deep.equal([true, false]);
      expect(log).to.have.length(1);
    });
  });

  it('never writes through a link that leads out of the project', async () => {
    mkdirSync(join(base.path, 'elsewhere'));
    writeFileSync(join(base.path, 'elsewhere/precious'), 'precious');
    symlinkSync('../../elsewhere', at('images'));
    const outcome = await live(task([run('rpict', [], { stdout: { to: 'file', path: 'images/precious' } })]));
    expect((outcome as { reason: string }).reason).to.equal(
      'images/precious is a link that leads out of the project, which is not allowed.',
    );
    symlinkSync('../../elsewhere/precious', at('out.hdr'));
    const replaced = await live(
      task([run('rpict', [], { stdout: { to: 'file', path: 'out.hdr' } })], { makes: ['out.hdr'] }),
    );
    expect(replaced).to.include({ is: 'done' });
    expect(readFileSync(join(base.path, 'elsewhere/precious'), 'utf8')).to.equal('precious');
    const input = await live(task([run('rpict', [], { stdin: 'images/precious' })]));
    expect(input).to.include({ is: 'failed' });
  });

  it('replaces a file of somebody else and does not change it', async () => {
    mkdirSync(at('logfiles'));
    writeFileSync(at('theirs'), 'theirs');
    execFileSync('ln', [at('theirs'), at('logfiles/room.inside.log')]);
    await live(task([run('rpict', [], { stdout: { to: 'null' } })]));
    expect(read('theirs')).to.equal('theirs');
    expect(log()).to.match(/^# rayserver job 12/);
  });

  it('waits for a project that is deleted, or goes away, while it runs', async () => {
    const loop = 'echo > waiting; while [ -e waiting ]; do sleep 0.05; done; exit 1';
    for (const remove of [
      () => rmSync(project.path, { recursive: true }),
      () => {
        renameSync(project.path, `${project.path}.away`);
        rmSync(`${project.path}.away/waiting`);
      },
    ]) {
      mkdirSync(project.path, { recursive: true });
      const { outcome } = begin(task([run('sh', ['-c', loop])], { makes: ['x.hdr'] }));
      await waitUntil('the program', () => existsSync(at('waiting')));
      remove();
      expect(await outcome).to.deep.equal(away(`The project ${project.path} is not there. Mount it, ${goesOn}`));
      expect(existsSync(project.path)).to.equal(false);
    }
  });

  it('says so when the project was deleted while it ran, and another one is in its place', async () => {
    const loop = 'echo > waiting; while [ -e waiting ]; do sleep 0.05; done; exit 1';
    const { outcome } = begin(task([run('sh', ['-c', loop])]));
    await waitUntil('the program', () => existsSync(at('waiting')));
    mkdirSync(join(project.root, 'other'));
    renameSync(project.path, join(project.root, 'old'));
    renameSync(join(project.root, 'other'), project.path);
    rmSync(join(project.root, 'old'), { recursive: true });
    const reason = `The project was deleted while the simulation ran: ${project.path}`;
    expect(await outcome).to.include({ is: 'failed', reason });
    expect(readdirSync(project.path)).to.deep.equal([]);
  });

  it('counts for nothing where what it worked in was lost, though its path leads somewhere again', async () => {
    const seen = world(new HandClock());
    const enter = (asked: Project, look: 'now' | 'seldom') => {
      const place = seen.workplaces.enter(asked, look);
      return Object.assign(place, { isLost: () => true });
    };
    const workplaces = Object.assign(Object.create(seen.workplaces), {
      enter,
      leave: (place: Workplace) => seen.workplaces.leave(place),
    });
    const reason =
      `What the project ${project.path} lies on was mounted anew while the simulation ran; ` +
      'the job goes on by itself.';
    expect(await live(task([run('fails')]), { ...seen, workplaces })).to.deep.equal(away(reason));
  });

  it('knows a directory that is lost from one that was deleted', () => {
    const place = new Workplace(project, openProject(project), 0);
    expect([place.isGone(), place.isLost()]).to.deep.equal([false, false]);
    rmSync(project.path, { recursive: true });
    expect([place.isGone(), place.isLost()]).to.deep.equal([true, false]);
    // As a stale handle, this cannot be looked at.
    closeSync(place.directory);
    expect([place.isGone(), place.isLost()]).to.deep.equal([true, true]);
  });

  it('ends the cells of a project that is away', async () => {
    const forgotten: string[] = [];
    const seen = world(new HandClock());
    const forget = ({ path }: Project) => void forgotten.push(path);
    const containment = { enter: (wanted: Wanted) => seen.containment.enter(wanted), forget };
    expect(await live(task([run('fails')]), { ...seen, containment })).to.include({ is: 'failed' });
    expect(forgotten).to.deep.equal([]);
    rmSync(project.path, { recursive: true });
    await live(task([run('quiet')]), { ...seen, containment });
    expect(forgotten).to.deep.equal([project.path]);
  });

  it('says what is full when the disk is', async function () {
    if (process.getuid?.() !== 0) skip(this, 'only root can mount a small file system');
    const clock = new HandClock();
    // The project stays open for a moment after its last task.
    const unmount = (path: string) => execFileSync('umount', ['-l', at(path)]);
    mkdirSync(at('images'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k,mode=777', 'tmpfs', at('images')]);
    try {
      const plan = task([run('sh', ['-c', 'head -c 200000 /dev/zero'], { stdout: { to: 'file', path: 'images/x' } })], {
        makes: ['images/x'],
      });
      const outcome = await live(plan, world(clock));
      expect(outcome).to.include({ is: 'failed' });
      expect((outcome as { reason: string }).reason).to.match(/file system of the project is full|No space left/);
      expect(readdirSync(at('images'))).to.deep.equal([]);
    } finally {
      unmount('images');
    }
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16k,mode=777', 'tmpfs', at('logfiles')]);
    try {
      const outcome = await live(task([run('flood', ['1'])]), world(clock));
      expect(outcome).to.include({ is: 'done' });
      expect((outcome as { warnings: string[] }).warnings.at(-1)).to.match(/^The log is incomplete: .*no space left/i);
    } finally {
      unmount('logfiles');
    }
  });

  it('says what there was no room for before its program ran, and warns where only the log had none', async function () {
    if (process.getuid?.() !== 0) skip(this, 'only root can mount a small file system');
    const clock = new HandClock();
    for (const [inodes, expected] of [
      [2, { is: 'postponed', reason: 'No space left on the disk for logfiles.' }],
      [3, { is: 'done', warnings: ['The log is incomplete: logfiles/room.inside.log: no space left on device.'] }],
    ] as const) {
      execFileSync('mount', ['-t', 'tmpfs', '-o', `nr_inodes=${inodes},mode=777`, 'tmpfs', project.path]);
      try {
        expect(await live(task([run('quiet')]), world(clock))).to.deep.include(expected);
      } finally {
        execFileSync('umount', ['-l', project.path]);
        // The project is looked at again after a second.
        clock.pass(1000);
      }
    }
  });

  it('that is paused before it begins waits, and between two programs, too', async () => {
    const { simulation, seen, outcome } = begin(task([run('sh', ['-c', 'echo > first']), run('rpict')]));
    simulation.pause();
    const next = await live(task([run('rpict')], { name: 'other' }));
    expect(next).to.include({ is: 'done' });
    expect(seen.pids).to.deep.equal([]);
    simulation.resume();
    simulation.pause();
    simulation.resume();
    expect(await outcome).to.include({ is: 'done' });
    expect(seen.pids).to.have.length(2);
  });

  it('that is paused while it waits can be stopped', async () => {
    const { simulation, seen, outcome } = begin(task([run('rpict')]));
    simulation.pause();
    simulation.stop();
    expect(await outcome).to.deep.equal({ is: 'stopped' });
    expect(seen.pids).to.deep.equal([]);
    expect(log()).to.match(/# stopped, /);
  });

  it('that exceeds a limit has failed, even if it ends well, and what it began is removed', async () => {
    const clock = new HandClock();
    const polite = 'echo begun; trap "exit 0" TERM; echo > waiting; while :; do sleep 0.02; done';
    const plan = task([run('sh', ['-c', polite], { stdout: { to: 'file', path: 'x.unf' } })]);
    const { simulation, seen, outcome } = begin(plan, world(clock), { ...noLimits, seconds: 60, progressSeconds: 50 });
    await waitUntil('the program', () => existsSync(at('waiting')) && seen.pids.length > 0);
    simulation.pause();
    clock.pass(1_000_000);
    simulation.resume();
    // The file has grown, so the first silence does not count.
    clock.pass(50_000);
    expect(isAlive(seen.pids[0] ?? 0)).to.equal(true);
    clock.pass(10_000);
    expect(await outcome).to.deep.include({
      is: 'failed',
      reason: 'It was ended because it ran longer than 60 seconds (limit of the job, or setting "limits.seconds").',
    });
    expect(existsSync(at('x.unf'))).to.equal(false);
    expect(log()).to.match(/# failed: It was ended because it ran longer than 60 seconds/);
  });

  it('that shares an ambient file is killed at once when it exceeds a limit', async () => {
    writeFileSync(at('room.oct'), 'an octree');
    const clock = new HandClock();
    const plan = task([run('waits', [], { ambient })]);
    const { outcome } = begin(plan, world(clock), { ...noLimits, progressSeconds: 5 });
    await waitUntil('the program', () => existsSync(at('waiting')));
    clock.pass(5000);
    expect(await outcome).to.include({ is: 'failed', signal: 'SIGKILL' });
    expect(log()).not.to.match(/Terminate/);
  });

  it('has its log while it runs, and its pid file, from a tenth of a second on', async () => {
    const clock = new HandClock();
    const { seen, outcome } = begin(task([run('waits')]), world(clock));
    await waitUntil('the program', () => existsSync(at('waiting')) && seen.pids.length > 0);
    clock.pass(99);
    expect([readdirSync(at('proc')), readdirSync(at('logfiles'))]).to.deep.equal([[], []]);
    clock.pass(1);
    expect(read('proc/room.inside.pid')).to.equal(`${seen.pids[0]}\n`);
    await waitUntil('the log', () => /^# rayserver job 12 .*\n# room, room.inside\nwaits\n/.test(log()));
    writeFileSync(at('go'), '');
    expect(await outcome).to.include({ is: 'done' });
    expect(readdirSync(at('proc'))).to.deep.equal([]);
  });

  it('names the directory that it may not write', async function () {
    if (process.getuid?.() === 0) skip(this, 'root may write everywhere');
    chmodSync(project.path, 0o555);
    const outcome = await live(task([run('rpict')]));
    chmodSync(project.path, 0o755);
    expect(outcome).to.include({ is: 'failed', reason: `Project not writable: ${project.path}/proc` });
  });

  describe('that writes into a file by its name', () => {
    const guarded = task([{ do: 'guard', path: 'ambfiles/room.amb' }], { directories: ['ambfiles'] });
    const secret = () => join(base.path, 'secret');
    beforeEach(() => {
      mkdirSync(at('ambfiles'));
      writeFileSync(secret(), 'of somebody else');
    });
    afterEach(() => expect(readFileSync(secret(), 'utf8')).to.equal('of somebody else'));

    it('takes one that is missing, and one of its own', async () => {
      expect(await live(guarded)).to.include({ is: 'done' });
      writeFileSync(at('ambfiles/room.amb'), 'values');
      expect(await live(guarded)).to.include({ is: 'done' });
    });

    const planted: Record<string, [string, () => void]> = {
      link: ['not a regular file; remove it', () => symlinkSync(secret(), at('ambfiles/room.amb'))],
      'link to nothing': [
        'not a regular file; remove it',
        () => symlinkSync(join(base.path, 'x'), at('ambfiles/room.amb')),
      ],
      pipe: ['not a regular file; remove it', () => execFileSync('mkfifo', [at('ambfiles/room.amb')])],
      directory: ['not a regular file; remove it', () => mkdirSync(at('ambfiles/room.amb'))],
      'second name': [
        'the file has another name, too; remove this one',
        () => linkSync(secret(), at('ambfiles/room.amb')),
      ],
    };
    for (const [what, [says, plant]] of Object.entries(planted)) {
      it(`refuses a ${what} that was planted there`, async () => {
        plant();
        expect(await live(guarded)).to.include({ is: 'failed', reason: `ambfiles/room.amb: ${says}.` });
      });
    }
  });
});
