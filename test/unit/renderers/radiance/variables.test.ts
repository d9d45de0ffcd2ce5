import { expect } from 'chai';
import fc from 'fast-check';
import { Refusal } from '../../../../src/model/refusal.ts';
import {
  collect,
  lastValue,
  readAssignments,
  readSetting,
  variableNamed,
} from '../../../../src/renderers/radiance/variables.ts';

const read = (text: string): [string, string][] =>
  readAssignments(text, 'room.rif').map(({ variable, value }) => [variable, value]);

describe('a simulation description', () => {
  it('has variables, comments and empty lines', () => {
    expect(read('# room\n\nOCTREE= room.oct # frozen\n  QUALITY =  M  \n')).to.deep.equal([
      ['OCTREE', 'room.oct'],
      ['QUALITY', 'M'],
    ]);
  });

  it('lets names be shortened as rad does, the first of the alphabet wins', () => {
    expect(read('RES= 512\nmat= m.rad\nvi= a -vp 0 0 0\nOCT= x.oct\nPIC= y')).to.deep.equal([
      ['RESOLUTION', '512'],
      ['materials', 'm.rad'],
      ['view', 'a -vp 0 0 0'],
      ['OCTREE', 'x.oct'],
      ['PICTURE', 'y'],
    ]);
    expect(variableNamed('OC')).to.be.null;
    expect(variableNamed('mk')).to.be.null;
    expect(variableNamed('mki')).to.equal('mkillum');
    expect(variableNamed('octree')).to.be.null;
  });

  it('joins lines that end with a backslash and squeezes blanks', () => {
    expect(read('scene= a.rad \\\n    b.rad\t c.rad\nview= top -vp 1 1 1\\\n -vd 0 0 1')).to.deep.equal([
      ['scene', 'a.rad b.rad\tc.rad'],
      ['view', 'top -vp 1 1 1\n-vd 0 0 1'],
    ]);
  });

  it('takes an escaped # for itself', () => {
    expect(read('scene= a\\#1.rad # one')).to.deep.equal([['scene', 'a#1.rad']]);
  });

  it('ignores what has no value, even of unknown variables', () => {
    expect(read('AMBFILE=\nAMBFILE\n= x\nFOO=\n')).to.deep.equal([]);
  });

  it('understands files that were written on Windows', () => {
    expect(read('QUALITY= M\r\nscene= a.rad \\\r\n b.rad\r\n')).to.deep.equal([
      ['QUALITY', 'M'],
      ['scene', 'a.rad b.rad'],
    ]);
  });

  it('names file and line of a variable that rad does not know', () => {
    expect(() => read('# room\nscene= a \\\n b\nFOO= 1')).to.throw(Refusal, 'room.rif:4: unknown variable "FOO".');
  });

  it('refuses a line that rad would cut', () => {
    expect(() => read(`\nscene= ${'a.rad '.repeat(100)}`)).to.throw(Refusal, 'room.rif:2: the line is longer');
  });

  it('can be anything without breaking the reader', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        try {
          return readAssignments(text, 'x.rif').every(({ value }) => value !== '' && value === value.trimEnd());
        } catch (error) {
          return error instanceof Refusal;
        }
      }),
    );
  });
});

describe('a setting of the command line', () => {
  it('is read as rad reads it', () => {
    expect(readSetting('RES', ' 64  64 ')).to.deep.equal({ variable: 'RESOLUTION', value: '64 64' });
    expect(readSetting('OCTREE', '=x.oct').value).to.equal('x.oct');
  });

  it('needs a value, as rad would ignore it', () => {
    expect(() => readSetting('OCTREE', '  ')).to.throw(Refusal, 'No value for OCTREE: rad would ignore it.');
    expect(() => readSetting('OCTREE', '=')).to.throw(Refusal, 'No value for OCTREE');
  });

  it('names a variable of rad', () => {
    expect(() => readSetting('FOO', '1')).to.throw(Refusal, 'rad has no variable "FOO".');
  });
});

describe('the value that counts', () => {
  const values = collect(readAssignments('OCTREE= a.oct\nOCTREE= "b.oct"\nPICTURE= "', 'x.rif'));
  it('is the last, without the quotation marks around it', () => {
    expect(lastValue(values, 'OCTREE')).to.equal('b.oct');
    expect(lastValue(values, 'PICTURE')).to.equal('"');
    expect(lastValue(values, 'RAWFILE')).to.be.null;
  });
});
