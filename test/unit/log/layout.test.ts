import { expect } from 'chai';
import fc from 'fast-check';
import { escapeControls, formatLine } from '../../../src/log/layout.ts';

describe('a line of the log', () => {
  it('has date, time, program, process, level and text', () => {
    const line = formatLine(new Date(1_800_000_000_000), 'rayserver', 32332, 'info', 'Rayserver 32332 running.');
    expect(line).to.match(
      /^2027-01-1[45]T\d\d:\d\d:\d\d[+-]\d\d:\d\d rayserver\[32332\] info: Rayserver 32332 running\.$/,
    );
    expect(new Date(line.slice(0, 25)).getTime()).to.equal(1_800_000_000_000);
  });

  it('shows control characters instead of obeying them', () => {
    expect(escapeControls('a\nb\rc\td\u001b[2Je\u007f\u0085\u202e')).to.equal(
      'a\\nb\\rc\\td\\u001b[2Je\\u007f\\u0085\\u202e',
    );
    expect(escapeControls('P:\\proj')).to.equal('P:\\proj');
  });

  it('is cut where it is longer than anybody reads', () => {
    const line = formatLine(new Date(0), 'rayserver', 1, 'info', `job 7: ${'x'.repeat(100_000)}`);
    expect(line).to.match(/ info: job 7: x+\.\.\.$/);
    expect(line.length).to.be.within(4000, 4100);
  });

  it('is one line, whatever is logged', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(formatLine(new Date(0), 'rayserver', 1, 'warn', text)).to.not.match(/[\u0000-\u001f\u007f]/);
      }),
    );
  });
});
