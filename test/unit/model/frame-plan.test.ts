import { expect } from 'chai';
import fc from 'fast-check';
import { Value } from 'typebox/value';
import { framePlan, nameOf } from '../../../src/model/frame-plan.ts';
import type { CommandRequest } from '../../../src/model/job.ts';
import { TaskPlan } from '../../../src/model/task.ts';

const request: CommandRequest = {
  kind: 'command',
  command: ['/usr/bin/povray', '+Iscene.pov', '+K%d', '+Oout.%04d.png'],
  frames: '5-7',
  slots: null,
};

describe('the plan of a frame', () => {
  it('runs the program with its arguments for this frame, without a shell, into its log', () => {
    const plan = framePlan(12, request, 2, 6);
    expect(plan.deeds).to.deep.equal([
      {
        do: 'run',
        program: '/usr/bin/povray',
        args: ['+Iscene.pov', '+K6', '+Oout.0006.png'],
        stdin: null,
        stdout: { to: 'log' },
        ambient: null,
      },
    ]);
    expect(plan).to.deep.include({
      number: 2,
      step: 'frame',
      name: 'povray-12.0006',
      view: null,
      after: [],
      holds: [],
    });
    expect(Value.Check(TaskPlan, plan)).to.equal(true);
  });
  it('leaves % in arguments alone where there are no frames', () => {
    const plan = framePlan(12, { ...request, frames: null }, 1, null);
    expect(plan.deeds[0]).to.deep.include({ args: ['+Iscene.pov', '+K%d', '+Oout.%04d.png'] });
    expect(plan.name).to.equal('povray-12');
  });
  it('knows the ambient file of rpict and rtrace', () => {
    const ambientIn = (...command: string[]) => {
      const [deed] = framePlan(12, { ...request, command }, 1, 7).deeds;
      return deed?.do === 'run' ? deed.ambient : 'nothing runs';
    };
    const shared = { octree: 'a/room.oct', inputs: [], use: 'shared', filledBy: null, onlyCold: false };
    expect(ambientIn('rpict', '-ab', '2', '-af', './b/%03d.amb', 'a/room.oct')).to.deep.equal({
      ...shared,
      path: 'b/007.amb',
    });
    expect(ambientIn('/opt/bin/rtrace', '-af', 'x', '-af', 'y', 'a//room.oct')).to.deep.equal({ ...shared, path: 'y' });
    for (const words of [
      'rpict -ab 2 room.oct',
      'rpict room.oct -af x',
      'rpict -af x',
      'rpict -af x @options room.oct',
      'rpict -af /tmp/x room.oct',
      'rpict -af a/../../x room.oct',
      'rpict -af x ../room.oct',
      'rpict -af x -h',
      'rpict -af x a/',
      'rpict -af x .',
      'rcontrib -af x room.oct',
    ])
      expect(ambientIn(...words.split(' ')), words).to.equal(null);
  });
  it('has a name of its own for every frame', () => {
    const frames = [-1000, -12, -1, 0, 1, 11, 111, 1111, 11_111, 2_147_483_647];
    const names = frames.map((frame, index) => framePlan(1, request, index + 1, frame).name);
    expect(new Set(names).size).to.equal(frames.length);
  });
});

describe('the name of a program in file names', () => {
  for (const [program, expected] of [
    ['povray', 'povray'],
    ['/usr/bin/blender', 'blender'],
    ['./my tool.sh', 'my_tool_sh'],
    ['/opt/render/', 'program'],
    ['', 'program'],
    ['..', '__'],
    ['öl', '_l'],
  ] as const) {
    it(`is made from its last part: "${program}" > "${expected}"`, () => {
      expect(nameOf(program)).to.equal(expected);
    });
  }
  it('is short, and has no character that means anything, whatever the program is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (program) => {
        expect(nameOf(program)).to.match(/^[A-Za-z0-9_+-]{1,60}$/);
      }),
    );
  });
});
