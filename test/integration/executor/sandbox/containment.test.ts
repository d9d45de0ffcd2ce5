import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { realClock } from '../../../../src/executor/clock.ts';
import { LostSpawner } from '../../../../src/executor/run.ts';
import { Containment } from '../../../../src/executor/sandbox/containment.ts';
import { type Level, Levels } from '../../../../src/executor/sandbox/level.ts';
import { Simulation } from '../../../../src/executor/simulation.ts';
import type { Project } from '../../../../src/model/job.ts';
import type { Outcome } from '../../../../src/model/task.ts';
import type { ServiceSettings } from '../../../../src/protocol/inner.ts';
import { HandClock, makeProject, noLimits, run, services, task, temporary, world } from '../../../support/executor.ts';
import { noSmallDisk, SmallDisk } from '../../../support/full-disk.ts';
import { processesIn } from '../../../support/inside.ts';
import { skip } from '../../../support/skip.ts';
import { waitUntil } from '../../../support/wait-until.ts';

describe('a simulation', () => {
  let base: ReturnType<typeof temporary>;
  let project: Project;
  let said: string[];
  const at = (path: string) => join(project.path, path);

  beforeEach(() => {
    base = temporary('contained');
    project = makeProject(base.path);
    said = [];
  });
  afterEach(() => base[Symbol.dispose]());

  const containment = (level?: Level) => {
    const levels = level && Object.assign(new Levels(realClock), { reached: async () => level });
    const log = (_level: string, text: string) => said.push(text);
    return new Containment({ home: join(base.path, 'home'), clock: realClock, log }, levels);
  };
  const begin = (script: string, more: Partial<ServiceSettings> = {}, by = containment()) => {
    const plan = task([run('sh', ['-c', script])], { step: 'frame' });
    const job = { name: 'room', user: 'anna', project, limits: noLimits };
    const seen = { ...world(realClock, { services: services(more) }), containment: by };
    return { seen, outcome: new Simulation({ attempt: '12.3.1', task: plan, job }, seen).live() };
  };
  const live = (script: string, more: Partial<ServiceSettings> = {}, by = containment()): Promise<Outcome> =>
    begin(script, more, by).outcome;
  /** Pid 1 of the cell, found while a simulation is there. */
  const keeperWhile = async (by: Containment): Promise<number> => {
    const { outcome, seen } = begin('touch waiting; while [ -e waiting ]; do sleep 0.05; done', {}, by);
    await waitUntil('the program', () => existsSync(at('waiting')) && seen.pids.length > 0);
    const keeper = keeperOf(seen.pids[0] ?? 0);
    rmSync(at('waiting'));
    expect(reason(await outcome)).to.equal('done');
    return keeper;
  };
  const reason = (outcome: Outcome) => ('reason' in outcome ? outcome.reason : outcome.is);

  describe('where no cell can be made', () => {
    const why = { is: 'process', why: 'there is no bwrap', mend: 'sudo apt-get install bubblewrap' } as const;

    it('runs all the same, without capabilities, and the log says so once', async () => {
      const by = containment(why);
      const script = 'grep ^CapBnd: /proc/self/status > bounding';
      for (let times = 0; times < 2; times++) expect(reason(await live(script, {}, by))).to.equal('done');
      expect(readFileSync(at('bounding'), 'utf8')).to.match(/\t0+\n/);
      expect(said).to.deep.equal([
        'procwrap: simulations see all files and processes that their user may see, for they cannot be contained: ' +
          'there is no bwrap. To mend it: sudo apt-get install bubblewrap',
      ]);
    });
    it('does not run where it must be contained, and says how that can be', async () => {
      expect(reason(await live('touch ran', { mode: 'require' }, containment(why)))).to.equal(
        'It was not started, for it cannot be contained here (setting "sandbox.mode"): there is no bwrap. ' +
          'To mend it: sudo apt-get install bubblewrap',
      );
      expect(existsSync(at('ran'))).to.equal(false);
    });
    it('does not run uncontained because nothing is left to make one of', async () => {
      expect(reason(await live('touch ran', {}, containment({ is: 'none', why: 'no more processes' })))).to.equal(
        'No cell can be made at this moment: no more processes.',
      );
      expect(existsSync(at('ran'))).to.equal(false);
    });
    it('has the settings of a service only where its program is none that the project has brought', async () => {
      const asked = { ...services({ mode: 'require' }), blender: services({ mode: 'off' }).blender };
      const outcome = async (program: string) => {
        const plan = task([run(program, [])], { step: 'frame' });
        const job = { name: 'room', user: 'anna', project, limits: noLimits };
        const seen = { ...world(realClock, { services: asked }), containment: containment(why) };
        return reason(await new Simulation({ attempt: '12.3.1', task: plan, job }, seen).live());
      };
      const outside = join(base.path, 'blender');
      for (const path of [at('blender'), outside]) writeFileSync(path, '#!/bin/sh\n', { mode: 0o755 });
      expect(await outcome(outside)).to.equal('done');
      mkdirSync(at('deep'));
      for (const program of [
        './blender',
        at('blender'),
        at('deep/../blender'),
        '/proc/self/cwd/blender',
        '/dev/fd/5/blender',
      ])
        expect(await outcome(program), program).to.match(/^It was not started, /);
    });
    it('is lost with a spawner that was lost over it', async () => {
      const levels = Object.assign(new Levels(realClock), { reached: () => Promise.reject(new LostSpawner('killed')) });
      const by = new Containment({ home: '/nowhere', clock: realClock, log: () => {} }, levels);
      expect(await live('true', {}, by)).to.deep.equal({ is: 'stopped' });
    });
  });

  describe('in a cell', () => {
    before(async function () {
      const level = await new Levels(realClock).look();
      if (level.is === 'process') skip(this, `there are no cells here: ${level.why}`);
    });

    it('does not run in the open where the cell of just its project cannot be made', async () => {
      const bubblewrap = join(base.path, 'bwrap');
      writeFileSync(bubblewrap, '#!/bin/sh\necho bwrap: odd >&2\nexit 1\n', { mode: 0o755 });
      const by = containment({ is: 'cell', bubblewrap, sized: true });
      expect(reason(await live('touch ran', {}, by))).to.equal(`No cell can be made for ${project.path}: bwrap: odd.`);
      expect(existsSync(at('ran'))).to.equal(false);
    });
    it('has limits of its service', async () => {
      await live('ulimit -n > files; ulimit -d > memory', { files: 99, memory: 2 ** 28 });
      expect(readFileSync(at('files'), 'utf8')).to.equal('99\n');
      expect(readFileSync(at('memory'), 'utf8')).to.equal(`${2 ** 18}\n`);
      await live('ulimit -n > files', { files: 98, mode: 'off' });
      expect(readFileSync(at('files'), 'utf8')).to.equal('98\n');
    });
    it('shares /tmp with others of its project that see the same, and with nobody else', async () => {
      const by = containment();
      mkdirSync(join(base.path, 'volume/other'));
      await live('echo here > /tmp/left; echo $TMPDIR > tmpdir', {}, by);
      expect(readFileSync(at('tmpdir'), 'utf8')).to.equal('/tmp\n');
      expect(reason(await live('cat /tmp/left', {}, by))).to.equal('done');
      expect(reason(await live('cat /tmp/left', { network: true }, by))).to.match(/^sh ended with exit status 1/);
      project = { ...project, rest: 'other', path: join(base.path, 'volume/other') };
      expect(reason(await live('cat /tmp/left', {}, by))).to.match(/^sh ended with exit status 1/);
    });
    it('may write no more into /tmp than it has', async () => {
      await live('head -c 9000000 /dev/zero > /tmp/big; stat -c %s /tmp/big > size', { tmpBytes: 2 ** 20 });
      expect(Number(readFileSync(at('size'), 'utf8'))).to.equal(2 ** 20);
    });
    it('reads what it may read beside its project, and cannot write there', async () => {
      const library = join(base.path, 'library');
      mkdirSync(library);
      writeFileSync(join(library, 'oak.rad'), 'oak');
      const script = `cat ${library}/oak.rad > seen; echo x > ${library}/oak.rad; true`;
      expect(reason(await live(script, { readable: [library] }))).to.equal('done');
      expect([readFileSync(at('seen'), 'utf8'), readFileSync(join(library, 'oak.rad'), 'utf8')]).to.deep.equal([
        'oak',
        'oak',
      ]);
    });
    it('writes where it may beside its project', async () => {
      const scratch = join(base.path, 'scratch');
      mkdirSync(scratch);
      chmodSync(scratch, 0o777);
      const script = `echo here > ${scratch}/left`;
      expect(reason(await live(script))).to.match(/^sh ended with exit status 2/);
      expect(reason(await live(script, { writable: [scratch] }))).to.equal('done');
      expect(readFileSync(join(scratch, 'left'), 'utf8')).to.equal('here\n');
    });
    it('is told which setting shows a file that it could not find', async () => {
      writeFileSync(join(base.path, 'oak.rad'), '');
      expect(reason(await live(`cat ${base.path}/oak.rad`))).to.equal(
        `sh ended with exit status 1. ${base.path}/oak.rad is on this host, but not to be seen from where the program ran: ` +
          'name it, or a directory above it, in the setting "sandbox.readable".',
      );
      expect(reason(await live(`cat ${base.path}/oak.rad`, { mode: 'off' }))).to.equal('done');
      expect(reason(await live(`echo ${base.path}/missing; exit 1`))).to.equal('sh ended with exit status 1.');
    });
    it('runs with a project that was renamed meanwhile, and with another one in its old place', async () => {
      const by = containment();
      await live('touch first', {}, by);
      const moved = join(base.path, 'volume/moved');
      await live('true', {}, by);
      renameSync(project.path, moved);
      mkdirSync(project.path);
      expect(reason(await live('touch second', {}, by))).to.equal('done');
      expect([existsSync(at('first')), existsSync(at('second'))]).to.deep.equal([false, true]);
      project = { ...project, rest: 'moved', path: moved };
      expect(reason(await live('test -e first', {}, by))).to.equal('done');
    });
    it('is not in the cell of the directory that its project is mounted on, and none holds what was unmounted', async function () {
      const why = noSmallDisk();
      if (why !== null) skip(this, why);
      const clock = new HandClock();
      const by = new Containment({ home: join(base.path, 'home'), clock, log: () => {} });
      expect(reason(await live('touch under /tmp/left', {}, by))).to.equal('done');
      const disk = new SmallDisk(project.path, 4);
      let keeper: number;
      try {
        expect(reason(await live('test ! -e /tmp/left && test ! -e under', {}, by))).to.equal('done');
        keeper = await keeperWhile(by);
        clock.pass(5000);
        expect(existsSync(`/proc/${keeper}`), 'the cell of what is mounted').to.equal(true);
      } finally {
        disk.remove();
      }
      clock.pass(5000);
      await waitUntil('the end of the cell', () => !existsSync(`/proc/${keeper}`));
      expect(readdirSync(project.path)).to.include('under');
    });
    it('leaves no cell behind when its project is away', async () => {
      const by = containment();
      const keeper = await keeperWhile(by);
      renameSync(project.path, `${project.path}.away`);
      expect(await live('true', {}, by)).to.include({ is: 'postponed', awaits: 'project' });
      await waitUntil('the end of the cell', () => !existsSync(`/proc/${keeper}`));
    });
    it('is lost with its cell, and the next one has another', async () => {
      const by = containment();
      const { outcome, seen } = begin('echo > waiting; exec sleep 1000', {}, by);
      await waitUntil('the program', () => existsSync(at('waiting')) && seen.pids.length > 0);
      const [pid = 0] = seen.pids;
      process.kill(keeperOf(pid), 'SIGKILL');
      expect(await outcome).to.include({ is: 'failed', signal: 'SIGKILL' });
      // Until the end of the cell is heard, whoever is started in it is lost with it: a server tries that again.
      await waitUntil('another cell', async () => (await live('true', {}, by)).is === 'done');
      expect(processesIn(project.path)).to.deep.equal([]);
    });
  });
});

/** Pid 1 of the cell of a process: the one with its namespace of processes whose number there is 1. */
function keeperOf(pid: number): number {
  const own = readlinkSync(`/proc/${pid}/ns/pid`);
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const keeper = pids.find((name) => {
    try {
      const isOne = /^NSpid:.*\t1$/m.test(readFileSync(`/proc/${name}/status`, 'utf8'));
      return isOne && readlinkSync(`/proc/${name}/ns/pid`) === own;
    } catch {
      return false;
    }
  });
  return Number(keeper);
}
