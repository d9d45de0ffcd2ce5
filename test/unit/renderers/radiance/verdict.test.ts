import { expect } from 'chai';
import { ambientDamage, type Ending, failureOf, warningOf } from '../../../../src/renderers/radiance/verdict.ts';

const ending = (rest: Partial<Ending>): Ending => ({
  program: 'rpict',
  exit: 1,
  signal: null,
  lastLines: [],
  outputEmpty: false,
  ...rest,
});
const report = 'rpict: 0 rays, 0.00% after 0.000u 0.000s 0.000r hours on vm (PID 1)';

describe('how a simulation ended', () => {
  it('well', () => {
    expect(failureOf(ending({ exit: 0 }))).to.be.null;
    expect(failureOf(ending({ exit: 0, outputEmpty: null, lastLines: ['rpict: warning - x'] }))).to.be.null;
  });

  const failures: [Partial<Ending>, string][] = [
    [{ exit: 0, outputEmpty: true }, 'rpict ended without an error but wrote nothing.'],
    [{ exit: null, signal: 'SIGSEGV' }, 'rpict crashed (SIGSEGV).'],
    [{ exit: null, signal: 'SIGKILL' }, 'rpict was killed (SIGKILL); the machine may have run out of memory.'],
    [{ exit: null, signal: 'SIGTERM' }, 'rpict was ended by a signal (SIGTERM).'],
    [{ exit: null, signal: 'SIGXCPU' }, 'rpict used up the processor time that it was allowed (SIGXCPU).'],
    [{ exit: null, signal: 'SIGXFSZ' }, 'rpict wrote more than a file may hold (SIGXFSZ).'],
    [{ exit: 127 }, 'rpict was not found: name the Radiance directory in the settings.'],
    [{ exit: 126 }, 'rpict cannot be executed.'],
    [{ exit: 1, lastLines: [report] }, 'rpict failed with exit status 1 and said nothing.'],
    [{ exit: 3, lastLines: ['rpict: signal - Terminate', report] }, 'rpict was ended by a signal (Terminate).'],
    [
      { exit: 1, lastLines: ['rpict: warning - odd', 'rpict: fatal - view up parallel to view direction', report] },
      'rpict failed: view up parallel to view direction.',
    ],
    [
      { exit: 2, lastLines: ['rpict: system - cannot open view file "nosuch.vf": No such file or directory', report] },
      'rpict failed: cannot open view file "nosuch.vf": No such file or directory.',
    ],
    [
      {
        exit: 2,
        lastLines: ['rpict: system - cannot find function file "rayinit.cal": No such file or directory', report],
      },
      "rpict cannot find Radiance's own files (rayinit.cal): RAYPATH must name its lib directory.",
    ],
    [
      { exit: 1, lastLines: ['rpict: fatal - bad/incompatible ambient file', report] },
      'rpict cannot use the ambient file: it is empty, damaged or of another kind; remove it and try again.',
    ],
    [
      { exit: 2, lastLines: ['rpict: system - fopen failed in ambsync: No such file or directory', report] },
      'The ambient file was removed while rpict used it.',
    ],
    [
      { exit: 2, lastLines: ['rpict: system - cannot (un)lock ambient file: No locks available'] },
      "rpict cannot lock the ambient file: the project's file system has no working locks (cannot (un)lock ambient file: No locks available.)",
    ],
    [
      { exit: 2, lastLines: ['rpict: system - write error in putbar: No space left on device'] },
      'rpict failed: the file system of the project is full.',
    ],
    [
      { program: 'oconv', lastLines: ['oconv: fatal - (bad.rad): undefined modifier "foo"'] },
      'oconv failed: (bad.rad): undefined modifier "foo".',
    ],
    [
      { program: 'oconv', exit: 3, lastLines: ['oconv: internal - set overflow in addobject (x)'] },
      'oconv failed: internal - set overflow in addobject (x).',
    ],
    [{ program: 'pfilt', lastLines: ['pfilt: truncated input (y=3)'] }, 'pfilt failed: truncated input (y=3).'],
    [
      {
        program: 'mkpmap',
        exit: 2,
        lastLines: [
          'internal - global photon map overflow in prepass, reduce -apD',
          'fatal - failed photon distribution',
        ],
      },
      'mkpmap failed: failed photon distribution.',
    ],
    [{ lastLines: ['rpict: warning - only this'] }, 'rpict failed: warning - only this.'],
  ];
  for (const [rest, says] of failures) {
    it(says, () => {
      expect(failureOf(ending(rest))).to.equal(says);
    });
  }

  it('in a sentence of bounded length', () => {
    expect(failureOf(ending({ lastLines: [`rpict: fatal - ${'x'.repeat(5000)}`] }))?.length).to.be.lessThan(330);
  });
});

describe('warnings', () => {
  it('are told with the result', () => {
    expect(warningOf('rpict: warning - no light sources found')).to.equal('rpict: no light sources found');
    expect(warningOf('warning - missing photon lookup bandwidth')).to.equal('missing photon lookup bandwidth');
    expect(warningOf('rpict: ignoring last 10993 values in ambient file (corrupted)')).to.equal(
      'rpict: ignoring last 10993 values in ambient file (corrupted)',
    );
    expect(warningOf(report)).to.be.null;
    expect(warningOf('rpict: fatal - x')).to.be.null;
  });
});

describe('what a program says of its ambient file', () => {
  it('is damage where values of it are lost, or all', () => {
    for (const line of [
      'rpict: warning - ignoring last 10993 values in ambient file (corrupted)',
      'rtrace: warning - ambient file corrupted near character 8174',
      'rpict: fatal - bad/incompatible ambient file',
    ])
      expect(ambientDamage(`${line}\n`)).to.equal(`${line}.`);
  });

  it('is none where it cannot be locked, or is read-only', () => {
    const locks = 'rpict: system - cannot (un)lock ambient file: No locks available';
    expect(ambientDamage(locks)).to.equal(null);
    expect(warningOf(locks)).to.equal(locks);
    expect(ambientDamage('rpict: warning - loaded 788 values from read-only ambient file')).to.equal(null);
  });
});
