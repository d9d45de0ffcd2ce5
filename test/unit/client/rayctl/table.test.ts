import { expect } from 'chai';
import fc from 'fast-check';
import { cut, tableLines, textWidth } from '../../../../src/client/rayctl/table.ts';

describe('a table', () => {
  const columns = [{ head: 'JOB', align: 'right' as const }, { head: 'NAME' }, { head: 'USER' }];

  it('has aligned columns', () => {
    const lines = tableLines(
      columns,
      [
        ['1', 'Küche', 'ann'],
        ['12', '厨房', 'bob'],
      ],
      Number.POSITIVE_INFINITY,
    );
    expect(lines).to.deep.equal(['JOB  NAME   USER', '  1  Küche  ann', ' 12  厨房   bob']);
  });

  it('shows control characters and keeps one line a row', () => {
    const [, line] = tableLines(columns, [['1', 'a\nb\u001b[2J', 'x']], 200);
    expect(line).to.equal('  1  a\\x0ab\\x1b[2J  x');
  });

  it('never is wider than the terminal', () => {
    const row = fc.tuple(fc.string(), fc.string({ unit: 'grapheme' }), fc.string({ unit: 'binary' }));
    fc.assert(
      fc.property(fc.array(row), fc.integer({ min: 1, max: 120 }), (rows, width) => {
        for (const line of tableLines(columns, rows, width)) expect(textWidth(line)).to.be.at.most(width);
      }),
    );
  });

  it('marks where a line is cut', () => {
    expect(cut('abcdef', 4)).to.equal('abc…');
    expect(cut('abcdef', 6)).to.equal('abcdef');
    expect(cut('厨房厨房', 4)).to.equal('厨…');
  });
});
