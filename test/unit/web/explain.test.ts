import { expect } from 'chai';
import { Refusal, type RefusalCode, refusalCodes } from '../../../src/model/refusal.ts';
import { refusalStatus } from '../../../src/protocol/api.ts';
import { explain } from '../../../src/web/explain.ts';
import { errorView } from '../../../src/web/problem.ts';

describe('an error told to a client', () => {
  for (const code of refusalCodes)
    it(`is ${refusalStatus[code as RefusalCode]} for ${code}`, () => {
      const told = explain(new Refusal(code, 'No.'), {});
      expect(told).to.deep.include({ status: refusalStatus[code as RefusalCode], code, message: 'No.' });
    });

  it('names the job that stands in the way', () => {
    const told = explain(new Refusal('view-busy', 'Job 7 renders it.', 7), {});
    expect(told && errorView(told)).to.deep.equal({
      error: { code: 'view-busy', message: 'Job 7 renders it.', job: 7 },
    });
  });

  it('asks to come again when the server is not ready', () => {
    expect(explain(new Refusal('not-ready', 'Wait.'), {})?.headers).to.deep.equal({ 'Retry-After': '2' });
  });

  it('is none when the error is ours', () => {
    for (const error of [
      new Error('x'),
      new TypeError('y'),
      'text',
      null,
      Object.assign(new Error('z'), { statusCode: 500 }),
    ])
      expect(explain(error, {})).to.equal(null);
  });

  it('keeps the status of a client error it does not know, and not its text', () => {
    const told = explain(Object.assign(new Error('inner text'), { statusCode: 400 }), {});
    expect(told).to.include({ status: 400, code: 'malformed' });
    expect(told?.message).to.not.contain('inner');
  });
});
