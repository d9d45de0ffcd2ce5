import { expect } from 'chai';
import fc from 'fast-check';
import { duration, localTime, percent, safe, safeLines, size } from '../../../../src/client/rayctl/text.ts';

describe('what people read', () => {
  it('a terminal gets no control characters from elsewhere', () => {
    expect(safe('a\u001b[31mb\nc\td\u009be\u202ef')).to.equal('a\\x1b[31mb\\x0ac\\x09d\\x9be\\u202ef');
    expect(safeLines('a\n\tb\r\u0007')).to.equal('a\n\tb\\x0d\\x07');
    expect(safe('Küche 厨房 👩‍🍳')).to.equal('Küche 厨房 👩‍🍳');
    expect(safe('\ud800')).to.equal('\\ud800');
  });

  it('nothing that is safe is changed a second time', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => safe(safe(text)) === safe(text)));
  });

  it('100 % is for what is done', () => {
    expect([0, 0.004, 0.29, 0.345, 0.999, 1].map(percent)).to.deep.equal([
      '0 %',
      '0 %',
      '29 %',
      '34 %',
      '99 %',
      '100 %',
    ]);
  });

  it('durations have at most two units', () => {
    const seconds = [0, 20.4, 59.4, 59.6, 90, 3599, 3600, 4800, 86400, 97200];
    const words = ['0 s', '20 s', '59 s', '1 min', '2 min', '1 h', '1 h', '1 h 20 min', '1 d', '1 d 3 h'];
    expect(seconds.map(duration)).to.deep.equal(words);
  });

  it('sizes have two digits', () => {
    const sizes = [0, 1, 999, 1000, 9949, 9950, 3_400_000, 999_600, 12_000_000_000];
    const words = ['0 bytes', '1 byte', '999 bytes', '1.0 kB', '9.9 kB', '10 kB', '3.4 MB', '1.0 MB', '12 GB'];
    expect(sizes.map(size)).to.deep.equal(words);
  });

  it('times are local', () => {
    const date = new Date(2026, 10, 22, 9, 5);
    expect(localTime(date.toISOString())).to.equal('2026-11-22 09:05');
    expect([localTime(null), localTime('never')]).to.deep.equal(['', '']);
  });
});
