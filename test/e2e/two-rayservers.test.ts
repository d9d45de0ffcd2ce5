import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { findRadiance, packageDirectory } from '../../src/executor/installation.ts';
import type { JobView, TaskView } from '../../src/protocol/api.ts';
import { Lab } from '../support/lab.ts';
import { waitUntil } from '../support/wait-until.ts';

/** Two daemons with homes of their own, as of two hosts, that have the same project. */
describe('two rayservers with one project', function () {
  this.timeout(180_000);
  let [one, other]: Lab[] = [];
  let project: string;
  const at = (name: string) => join(project, name);
  const first = () => one as Lab;
  const second = () => other as Lab;

  /** Programs that say in the project that they have begun, and wait there for a word. */
  const slow = ['oconv', 'rpict', 'pfilt'];
  const slowRadiance = (lab: Lab) => {
    const found = findRadiance(null, process.env, packageDirectory());
    const real = found.found ? (found.directory ?? '') : '';
    const radiance = join(lab.directory, 'radiance');
    mkdirSync(join(radiance, 'bin'), { recursive: true });
    symlinkSync(join(real, 'lib'), join(radiance, 'lib'));
    for (const name of readdirSync(join(real, 'bin')))
      if (!slow.includes(name)) symlinkSync(join(real, 'bin', name), join(radiance, 'bin', name));
    for (const name of slow) {
      const program = join(real, 'bin', name);
      const waits = `echo begun >> ${name}.begun; until [ -e ${name}.go ]; do sleep 0.05; done`;
      const script = `#!/bin/sh\n[ "$1" = -version ] || { ${waits}; }\nexec ${program} "$@"\n`;
      lab.write(join(radiance, 'bin', name), script);
      chmodSync(join(radiance, 'bin', name), 0o755);
    }
    return radiance;
  };

  beforeEach(async () => {
    one = await Lab.make();
    other = await Lab.make();
    project = one.project();
    const radiance = slowRadiance(one);
    for (const lab of [one, other]) {
      mkdirSync(join(lab.home, 'config'), { recursive: true });
      lab.write(join(lab.home, 'config/rayserver.yaml'), `radiance: ${radiance}\n`);
      lab.own(lab.home);
      await lab.startDaemon();
    }
  });
  afterEach(async () => {
    for (const name of slow) go(name);
    await other?.close();
    await one?.close();
  });

  const go = (program: string) => first().write(at(`${program}.go`), '');
  const begun = (program: string) =>
    existsSync(at(`${program}.begun`)) ? readFileSync(at(`${program}.begun`), 'utf8').split('\n').length - 1 : 0;
  const submit = (lab: Lab) =>
    lab.json<JobView>('submit', at('room.rif'), '--view', 'door', '--set', 'INDIRECT=0', '--force');
  const show = (lab: Lab, { id }: JobView) => lab.json<JobView>('show', String(id));
  const reason = (lab: Lab, job: JobView, text: string) =>
    waitUntil(text, async () => (await show(lab, job)).reason === text);
  const makes = (what: string) => {
    const who = `Another rayserver, on host ${hostname()} with process ${first().procwraps()[0]},`;
    return `${who} makes ${what}; the job goes on when that is done.`;
  };
  const done = async (lab: Lab, { id }: JobView) => {
    const ended = await lab.rayctl('wait', String(id));
    expect(ended.status, `${ended.stderr}\n${ended.stdout}`).to.equal(0);
    const { taskList } = await lab.json<{ taskList: TaskView[] }>('show', String(id));
    return taskList.map(({ tried }) => tried.map((each) => each.ended).join(' '));
  };
  const nothingLeft = async () => {
    await waitUntil('an empty proc', () => readdirSync(at('proc')).length === 0);
    expect(readdirSync(at('images'))).to.deep.equal(['room_door.hdr']);
    expect(readdirSync(at('octrees'))).to.deep.equal(['room.oct']);
  };

  it('make an octree once: the second one waits, says for whom, and finds it there', async () => {
    for (const name of ['rpict', 'pfilt']) go(name);
    const mine = await submit(first());
    await waitUntil('oconv', () => begun('oconv') === 1);
    const its = await submit(second());
    await reason(second(), its, makes('octrees/room.oct'));
    expect(begun('oconv')).to.equal(1);
    go('oconv');
    const ends = [await done(first(), mine), await done(second(), its)];
    expect(begun('oconv')).to.equal(1);
    expect(ends).to.deep.equal([
      ['done', 'done', 'done'],
      ['done', 'done', 'done'],
    ]);
    await nothingLeft();
  });

  it('render a picture one after the other; what is cancelled meanwhile takes nothing from the first one', async () => {
    go('oconv');
    const mine = await submit(first());
    await waitUntil('rpict', () => begun('rpict') === 1);
    const its = await submit(second());
    await reason(second(), its, makes('images/room_door.hdr'));
    const cancelled = await second().rayctl('cancel', String(its.id));
    expect(cancelled.status, cancelled.stderr).to.equal(0);
    const last = await submit(second());
    await reason(second(), last, makes('images/room_door.hdr'));
    expect(existsSync(at('images/room_door.unf'))).to.equal(true);
    go('rpict');
    await waitUntil('the filter', () => begun('pfilt') === 1);
    // The whole of one picture after the other: the second one does not begin before the filter of the first one is done.
    expect(begun('rpict')).to.equal(1);
    go('pfilt');
    await done(first(), mine);
    await done(second(), last);
    expect(begun('rpict')).to.equal(2);
    await nothingLeft();
  });

  it('do not wait for one that was killed', async () => {
    for (const name of ['rpict', 'pfilt']) go(name);
    await submit(first());
    await waitUntil('oconv', () => begun('oconv') === 1);
    const its = await submit(second());
    await reason(second(), its, makes('octrees/room.oct'));
    first().daemon?.kill('SIGKILL');
    for (const pid of first().procwraps()) process.kill(pid, 'SIGKILL');
    await waitUntil('the next one', () => begun('oconv') === 2);
    go('oconv');
    await done(second(), its);
    await nothingLeft();
  });
});
