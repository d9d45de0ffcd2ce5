import { expect } from 'chai';
import { JobParams, JobsQuery } from '../../../src/protocol/api.ts';
import { readNumbers } from '../../../src/web/numbers.ts';

function read(values: Record<string, unknown>, schema: unknown = JobsQuery): Record<string, unknown> {
  const copy = { ...values };
  readNumbers(copy, schema);
  return copy;
}

describe('numbers in paths and queries', () => {
  it('are read where an integer is wanted', () => {
    expect(read({ limit: '7', before: '12', state: '5' })).to.deep.equal({ limit: 7, before: 12, state: '5' });
    expect(read({ id: '9007199254740991' }, JobParams)).to.deep.equal({ id: Number.MAX_SAFE_INTEGER });
  });

  for (const text of [
    '',
    ' 7',
    '7 ',
    '07',
    '+7',
    '-7',
    '1e3',
    '0x10',
    '7.0',
    '9007199254740992',
    'NaN',
    '٧',
    '1'.repeat(400),
  ])
    it(`leaves "${text.slice(0, 20)}" as it is, for the schema to refuse`, () => {
      expect(read({ limit: text })).to.deep.equal({ limit: text });
    });

  it('are left alone without a schema, and in lists', () => {
    expect(read({ limit: '7' }, null)).to.deep.equal({ limit: '7' });
    expect(read({ limit: ['7', '8'] })).to.deep.equal({ limit: ['7', '8'] });
  });
});
