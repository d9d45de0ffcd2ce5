import { expect } from 'chai';
import { InvalidArgumentError } from 'commander';
import fc from 'fast-check';
import { frameList, jobRanges, seconds, timeLimit } from '../../../../src/client/rayctl/arguments.ts';

describe('the words of the command line', () => {
  it('name jobs one by one, in ranges and in lists', () => {
    const ranges = ['12', '3,7-9'].reduce<ReturnType<typeof jobRanges> | undefined>(
      (all, word) => jobRanges(word, all),
      undefined,
    );
    expect(ranges).to.deep.equal([
      { from: 12, to: 12 },
      { from: 3, to: 3 },
      { from: 7, to: 9 },
    ]);
  });

  it('are refused in a sentence, or understood, whatever they are', () => {
    for (const read of [(word: string) => jobRanges(word, undefined), frameList, seconds, timeLimit]) {
      fc.assert(
        fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[0-9,:.-]{1,12}$/)), (word) => {
          try {
            read(word);
          } catch (error) {
            expect(error).to.be.instanceOf(InvalidArgumentError);
            expect((error as Error).message).to.match(/\.$/);
          }
        }),
        { seed: 4, numRuns: 300 },
      );
    }
  });

  it('give times in seconds, parts of them too', () => {
    expect([seconds('0'), seconds('1.5'), timeLimit('none'), timeLimit('1000000000')]).to.deep.equal([
      0,
      1.5,
      'none',
      1e9,
    ]);
    for (const word of ['', '-1', '1e3', '1000000001', 'ten', '0x10'])
      expect(() => seconds(word)).to.throw(InvalidArgumentError);
    expect(() => timeLimit('0')).to.throw(InvalidArgumentError, 'or none');
  });
});
