import { expect } from 'chai';
import type { AmbientMode } from '../../../../src/model/job.ts';
import type { Ambient, RunDeed, TaskPlan } from '../../../../src/model/task.ts';
import type { Plan, PlanInput } from '../../../../src/renderers/radiance/plan.ts';
import { fixtureInput, planFrom, planOf, type Wish } from '../../../support/rad-fixtures.ts';

const named = (plan: Plan, name: string): TaskPlan => {
  const found = plan.tasks.find((each) => each.name === name);
  if (found === undefined) throw new Error(`no task ${name}: ${plan.tasks.map((each) => each.name)}`);
  return found;
};
const runs = (plan: Plan, name: string): RunDeed[] => named(plan, name).deeds.filter((deed) => deed.do === 'run');
const file = (plan: Plan, name: string): Ambient | null => runs(plan, name)[0]?.ambient ?? null;
const args = (plan: Plan, name: string): string => runs(plan, name)[0]?.args.join(' ') ?? '';
const names = (plan: Plan): string[] => plan.tasks.map(({ name }) => name);

/** A room whose .rif names no ambient file, as rad plans it: without an overture. */
function unnamed(change: (printed: string) => string = (printed) => printed): PlanInput {
  const input = fixtureInput('room');
  const printed = input.printed
    .replaceAll(/\t[^\n]*> \/dev\/null\n/g, '')
    .replaceAll(' -af ambfiles/room.amb', '')
    .replace(/^AMBFILE.*\n/m, '');
  return { ...input, rif: { ...input.rif, ambient: null }, printed: change(printed) };
}

/** The same with as many views. */
function manyViews(count: number): PlanInput {
  const more = Array.from({ length: count - 2 }, (_, index) => `more${index}`);
  const input = unnamed((printed) => {
    const own = /\trpict -vf [^\n]*_inside\.unf\n[\s\S]*?_inside\.unf\n(?=\trpict)/.exec(printed)?.[0] ?? '';
    return printed + more.map((name) => own.replaceAll('_inside', `_${name}`)).join('');
  });
  return { ...input, rif: { ...input.rif, views: ['inside', 'top', ...more] } };
}

const shared = {
  octree: 'octrees/room.oct',
  inputs: ['scene/lamp.rad'],
  filledBy: null,
  onlyCold: false,
  use: 'shared',
};

describe('indirect light of a job', () => {
  it('is shared through the file that the .rif names', () => {
    const plan = planOf('room');
    expect(file(plan, 'room.inside')).to.deep.equal({ ...shared, path: 'ambfiles/room.amb' });
    expect(args(plan, 'room.top')).to.match(/ -af ambfiles\/room\.amb octrees\/room\.oct$/);
  });
  it('is shared through one in ambfiles that is named later where the .rif names none', () => {
    const plan = planFrom(unnamed());
    expect(file(plan, 'room.inside')).to.deep.equal({ ...shared, path: null });
    expect(args(plan, 'room.inside')).to.match(/ -af ambient octrees\/room\.oct$/);
    expect(named(plan, 'room.inside').directories).to.include('ambfiles');
    expect(named(plan, 'room.inside').deeds.filter((deed) => deed.do === 'guard')).to.deep.equal([]);
  });
  it('keeps no two views of a job from running at the same time', () => {
    for (const mode of ['shared', 'private', 'freeze'] as const) {
      const plan = planOf('room', { ambient: mode });
      const [one, other] = [named(plan, 'room.inside'), named(plan, 'room.top')];
      expect(one.holds.filter((hold) => other.holds.includes(hold))).to.deep.equal([]);
      expect(one.after).to.deep.equal(other.after);
    }
  });
  it('is written into one file, however often the options name one', () => {
    const plan = planFrom(fixtureTwice());
    expect(args(plan, 'room.inside').match(/-af \S+/g)).to.deep.equal(['-af last.amb']);
    expect(file(plan, 'room.inside')?.path).to.equal('last.amb');
  });
  it('depends on what the octree only names, on photon maps, and on lists of materials', () => {
    const plan = planFrom(unnamed((printed) => printed.replaceAll(' -lr 8', ' -ap a.gpm 20 -aE list.txt -lr 8')));
    expect(file(plan, 'room.inside')?.inputs).to.deep.equal(['scene/lamp.rad', 'a.gpm', 'list.txt']);
  });
  it('is private to a simulation on demand, with no overture that would be of no use to it', () => {
    const plan = planOf('room', { ambient: 'private' });
    expect(file(plan, 'room.inside')).to.deep.equal({ ...shared, use: 'private', path: 'ambfiles/room.amb' });
    expect(names(plan)).not.to.include('room.overture');
  });
  it('is not kept on demand', () => {
    const plan = planOf('room', { ambient: 'none' });
    expect(names(plan)).not.to.include('room.overture');
    for (const name of ['room.inside', 'room.top']) {
      expect(file(plan, name)).to.equal(null);
      expect(args(plan, name)).not.to.include('-af');
      expect(named(plan, name).directories).not.to.include('ambfiles');
    }
  });
  for (const [what, options] of [
    ['no bounces', '-ab 0'],
    ['no accuracy, which switches it off', '-ab 2 -aa 0'],
  ] as const) {
    for (const ambient of ['shared', 'private', 'freeze'] as AmbientMode[]) {
      it(`needs no file with ${what}: ${ambient}`, () => {
        const input = fixtureInput('room');
        const plan = planFrom(
          { ...input, printed: input.printed.replaceAll(' -lr 8', ` ${options} -lr 8`) },
          { ambient },
        );
        expect(names(plan).filter((name) => /overture|fill/.test(name))).to.deep.equal([]);
        expect(file(plan, 'room.inside')).to.equal(null);
        expect(args(plan, 'room.inside')).not.to.include('-af');
        const notes = ambient === 'freeze' ? ['No view computes indirect light (-ab above 0): nothing is frozen.'] : [];
        expect(plan.notes).to.deep.equal(notes);
      });
    }
  }
  it('of mkillum, which renders another octree, is not mixed with that of the views', () => {
    const input = fixtureInput('illum');
    const printed = input.printed.replace('mkillum -ab 1', 'mkillum -af illum.amb -ab 1');
    expect(printed).not.to.equal(input.printed);
    const made = named(planFrom({ ...input, printed }), 'illum.octree').deeds.filter((deed) => deed.do === 'run');
    expect(made.flatMap((deed) => deed.args)).not.to.include('-af');
  });
  it('of an octree that is not frozen is not kept, as nobody can tell whether it is still of the same scene', () => {
    const input = fixtureInput('octree');
    const lit = { ...input, printed: input.printed.replace(' -lr 6', ' -ab 1 -lr 6') };
    const ready = (frozen: boolean) => ({ 'octrees/ready.oct': { modified: 20, frozen, is: 'radiance' as const } });
    expect(file(planFrom(lit, { files: ready(true) }), 'octree.inside')?.use).to.equal('shared');
    const plan = planFrom(lit, { files: ready(false) });
    expect(file(plan, 'octree.inside')).to.equal(null);
    expect(plan.notes).to.deep.equal([
      'octrees/ready.oct is not frozen: it cannot be told whether light computed before is of the same scene, so none is ' +
        'kept or shared (oconv -f freezes an octree).',
    ]);
    expect(planFrom(lit, { files: ready(false), ambient: 'none' }).notes).to.deep.equal([]);
  });
});

describe('an overture', () => {
  const has = (input: PlanInput, wish: Wish): boolean => names(planFrom(input, wish)).includes('room.overture');
  it('that rad plans stays where more than two simulations run at a time', () => {
    expect([1, 2, 3, 8].map((slots) => has(fixtureInput('room'), { slots }))).to.deep.equal([false, false, true, true]);
    expect(has(fixtureInput('room'), { slots: 3, views: ['top'] })).to.equal(true);
  });
  it('that rad does not plan is added there, also for one view: other jobs may start with it', () => {
    expect([1, 2, 3, 8].map((slots) => has(manyViews(3), { slots }))).to.deep.equal([false, false, true, true]);
    expect(has(manyViews(2), { slots: 3, views: ['top'] })).to.equal(true);
  });
  it('is skipped where the file holds something already', () => {
    for (const plan of [planOf('room'), planFrom(manyViews(3))])
      expect(runs(plan, 'room.overture')[0]?.ambient).to.deep.include({ use: 'shared', onlyCold: true });
  });
  it('of our own is a small picture of the first view that nobody sees, and has no distances', () => {
    const input = manyViews(3);
    const plan = planFrom({ ...input, printed: input.printed.replace(' -lr 8', ' -z away.zbf -lr 8') });
    const [deed] = runs(plan, 'room.overture');
    expect(deed?.stdout).to.deep.equal({ to: 'null' });
    expect(deed?.args.join(' ')).to.match(
      /^-t 1 -vf views\/inside\.vf -dp 512 .* -lr 8 -lw 1e-4 -pt \.08 -x 64 -y 64 -ps 1 -af ambient octrees\/room\.oct$/,
    );
    expect(deed?.args).not.to.include('-z');
    expect(named(plan, 'room.overture').makes).to.deep.equal([]);
  });
  it('is not waited for by a view without indirect light', () => {
    const input = manyViews(4);
    const printed = input.printed.replace(/(-vtl [^\n]*) -pt/, '$1 -ab 0 -pt');
    const plan = planFrom({ ...input, printed });
    expect(named(plan, 'room.inside').after).to.deep.equal([2]);
    expect(named(plan, 'room.top').after).to.deep.equal([1]);
  });
});

describe('a frozen ambient file', () => {
  const plan = planOf('room', { ambient: 'freeze', slots: 1 });

  it('is filled by overtures of all views, then only read', () => {
    const fill = named(plan, 'room.fill');
    expect(fill).to.deep.include({
      step: 'overture',
      after: [1],
      holds: ['fill:octrees/room.oct'],
      makes: [],
      view: null,
    });
    expect(fill.deeds.map((deed) => deed.do === 'run' && deed.stdout)).to.deep.equal([{ to: 'null' }, { to: 'null' }]);
    expect(runs(plan, 'room.fill').map((deed) => deed.args[2])).to.deep.equal(['-vf', '-vtl']);
    const [one, other] = runs(plan, 'room.fill').map(({ ambient }) => ambient);
    expect(one).to.deep.include({ use: 'fill', octree: 'octrees/room.oct', onlyCold: false });
    expect(one).to.deep.equal(other);
    for (const name of ['room.inside', 'room.top']) {
      expect(named(plan, name).after).to.deep.equal([2]);
      expect(file(plan, name)).to.deep.equal({ ...one, use: 'frozen' });
    }
  });
  it('is none that the .rif names, which others may write into', () => {
    expect(file(plan, 'room.inside')?.path).to.equal(null);
    expect(args(plan, 'room.inside')).to.match(/ -af ambient octrees\/room\.oct$/);
    expect(named(plan, 'room.fill').directories).to.deep.equal(['logfiles', 'proc', 'ambfiles']);
  });
  it('is the same however many views are up to date', () => {
    const files = {
      'octrees/room.oct': { modified: 20, frozen: true, is: 'radiance' as const },
      'images/room_inside.hdr': 30,
      'images/room_top.hdr': 19,
    };
    const later = planOf('room', { ambient: 'freeze', files });
    expect(later.views).to.deep.equal(['top']);
    expect(runs(later, 'room.fill')).to.deep.equal(runs(plan, 'room.fill'));
    expect(file(later, 'room.top')).to.deep.equal(file(plan, 'room.top'));
  });
  it('is another one where other views are asked for, or they look elsewhere', () => {
    const other = planOf('room', { ambient: 'freeze', views: ['top'] });
    expect(file(other, 'room.top')?.filledBy).not.to.equal(file(plan, 'room.top')?.filledBy);
    expect(file(plan, 'room.top')?.inputs).to.deep.equal(['scene/lamp.rad', 'views/inside.vf']);
  });
  it('is one for each way of computing light', () => {
    const input = fixtureInput('room');
    const printed = input.printed.replaceAll(/(-vtl [^\n]*) -ps 6/g, '$1 -ab 2 -ps 6');
    const two = planFrom({ ...input, printed }, { ambient: 'freeze' });
    expect(names(two)).to.include.members(['room.fill', 'room.fill_']);
    expect(runs(two, 'room.fill')[0]?.ambient?.filledBy).to.equal(file(two, 'room.inside')?.filledBy);
    expect(runs(two, 'room.fill_')[0]?.ambient?.filledBy).to.equal(file(two, 'room.top')?.filledBy);
    expect(file(two, 'room.inside')?.filledBy).not.to.equal(file(two, 'room.top')?.filledBy);
  });
});

function fixtureTwice(): PlanInput {
  const input = fixtureInput('room');
  return { ...input, printed: input.printed.replaceAll(' -lr 8', ' -lr 8 -af last.amb') };
}
