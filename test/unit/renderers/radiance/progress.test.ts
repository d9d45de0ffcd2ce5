import { expect } from 'chai';
import fc from 'fast-check';
import {
  lastLine,
  longestKeptLine,
  noLines,
  progressOf,
  takeLines,
} from '../../../../src/renderers/radiance/progress.ts';

describe('progress', () => {
  it('is read from the reports of rpict', () => {
    expect(progressOf('rpict: 2400 rays, 0.00% after 0.000u 0.000s 0.001r hours on vm (PID 19296)')).to.equal(0);
    expect(
      progressOf('rpict: 151280 rays, 212 ambient values, 66.67% after 0.004u 0.000s 0.002r hours on a.b (PID 7)'),
    ).to.be.closeTo(0.6667, 1e-9);
    expect(progressOf('rpict: 9 rays, 100.00% after 0.0u 0.0s 0.0r hours on vm (PID 1)\r')).to.equal(1);
  });

  it('is read from those of mkpmap, which may go over the mark', () => {
    expect(
      progressOf('149998 emitted, 300256 global, 100.09% after 0.000u 0.000s 0.000r hours on vm, ETA=0.000h'),
    ).to.equal(1);
    expect(
      progressOf('74990 emitted, 150488 global, 0 caustic, 71.66% after 0.000u 0.000s 0.000r hours on vm, ETA=0.000h'),
    ).to.be.closeTo(0.7166, 1e-9);
  });

  it('is read from those of rcontrib', () => {
    expect(progressOf('12.34% done after 0.123 hours')).to.be.closeTo(0.1234, 1e-9);
    expect(progressOf('rcontrib: 50.00% done after 1.000 hours')).to.equal(0.5);
  });

  it('is in no other line', () => {
    for (const line of ['', 'rpict: fatal - 50% after', '1.2.3% done after 1 hours', 'rpict: signal - Terminate'])
      expect(progressOf(line), line).to.be.null;
  });
});

describe('lines in pieces', () => {
  const taken = (pieces: readonly string[]): string[] => {
    let state = noLines;
    const lines: string[] = [];
    for (const piece of pieces) {
      const step = takeLines(state, piece);
      lines.push(...step.lines);
      state = step.state;
    }
    return [...lines, ...lastLine(state)];
  };

  it('are the same however they are cut', () => {
    const pieces = fc.array(fc.string({ unit: fc.constantFrom('a', 'b', '\n', '%', ' ') }));
    fc.assert(
      fc.property(pieces, (each) => {
        const whole = each.join('').split('\n');
        if (whole.at(-1) === '') whole.pop();
        expect(taken(each)).to.deep.equal(whole);
      }),
    );
  });

  it('keep no more than their bound', () => {
    const long = 'x'.repeat(longestKeptLine - 10);
    expect(taken([long, long, long, 'y\nnext']).map((line) => line.length)).to.deep.equal([longestKeptLine, 4]);
    expect(taken([`${long}${long}\n`])).to.have.lengthOf(1);
    expect(takeLines({ begun: long }, long).state.begun).to.have.lengthOf(longestKeptLine);
  });
});
