import { expect } from 'chai';
import { median, quantile, spread, written } from '../../../bench/figures.ts';
import { noise } from '../../../bench/measure.ts';

describe('figures of the bench', () => {
  it('have a median: the middle one, or the mean of the two in the middle', () => {
    expect(median([3, 1, 2])).to.equal(2);
    expect(median([4, 1, 3, 2])).to.equal(2.5);
    expect(median([])).to.deep.equal(Number.NaN);
  });

  it('have quantiles: the least value that the share does not exceed', () => {
    const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);
    expect(quantile(hundred, 0.99)).to.equal(99);
    expect(quantile(hundred, 0.5)).to.equal(50);
    expect(quantile([7], 0.99)).to.equal(7);
    expect(quantile([], 0.5)).to.deep.equal(Number.NaN);
  });

  it('are written with three digits that count', () => {
    expect([1234567, 150.4, 12.345, 0.02964, Number.NaN].map(written)).to.deep.equal([
      '1,234,567',
      '150',
      '12.3',
      '0.0296',
      '-',
    ]);
  });

  it('are too noisy where the floor varies by more than 15 %', () => {
    expect(spread([1, 1.1, 1.2])).to.be.closeTo(0.18, 0.01);
    expect(noise([1, 1.1, 1.14])).to.equal(null);
    expect(noise([])).to.equal(null);
    expect(noise([1, 1.1, 1.2])).to.match(/^Too noisy: the C floor varied by 18 %/);
  });
});
