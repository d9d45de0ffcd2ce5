import { expect } from 'chai';
import fc from 'fast-check';
import { type AmbientHeader, longestHeader, type NoHeader, readHeader } from '../../../src/ambient/header.ts';
import { ambientHeader, ambientRecord, usualCommand } from '../../support/ambient.ts';

describe('the header of an ambient file', () => {
  const format = 'FORMAT=Radiance_ambval';
  const header = (lines: string[] = [], magic = 561) => readHeader(ambientHeader(lines, magic)) as AmbientHeader;
  const problem = (bytes: Buffer) => readHeader(bytes) as NoHeader;

  it('says who made it, and where the records begin', () => {
    const bytes = ambientHeader();
    expect(readHeader(Buffer.concat([bytes, ambientRecord()]))).to.deep.equal({
      command: usualCommand,
      software: 'RADIANCE 6.0a',
      components: 3,
      start: bytes.length,
      recordBytes: 67,
    });
  });

  it('has three colours and no version where an older Radiance wrote it', () => {
    expect(header(['rpict -ab 1 room.oct', format])).to.deep.include({
      components: 3,
      recordBytes: 67,
      software: null,
    });
  });

  it('has as many colours as NCOMP says', () => {
    expect(header(['NCOMP=8', format])).to.include({ components: 8, recordBytes: 72, command: '' });
    expect(header(['NCOMP= 24', format])).to.include({ components: 24 });
    for (const wrong of ['2', '25', '3.5', 'many', '-3'])
      expect(problem(ambientHeader([`NCOMP=${wrong}`, format])).problem).to.equal(
        'This is no ambient file: NCOMP must be 3 to 24.',
      );
  });

  it('takes no other line for the command', () => {
    const lines = ['CAPDATE= 2026:11:22 21:53:31', '\toconv -f room.rad', 'rtrace -ab 2 a=b.oct', 'rpict x', format];
    expect(header(lines).command).to.equal('rtrace -ab 2 a=b.oct');
  });

  it('belongs to an ambient file of this kind only', () => {
    const says = (bytes: Buffer) => [problem(bytes).problem, problem(bytes).incomplete];
    const no = 'This is no ambient file:';
    expect(says(Buffer.from('hello, world\n\n'))).to.deep.equal([`${no} Radiance's header is missing.`, false]);
    expect(says(ambientHeader(['FORMAT=32-bit_rle_rgbe']))).to.deep.equal([
      `${no} its FORMAT is 32-bit_rle_rgbe.`,
      false,
    ]);
    expect(says(ambientHeader(['x']))).to.deep.equal([`${no} its header says no FORMAT.`, false]);
    expect(says(ambientHeader([], 557))).to.deep.equal([
      `${no} its magic number is 557 and not 561, so another version of Radiance made it.`,
      false,
    ]);
    const endless = Buffer.concat([Buffer.from('#?RADIANCE\n'), Buffer.alloc(longestHeader, 'x')]);
    expect(says(endless)).to.deep.equal([`${no} its header has no end.`, false]);
  });

  it('is incomplete wherever it is cut', () => {
    const bytes = ambientHeader();
    for (let length = 0; length < bytes.length; length += 1)
      expect(problem(bytes.subarray(0, length)).incomplete, `${length}`).to.equal(true);
  });

  it('is read or refused with a sentence, whatever the bytes are', () => {
    const parts = fc.constantFrom(
      '#?RADIANCE\n',
      'NCOMP=',
      'FORMAT=',
      'Radiance_ambval',
      '\n',
      '\n\n',
      '3',
      '\x02\x31',
    );
    const text = fc.array(fc.oneof(parts, fc.string()), { maxLength: 12 });
    fc.assert(
      fc.property(text, (some) => {
        const found = readHeader(Buffer.from(some.join(''), 'latin1'));
        if ('problem' in found) expect(found.problem).to.match(/^[A-Z].*\.$/s);
        else expect(found.start).to.be.greaterThan(0);
      }),
    );
  });
});
