import { expect } from 'chai';
import { Refusal } from '../../../../src/model/refusal.ts';
import type { Deed, TaskPlan } from '../../../../src/model/task.ts';
import { filesToLookAt } from '../../../../src/renderers/radiance/files.ts';
import { requireOverwritable, requireSeparate } from '../../../../src/renderers/radiance/outputs.ts';
import {
  optionFilesToRead,
  type Plan,
  type PlanInput,
  radFailure,
  readUnderstood,
} from '../../../../src/renderers/radiance/plan.ts';
import { readPrinted } from '../../../../src/renderers/radiance/printed.ts';
import { noRadiance } from '../../../../src/renderers/radiance/radiance.ts';
import { readRif } from '../../../../src/renderers/radiance/rif.ts';
import { understand } from '../../../../src/renderers/radiance/understood.ts';
import { fixtureInput, fixtureNames, planFrom, planOf } from '../../../support/rad-fixtures.ts';

const frozen = (modified: number) => ({ modified, frozen: true, is: 'radiance' as const });
const shape = (plan: Plan): string[] =>
  plan.tasks.map(
    (task) => `${task.number} ${task.step} ${task.name}${task.after.length > 0 ? ` after ${task.after}` : ''}`,
  );
const said = (deed: Deed): string => {
  if (deed.do === 'remove' || deed.do === 'guard') return `${deed.do} ${deed.path}`;
  if (deed.do === 'rename') return `rename ${deed.from} ${deed.to}`;
  const to = 'path' in deed.stdout ? deed.stdout.path : deed.stdout.to;
  return `${deed.program} ${deed.args.join(' ')} > ${to}`;
};
const deeds = (plan: Plan, name: string): string[] =>
  task(plan, name)
    .deeds.filter((deed) => deed.do !== 'guard')
    .map(said);
const guarded = (plan: Plan, name: string): string[] =>
  task(plan, name).deeds.flatMap((deed) => (deed.do === 'guard' ? [deed.path] : []));
const task = (plan: Plan, name: string): TaskPlan => {
  const found = plan.tasks.find((each) => each.name === name);
  if (found === undefined) throw new Error(`no task ${name}: ${shape(plan)}`);
  return found;
};

/** A fixture with a line of rad's print replaced. */
function altered(from: string | RegExp, to: string, name: (typeof fixtureNames)[number] = 'room'): PlanInput {
  const input = fixtureInput(name);
  const printed = input.printed.replace(from, to);
  if (printed === input.printed) throw new Error(`nothing was altered by ${from}`);
  return { ...input, printed };
}

describe('the plan of a room with two views', () => {
  const plan = planOf('room');

  it('is an octree, one overture, and each view with its filter', () => {
    expect(shape(plan)).to.deep.equal([
      '1 octree room.octree',
      '2 overture room.overture after 1',
      '3 view room.inside after 2',
      '4 filter room.inside.filter after 3',
      '5 view room.top after 2',
      '6 filter room.top.filter after 5',
    ]);
    expect(plan.views).to.deep.equal(['inside', 'top']);
    expect(plan.notes).to.deep.equal([]);
  });

  it('freezes the octree under a temporary name', () => {
    expect(deeds(plan, 'room.octree')).to.deep.equal([
      'oconv -f materials.rad scene/room.rad scene/lamp.rad scene/box.rad > octrees/room.oct.part',
      'rename octrees/room.oct.part octrees/room.oct',
    ]);
    const octree = task(plan, 'room.octree');
    expect(octree.holds).to.deep.equal(['octree:octrees/room.oct']);
    expect(octree.unless).to.deep.equal({
      output: 'octrees/room.oct',
      inputs: ['materials.rad', 'scene/room.rad', 'scene/lamp.rad', 'scene/box.rad'],
    });
    expect(octree.litter).to.deep.equal(['octrees/room.oct.part']);
    expect(octree.directories).to.have.members(['logfiles', 'proc', 'octrees']);
  });

  it('renders with our reports into the raw picture', () => {
    const [render] = deeds(plan, 'room.inside');
    expect(render).to.match(
      /^rpict -t 1 -vf views\/inside\.vf -x 256 -y 192 -dp 512 .* -pt \.08 -af ambfiles\/room\.amb octrees\/room\.oct > images\/room_inside\.unf$/,
    );
    const view = task(plan, 'room.inside');
    expect(view.holds).to.deep.equal(['view:images/room_inside.hdr']);
    expect(view.directories).to.have.members(['logfiles', 'proc', 'images', 'ambfiles']);
    const halves = ['images/room_inside.unf.aside', 'proc/room.inside.partial'];
    expect(view.litter).to.deep.equal(['images/room_inside.unf', ...halves]);
    expect(view.afterwards, 'the raw picture is for the filter').to.deep.equal([...halves, 'proc/room.inside.pid']);
    const [aside, record] = halves;
    expect(view.deeds.at(-1)).to.deep.include({
      stdout: { to: 'picture', path: 'images/room_inside.unf', aside, record, inputs: ['views/inside.vf'] },
    });
    expect(view.makes).to.deep.equal([]);
  });

  it('has an overture that shows nothing', () => {
    const [overture] = deeds(plan, 'room.overture');
    expect(overture).to.match(/^rpict -t 1 .* -x 64 -y 64 -ps 1 -af ambfiles\/room\.amb octrees\/room\.oct > null$/);
    expect(task(plan, 'room.overture').holds).to.deep.equal([]);
  });

  it('filters under a temporary name, and needs the raw picture until that is on disk', () => {
    expect(deeds(plan, 'room.top.filter')).to.deep.equal([
      'pfilt -r .6 -x /2 -y /2 images/room_top.unf > images/room_top.hdr.part',
      'rename images/room_top.hdr.part images/room_top.hdr',
    ]);
    expect(task(plan, 'room.top.filter').afterwards).to.deep.equal(['images/room_top.unf']);
    expect(task(plan, 'room.top.filter').makes).to.deep.equal(['images/room_top.hdr']);
  });

  it('can be of one view', () => {
    const one = planOf('room', { views: ['top', 'top'] });
    expect(one.views).to.deep.equal(['top']);
    expect(shape(one)).to.have.lengthOf(4);
    expect(task(one, 'room.overture').view).to.equal('top');
  });

  it('refuses a view that there is not', () => {
    expect(() => planOf('room', { views: ['inside', 'nowhere'] })).to.throw(
      Refusal,
      'Unknown view "nowhere". This project has: inside, top.',
    );
  });
});

describe('what is up to date', () => {
  const octree = { 'octrees/room.oct': frozen(20) };
  const all = { ...octree, 'images/room_inside.hdr': 30, 'images/room_top.hdr': 20, 'ambfiles/room.amb': 25 };

  it('is not made again, and that is said', () => {
    const plan = planOf('room', { files: all });
    expect(plan).to.deep.equal({
      tasks: [],
      notes: [
        'View "inside" is up to date (--force makes it again).',
        'View "top" is up to date (--force makes it again).',
      ],
      views: [],
    });
  });

  it('is made again by force, with the octree that is there', () => {
    const plan = planOf('room', { files: all, force: true });
    expect(shape(plan)).to.deep.equal([
      '1 octree room.octree',
      '2 overture room.overture after 1',
      '3 view room.inside after 2',
      '4 filter room.inside.filter after 3',
      '5 view room.top after 2',
      '6 filter room.top.filter after 5',
    ]);
    expect(task(plan, 'room.octree').weight).to.equal(0);
    expect(task(plan, 'room.octree').unless).not.to.be.null;
  });

  it('is left where only another view is old', () => {
    const plan = planOf('room', { files: { ...all, 'images/room_top.hdr': 19 } });
    expect(plan.views).to.deep.equal(['top']);
    expect(plan.notes).to.deep.equal(['View "inside" is up to date (--force makes it again).']);
  });

  it('is nothing once a scene file is newer than the octree', () => {
    for (const file of ['materials.rad', 'scene/box.rad', 'scene/lamp.rad']) {
      const plan = planOf('room', { files: { ...all, [file]: 21 } });
      expect(plan.views, file).to.deep.equal(['inside', 'top']);
      expect(task(plan, 'room.octree').weight).to.equal(2);
      expect(shape(plan)[1]).to.equal('2 overture room.overture after 1');
    }
  });

  it('counts pictures of an octree that is not frozen, but freezes it to render', () => {
    const plain = { ...all, 'octrees/room.oct': 20 };
    expect(planOf('room', { files: plain }).tasks).to.deep.equal([]);
    const plan = planOf('room', { files: { ...plain, 'images/room_top.hdr': 1 } });
    expect(plan.views).to.deep.equal(['top']);
    expect(task(plan, 'room.octree').weight).to.equal(2);
  });

  it('does not depend on the ambient file: whether its values are of this octree is seen when it is used', () => {
    const plans = [19, 25, null].map((time) =>
      planOf('room', { force: true, files: { ...all, 'ambfiles/room.amb': time } }),
    );
    expect(plans[0]).to.deep.equal(plans[1]);
    expect(plans[0]).to.deep.equal(plans[2]);
  });
});

describe('a library outside the project', () => {
  const input = fixtureInput('room');
  const library = '/usr/share/radiance/materials.rad';
  const elsewhere: PlanInput = {
    ...input,
    rif: { ...input.rif, materials: [library] },
    printed: input.printed.replaceAll(/(?<=materials= |oconv )materials\.rad/g, library),
  };
  const files = { 'octrees/room.oct': frozen(20), 'images/room_inside.hdr': 30, 'images/room_top.hdr': 30 };

  it('makes the octree old when it is newer, whatever is seen later', () => {
    const plan = planFrom(elsewhere, { files: { ...files, [library]: 21 } });
    expect(plan.views).to.deep.equal(['inside', 'top']);
    expect(task(plan, 'room.octree').unless).to.be.null;
  });

  it('is not looked at by those who stay in the project', () => {
    const plan = planFrom(elsewhere, { force: true, files });
    expect(task(plan, 'room.octree').unless?.inputs).to.deep.equal([
      ...['scene/room.rad', 'scene/lamp.rad', 'scene/box.rad'],
    ]);
    expect(deeds(plan, 'room.octree')[0]).to.include(`oconv -f ${library} scene/room.rad`);
  });

  it('does not make the octree old when it is older or cannot be seen', () => {
    for (const time of [null, 19]) {
      expect(planFrom(elsewhere, { files: { ...files, [library]: time } }).tasks).to.deep.equal([]);
    }
  });
});

describe('plans of other kinds', () => {
  it('plain: no zone, no view, no overture, no ambient file', () => {
    const plan = planOf('plain');
    expect(shape(plan)).to.deep.equal([
      '1 octree plain.octree',
      '2 view plain.X after 1',
      '3 filter plain.X.filter after 2',
    ]);
    expect(task(plan, 'plain.X').holds).to.deep.equal(['view:plain_X.hdr']);
    expect(deeds(plan, 'plain.X.filter')[0]).to.equal('pfilt plain_X.unf > plain_X.hdr.part');
  });

  it('high: standard views, a view by its number, one named twice, reports of rad replaced', () => {
    const plan = planOf('high');
    expect(plan.views).to.deep.equal(['XYl', 'y', '3']);
    const [render] = deeds(plan, 'high.3');
    expect(render).to.match(
      /^rpict -t 1 -vf views\/inside\.vf -x 48 -y 36 -pa 1\.200 .* -ab 0 -ae wall -ps 1 -pt \.04 -pj \.5 high\.oct > high_3\.unf$/,
    );
    expect(render?.match(/ -t /g)).to.have.lengthOf(1);
    expect(deeds(plan, 'high.octree')[0]).to.equal(
      'oconv -f -n 5 -w materials.rad scene/room.rad scene/lamp.rad > high.oct.part',
    );
    expect(deeds(plan, 'high.y.filter')[0]).to.equal(
      'pfilt -1 -e -2 -m .25 -b -x /3 -y /3 high_y.unf > high_y.hdr.part',
    );
  });

  it('illum: the whole chain, options from files, distances', () => {
    const plan = planOf('illum');
    expect(deeds(plan, 'illum.octree')).to.deep.equal([
      'oconv materials.rad scene/room.rad scene/lamp.rad > octrees/illum.oct.part',
      'rename octrees/illum.oct.part octrees/illum.oct',
      'oconv -i octrees/illum.oct scene/window.rad > octrees/illum0.oct',
      'mkillum -ab 1 -ad 64 -as 0 octrees/illum0.oct < scene/window.rad > octrees/illum1.oct.illum',
      'remove octrees/illum0.oct',
      'oconv -f -i octrees/illum.oct octrees/illum1.oct.illum > octrees/illum1.oct.part',
      'rename octrees/illum1.oct.part octrees/illum1.oct',
      'remove octrees/illum1.oct.illum',
    ]);
    const octree = task(plan, 'illum.octree');
    expect(octree.unless?.output).to.equal('octrees/illum1.oct');
    expect(octree.unless?.inputs).to.include('scene/window.rad');
    expect(octree.litter).to.have.members([
      ...['octrees/illum.oct.part', 'octrees/illum0.oct', 'octrees/illum1.oct.illum', 'octrees/illum1.oct.part'],
    ]);
    const [render] = deeds(plan, 'illum.inside');
    expect(render).to.include(' -x 48 -y 48 -dp 512 -ar 40 ').and.to.include(' -lw 1e-4 -aw 8 -w+ -ps 6 ');
    expect(render).to.include(
      ' -z numeric/illum_inside.zbf -af illum.amb octrees/illum1.oct > images/illum_inside.unf',
    );
    expect(task(plan, 'illum.inside').makes).to.deep.equal(['numeric/illum_inside.zbf']);
    expect(task(plan, 'illum.inside').directories).to.include.members(['numeric', 'images']);
  });

  it('raw: the raw picture is the result', () => {
    const plan = planOf('raw');
    expect(shape(plan)).to.deep.equal(['1 octree raw.octree', '2 view raw.inside after 1']);
    expect(deeds(plan, 'raw.inside')[1]).to.equal('rename images/raw_inside.unf images/raw_inside.hdr');
    expect(task(plan, 'raw.inside').makes).to.deep.equal(['images/raw_inside.hdr']);
  });

  it('kept: the raw picture stays beside the result', () => {
    const plan = planOf('kept');
    expect(deeds(plan, 'kept.inside.filter')).to.deep.equal([
      'pfilt -r .6 -x /2 -y /2 raw/kept_inside.hdr > images/kept_inside.hdr.part',
      'rename images/kept_inside.hdr.part images/kept_inside.hdr',
    ]);
    expect(task(plan, 'kept.inside').makes).to.deep.equal(['raw/kept_inside.hdr']);
    expect(task(plan, 'kept.inside.filter').makes).to.deep.equal(['images/kept_inside.hdr']);
  });

  it('photons: the map is made with the octree, its number of processes is ours', () => {
    const plan = planOf('photons');
    expect(deeds(plan, 'photons.octree')).to.deep.equal([
      'remove photons/room.gpm',
      'oconv -f materials.rad scene/room.rad scene/lamp.rad > photons.oct.part',
      'rename photons.oct.part photons.oct',
      'mkpmap -t 1 -apD .1 -apM 8 -fo+ -apg photons/room.gpm 2k photons.oct > log',
    ]);
    expect(task(plan, 'photons.octree').litter).to.include('photons/room.gpm');
    expect(task(plan, 'photons.octree').directories).to.include('photons');
    expect(task(plan, 'photons.octree').unless).to.be.null;
    expect(deeds(plan, 'photons.inside')[0]).to.include(' -ap photons/room.gpm 20 -dp ');
    const files = { 'photons.oct': frozen(20), 'photons/room.gpm': 21, 'photons_inside.hdr': 22 };
    expect(planOf('photons', { files }).tasks).to.deep.equal([]);
    expect(planOf('photons', { files, force: true }).tasks[0]?.unless).not.to.be.null;
    expect(planOf('photons', { files: { ...files, 'photons/room.gpm': 19 } }).tasks[0]?.unless).to.be.null;
  });

  it('octree: one that is given is rendered as it is', () => {
    const plan = planOf('octree', { files: { 'octrees/ready.oct': 20 } });
    expect(filesToLookAt(readUnderstood(fixtureInput('octree')), fixtureInput('octree').rif)).to.include(
      'octrees/ready.oct',
    );
    expect(shape(plan)).to.deep.equal(['1 view octree.inside', '2 filter octree.inside.filter after 1']);
    expect(planOf('octree', { files: { 'octrees/ready.oct': 20, 'octree_inside.hdr': 20 } }).tasks).to.deep.equal([]);
  });

  it('odd: line ends of Windows, shortened names, values over several lines', () => {
    const plan = planOf('odd');
    expect(plan.views).to.deep.equal(['inside', 'top']);
    expect(deeds(plan, 'odd.top')[0]).to.match(
      /^rpict -t 1 -vtl -vp 2 1\.5 2\.4 -vd 0 0 -1 -vu 0 1 0 -vh 4 -vv 3 -x 24 /,
    );
  });

  it('weighs views by their size', () => {
    const plan = planFrom(altered(/-vv 3 -x 256 -y 192/, '-vv 3 -x 768 -y 192'));
    expect([task(plan, 'room.inside').weight, task(plan, 'room.top').weight]).to.deep.equal([50, 150]);
  });

  it('keeps the logs of a view called octree and of the octree apart', () => {
    const input = fixtureInput('plain');
    const rif = { ...input.rif, views: ['octree'] };
    const plan = planFrom({ ...input, rif, printed: input.printed.replaceAll('pic_X.', 'pic_octree.') });
    expect(plan.tasks.map(({ name }) => name)).to.deep.equal(['plain.octree', 'plain.octree_', 'plain.octree.filter']);
  });

  for (const name of fixtureNames) {
    it(`${name}: every path is relative and tidy, every task comes after those that it waits for`, () => {
      for (const { number, after, deeds: done, litter, makes, directories, unless } of planOf(name).tasks) {
        const written = done.flatMap((deed) =>
          deed.do === 'run'
            ? 'path' in deed.stdout
              ? [deed.stdout.path]
              : []
            : deed.do === 'rename'
              ? [deed.from, deed.to]
              : [deed.path],
        );
        const paths = [
          ...written,
          ...litter,
          ...makes,
          ...directories,
          ...(unless === null ? [] : [unless.output, ...unless.inputs]),
        ];
        for (const path of paths) expect(path).to.match(/^(?!\/)(?!.*(^|\/)\.{0,2}(\/|$)).+$/);
        for (const path of paths) expect(path).not.to.include('proc/plan-');
        expect(Math.max(0, ...after)).to.be.lessThan(number);
      }
    });
  }
});

describe("what is refused in rad's commands", () => {
  const cases: [string, string | RegExp, string, string][] = [
    [
      'an output of rpict elsewhere',
      '-lr 8',
      '-o /etc/x -lr 8',
      'rpict\'s option "-o" is not allowed, where the output goes is not up to it',
    ],
    ['a picture that is gone on with', '-lr 8', '-ro x.unf -lr 8', 'option "-ro" is not allowed'],
    ['messages elsewhere', '-lr 8', '-e /etc/x -lr 8', 'option "-e" is not allowed, messages go to the log'],
    ['a process that stays', '-lr 8', '-PP x -lr 8', 'option "-PP" is not allowed, no process may stay behind'],
    ['a sequence of pictures', '-lr 8', '-S 1 -lr 8', 'option "-S" is not allowed, one picture is made at a time'],
    ['an unknown option', '-lr 8', '-q -lr 8', 'option "-q" is not allowed, it is not known'],
    ['an option of every object', '-lr 8', '-constructor', 'option "-constructor" is not allowed, it is not known'],
    [
      'an ambient file outside',
      '-af ambfiles/room.amb',
      '-af /etc/x',
      'room.rif: rpict\'s -af is "/etc/x": that lies outside the project.',
    ],
    ['an ambient file above', '-af ambfiles/room.amb', '-af ../x', '".." is not allowed there'],
    ['distances outside', '-lr 8', '-z /etc/x -lr 8', '"/etc/x": that lies outside the project'],
    ['an option for a value', '-lr 8', '-lr -o', 'option "-lr" cannot have the value "-o"'],
    ['a missing value', /\tpfilt .*unf > /, '\tpfilt -r > ', 'option "-r" cannot have the value ""'],
    ['an output of pfilt', /\tpfilt /, '\tpfilt -o x ', 'pfilt\'s option "-o" is not allowed'],
    ['an option that is glued to its value', /\tpfilt /, '\tpfilt -r.6 ', 'option "-r.6" is not allowed'],
    ['standard input of oconv', /\toconv /, '\toconv - ', 'oconv\'s option "-" is not allowed'],
    ['another program', /\trpict /, '\trpict2 ', '"rpict2" is not one of oconv'],
    ['a program by its path', /\trpict /, '\t/usr/bin/rpict ', '"/usr/bin/rpict" is not one of'],
    ['another output', /pic_top.unf\n\tpfilt/, 'pic_../../top.unf\n\tpfilt', '".." is not allowed there'],
    [
      'an output that is no view',
      /pic_top.unf\n\tpfilt/,
      'pic_other.unf\n\tpfilt',
      'its output is not the raw picture of a view',
    ],
    ['another octree', '-pt .08 proc/plan-7.all.oct >', '-pt .08 other.oct >', 'it does not render the octree'],
    [
      'two octrees',
      '-pt .08 proc/plan-7.all.oct >',
      '-pt .08 a.oct proc/plan-7.all.oct >',
      'it does not render the octree',
    ],
    ['a word among the options', '-lr 8', 'x -lr 8', 'the option "-lr" stands after the options'],
    [
      'something else removed',
      'rm -f proc/plan-7.pic_top.unf',
      'rm -f scene/room.rad',
      'should be moved or removed there',
    ],
    [
      'something removed with all below it',
      'rm -f proc/plan-7.pic_top.unf',
      'rm -rf proc/plan-7.pic_top.unf',
      '"rm" is not one of',
    ],
    [
      'a raw picture moved elsewhere',
      'rm -f proc/plan-7.pic_top.unf',
      'mv proc/plan-7.pic_top.unf room.rif',
      'should be moved or removed there',
    ],
    [
      'a filter of another picture',
      'pfilt -r .6 -x /2 -y /2 proc/plan-7.pic_top',
      'pfilt -r .6 -x /2 -y /2 proc/plan-7.pic_inside',
      'does not make the picture from the raw picture',
    ],
    ['an octree that goes nowhere', ' > proc/plan-7.all.oct', '', 'it has no output file'],
    ['an option file that was not read', '-lr 8', '@more.opt -lr 8', 'the option file "more.opt" cannot be read'],
    ['a variable of the environment', '-lr 8', '$OPTIONS -lr 8', 'contains "$"'],
    ['something moved before the first picture', '\toconv ', '\tmv a b\n\toconv ', 'nothing is to be moved there'],
    ['a picture before the first', '\toconv ', '\tpfilt a > b\n\toconv ', 'there is no picture yet'],
    [
      'an octree among the pictures',
      /(?<=pic_inside\.unf\n)(?=\trpict)/,
      '\toconv a > b\n',
      'it is not expected there',
    ],
    ['two outputs', '.unf\n\tpfilt', '.unf > x\n\tpfilt', 'contains ">"'],
  ];
  for (const [name, from, to, says] of cases) {
    it(name, () => {
      expect(() => planFrom(altered(from, to)))
        .to.throw(Refusal, says)
        .with.property('code', 'plan-refused');
    });
  }

  it('an option file that names another one', () => {
    const input = altered('-lr 8', '@fine.opt -lr 8');
    const optionFiles = new Map([
      ['fine.opt', '-ab 1 @more.opt'],
      ['more.opt', ''],
    ]);
    expect(() => planFrom({ ...input, optionFiles })).to.throw(Refusal, 'the option file "fine.opt" names another one');
  });

  it('an option file with an output in it', () => {
    const input = altered('-lr 8', '@fine.opt -lr 8');
    expect(() => planFrom({ ...input, optionFiles: new Map([['fine.opt', '-o x']]) })).to.throw(Refusal, 'option "-o"');
    expect(() => planFrom({ ...input, optionFiles: new Map([['fine.opt', '-ab 1 | cat']]) })).to.throw(
      Refusal,
      'contains "|"',
    );
  });

  it("a .rif that changed between our reading and rad's", () => {
    expect(() => planFrom(altered('scene/box.rad\n', 'scene/other.rad\n'))).to.throw(
      Refusal,
      'room.rif changed while it was read',
    );
    expect(() => planFrom(altered('OCTREE=proc/plan-7.all.oct', 'OCTREE=octrees/room.oct'))).to.throw(
      Refusal,
      'submit it again',
    );
  });

  it('a view for which rad gives no command', () => {
    const input = altered(/\trpict -vtl.*$/s, '');
    expect(() => planFrom(input))
      .to.throw(Refusal, 'rad has no command for the view "top" of room.rif')
      .with.property('code', 'plan-failed');
    expect(planFrom(input, { views: ['inside'] }).views).to.deep.equal(['inside']);
  });

  it('a print that stops in the middle', () => {
    expect(() => planFrom(altered(/\trm -f proc\/plan-7\.pic_top\.unf\n$/, ''))).to.throw(
      Refusal,
      'should be moved or removed',
    );
    expect(() => planFrom(altered(/\trpict -vtl[^\n]*> proc\/plan-7\.pic_top\.unf.*$/s, ''))).to.throw(Refusal);
  });

  it('values that reach for the scene of somebody else are fine: libraries are only read', () => {
    const plan = planFrom(altered('-lr 8', '-aE /usr/share/exclude.txt -lr 8'));
    expect(deeds(plan, 'room.overture')[0]).to.include('-aE /usr/share/exclude.txt');
  });
});

describe('option files', () => {
  it('are asked for until none is missing', () => {
    const { rif, call, printed, optionFiles } = fixtureInput('illum');
    const own = call.optionFile ?? '';
    expect(optionFilesToRead(printed, rif, call, new Map())).to.deep.equal([own]);
    expect(optionFilesToRead(printed, rif, call, new Map([[own, optionFiles.get(own) ?? '']]))).to.deep.equal([
      'fine.opt',
    ]);
    expect(optionFilesToRead(printed, rif, call, optionFiles)).to.deep.equal([]);
  });

  for (const name of ['/etc/passwd', '../x', '-x', '', './fine.opt', '/projects/room/fine.opt']) {
    it(`must lie in the project: @${name}`, () => {
      const { rif, call, printed } = altered('-lr 8', `@${name} -lr 8`);
      expect(() => optionFilesToRead(printed, rif, call, new Map())).to.throw(Refusal);
    });
  }
});

describe('the files to look at', () => {
  it('are all that goes into the octree, and all that is written', () => {
    const input = fixtureInput('room');
    expect(filesToLookAt(readUnderstood(input), input.rif)).to.have.members([
      ...['octrees/room.oct', 'materials.rad', 'scene/room.rad', 'scene/lamp.rad', 'scene/box.rad'],
      ...[
        'images/room_inside.unf',
        'images/room_top.unf',
        'images/room_inside.hdr',
        'images/room_top.hdr',
        'ambfiles/room.amb',
      ],
    ]);
  });
});

describe('rad that prints no plan', () => {
  const failures: [number | null, string | null, string, string, string][] = [
    [
      1,
      null,
      'scene/missing.rad: No such file or directory\n',
      'plan-failed',
      'rad cannot plan room.rif: scene/missing.rad: No such file or directory.',
    ],
    [
      1,
      null,
      "rad: illegal value for real variable 'EXPOSURE'\n",
      'plan-failed',
      "rad cannot plan room.rif: illegal value for real variable 'EXPOSURE'.",
    ],
    [
      1,
      null,
      'getbbox: fatal - (bad.rad): bad arguments for polygon "x"\nrad: error reading bounding box from getbbox\n',
      'plan-failed',
      'rad cannot plan room.rif: (bad.rad): bad arguments for polygon "x".',
    ],
    [1, null, '', 'plan-failed', 'rad cannot plan room.rif: it ended with status 1 and said nothing.'],
    [127, null, '', 'no-radiance', noRadiance('rad')],
    [
      null,
      'SIGSEGV',
      '',
      'plan-failed',
      'rad was ended by SIGSEGV while reading room.rif: an option or a name may be too long for it.',
    ],
  ];
  for (const [exit, signal, stderr, code, message] of failures) {
    it(message, () => {
      expect(radFailure('room.rif', exit, signal, stderr)).to.include({ code, message });
    });
  }
});

describe('what rad prints', () => {
  it('is variables and commands; long values go over several lines', () => {
    const text = [
      'scene= a.rad',
      'scene=b.rad',
      'view= a -vp 0 0 0 \\',
      '\t-vd 0 0 1',
      'view= b -vp 1',
      '1 1',
      '\toconv a.rad > x',
      '\trpict -vp 1',
      '1 1 x',
      '',
    ].join('\n');
    const { variables, commands } = readPrinted(text);
    expect(variables.get('scene')).to.deep.equal(['a.rad', 'b.rad']);
    expect(variables.get('view')).to.deep.equal(['a -vp 0 0 0 -vd 0 0 1', 'b -vp 1 1 1']);
    expect(commands).to.deep.equal(['oconv a.rad > x', 'rpict -vp 1 1 1 x']);
  });
});

describe('what a job writes', () => {
  const room = (variable: string, value: string): PlanInput => {
    const input = fixtureInput('room');
    const rif = readRif(`${roomText}\n${variable}= ${value}\n`, { rif: 'room.rif', set: [] }, input.rif.directory);
    return { ...input, rif };
  };
  const roomText =
    'materials= materials.rad\nscene= scene/room.rad scene/lamp.rad\nobjects= scene/box.rad\nOCTREE= octrees/room.oct\nPICTURE= images/room\nAMBFILE= ambfiles/room.amb\nview= inside -vf views/inside.vf\nview= top -vf views/top.vf';
  const facts: Record<string, 'other' | 'directory' | 'empty'> = {};
  const judge = (variable: string, value: string): string => {
    const { rif, call } = room(variable, value);
    const octree = rif.octree;
    const commands = [
      `\toconv materials.rad > ${call.octree}`,
      `\trpict -vf views/inside.vf -af ${rif.ambient} ${call.octree} > ${call.picture}_inside.unf`,
      `\tpfilt ${call.picture}_inside.unf > ${call.picture}_inside.hdr`,
      `\trm -f ${call.picture}_inside.unf`,
    ].join('\n');
    try {
      const understood = understand({ ...readPrinted(commands) }, rif, call, { contents: new Map(), outer: null });
      requireSeparate(understood, rif);
      const fact = (path: string) => (facts[path] ? { modified: 1, frozen: false, is: facts[path] } : null);
      requireOverwritable(understood, rif, fact);
      return `fine ${octree}`;
    } catch (error) {
      return (error as Error).message;
    }
  };

  for (const [variable, value, says] of [
    ['OCTREE', 'scene/room.rad', '"scene/room.rad" cannot be the octree: it goes into the simulation, too.'],
    ['OCTREE', './scene//room.rad', 'cannot be the octree: it goes into the simulation, too.'],
    ['OCTREE', 'room.rif', '"room.rif" cannot be the octree: it goes into the simulation, too.'],
    ['OCTREE', 'views/inside.vf', 'cannot be the octree: it goes into the simulation, too.'],
    ['OCTREE', 'images/room_inside.hdr', 'cannot be the picture: it is the octree already.'],
    ['OCTREE', 'proc/x.oct', 'cannot be the octree: it lies in "proc", which is not for results.'],
    ['OCTREE', '.git/x', 'cannot be the octree: it lies in ".git", which is not for results.'],
    ['AMBFILE', 'materials.rad', 'cannot be the ambient file: it goes into the simulation, too.'],
    ['AMBFILE', 'octrees/room.oct', 'cannot be the ambient file: it is the octree already.'],
    ['PICTURE', 'logfiles/room', 'cannot be the raw picture: it lies in "logfiles", which is not for results.'],
  ] as const) {
    it(`is not ${variable}= ${value}`, () => expect(judge(variable, value)).to.include(says));
  }

  it("does not replace a file that is not Radiance's, such as one that a scene includes", () => {
    facts['parts/chair.rad'] = 'other';
    expect(judge('OCTREE', 'parts/chair.rad')).to.equal(
      'room.rif: "parts/chair.rad" cannot be the octree: it is there and no file of Radiance: it is not overwritten.',
    );
  });

  it('does not wait for the whole rendering to find a directory in the way', () => {
    facts['images/other_inside.hdr'] = 'directory';
    expect(judge('PICTURE', 'images/other')).to.include(
      '"images/other_inside.hdr" cannot be the picture: it is a directory.',
    );
  });

  it('may be an empty file', () => {
    facts['octrees/empty.oct'] = 'empty';
    expect(judge('OCTREE', 'octrees/empty.oct')).to.equal('fine octrees/empty.oct');
  });

  it('is guarded where a program opens it by its name', () => {
    for (const name of ['room.overture', 'room.inside']) {
      expect(guarded(planOf('room'), name)).to.deep.equal(['ambfiles/room.amb']);
    }
  });
});
