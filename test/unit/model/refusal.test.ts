import { expect } from 'chai';
import { Refusal } from '../../../src/model/refusal.ts';

describe('a refusal', () => {
  it('has a sentence for people and a code for programs', () => {
    const refusal = new Refusal('no-such-job', 'No job 7.');
    expect(refusal).to.be.instanceOf(Error);
    expect([refusal.name, refusal.code, refusal.message, refusal.job]).to.deep.equal([
      'Refusal',
      'no-such-job',
      'No job 7.',
      null,
    ]);
  });
  it('may name the job that stands in the way', () => {
    expect(new Refusal('view-busy', 'Job 3 renders this view.', 3).job).to.equal(3);
  });
});
