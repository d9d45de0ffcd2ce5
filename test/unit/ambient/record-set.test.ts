import { expect } from 'chai';
import { RecordSet } from '../../../src/ambient/record-set.ts';
import { ambientRecords } from '../../support/ambient.ts';
import { Chance } from '../../support/chance.ts';

describe('records that have been seen', () => {
  const view = (bytes: Buffer) => new DataView(bytes.buffer, bytes.byteOffset, bytes.length);

  it('are known when they come again, wherever they lie', () => {
    const count = 20_000;
    const set = new RecordSet(count);
    const bytes = ambientRecords(count);
    const add = (of: DataView, shift: number) => {
      let fresh = 0;
      for (let number = 0; number < count; number += 1) fresh += Number(set.add(of, shift + number * 67, 67));
      return fresh;
    };
    expect(add(view(bytes), 0)).to.equal(count);
    expect(add(view(Buffer.concat([Buffer.alloc(3), bytes])), 3)).to.equal(0);
  });

  it('are told apart by any one byte, whatever their length', () => {
    const chance = new Chance(64);
    for (const length of [67, 68, 69, 70, 88]) {
      const bytes = Buffer.from(Array.from({ length }, () => chance.below(256)));
      const set = new RecordSet(1 + 8 * length);
      expect(set.add(view(bytes), 0, length)).to.equal(true);
      for (let bit = 0; bit < 8 * length; bit += 1) {
        const other = Buffer.from(bytes);
        other[bit >> 3] = (other[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(set.add(view(other), 0, length), `${length} bytes, bit ${bit}`).to.equal(true);
      }
    }
  });

  it('fit as many as were said, and of none there is nothing', () => {
    const set = new RecordSet(0);
    const nothing = view(Buffer.alloc(67));
    expect([set.add(nothing, 0, 67), set.add(nothing, 0, 67)]).to.deep.equal([true, false]);
  });
});
